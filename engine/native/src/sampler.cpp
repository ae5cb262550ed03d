#include "producergan/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "producergan/platform.hpp"

namespace producergan {

namespace {

constexpr int tick_frames = config::tick_frames;

float gain_of_decibels(float decibels) noexcept { return std::pow(10.0f, decibels / 20.0f); }

const Resampler& shared_resampler() {
    static const Resampler resampler;
    return resampler;
}

} // namespace

Sampler::Sampler() : program_(std::make_shared<Program>(std::vector<Zone>{})), voices_(places) {
    programs_.push_back(program_);
    prepare(sample_rate_);
}

Sampler::~Sampler() = default;

void Sampler::prepare(double sample_rate) {
    if (!(sample_rate >= 8000.0 && sample_rate <= 768000.0))
        throw std::invalid_argument("a sample rate is 8 to 768 kHz");
    shared_resampler();
    sample_rate_ = sample_rate;
    const auto frames = [&](double seconds) { return std::max<std::int64_t>(1, std::llround(seconds * sample_rate)); };
    kill_frames_ = frames(config::kill_seconds);
    swap_frames_ = frames(config::swap_seconds);
    starve_frames_ = frames(config::starve_seconds);
    start_frames_ = frames(config::start_inside_seconds);
    young_frames_ = frames(config::young_seconds);
    residue_frames_ = static_cast<int>(frames(config::residue_seconds));
    smoothing_ = static_cast<float>(1.0 - std::exp(-tick_frames / (config::smoothing_seconds * sample_rate)));
    for (Voice& voice : voices_)
        voice.clear();
    active_count_ = 0;
    clock_ = 0;
    voice_count_ = 0;
    channels_ = {};
    residue_left_.fill(0.0f);
    residue_right_.fill(0.0f);
    residue_at_ = 0;
    master_from_ = master_to_ = gain_of_decibels(program_->get(PlayParam::master_gain_db));
    limiter_.prepare(sample_rate);
}

VoiceContext Sampler::context() const noexcept {
    return {shared_resampler(), sample_rate_, kill_frames_, swap_frames_, starve_frames_, start_frames_, smoothing_};
}

// ---- messages ----------------------------------------------------------------------------------------------------

bool Sampler::send(Command&& command) {
    if (queue_.push(std::move(command)))
        return true;
    counters_.add(Counter::dropped_commands);
    return false;
}

bool Sampler::set_program(ProgramRef program) {
    const std::lock_guard lock(control_);
    if (std::find(programs_.begin(), programs_.end(), program) == programs_.end()) // once, or it is never let go
        programs_.push_back(program);
    for (const ClipSlot& slot : program->table)
        for (const ClipRef& clip : slot.clips)
            if (clip)
                clips_.emplace(clip.get(), clip);
    Command command;
    command.kind = Command::Kind::program;
    command.program = std::move(program);
    return send(std::move(command));
}

bool Sampler::set_clip(int zone, int slot_key, int sibling, ClipRef clip) {
    const std::lock_guard lock(control_);
    clips_.emplace(clip.get(), clip);
    Command command;
    command.kind = Command::Kind::clip;
    command.zone = zone;
    command.slot_key = slot_key;
    command.sibling = sibling;
    command.clip = std::move(clip);
    return send(std::move(command));
}

bool Sampler::set_zone_parameter(int zone, ZoneParam id, float value) {
    const std::lock_guard lock(control_);
    const ParameterInfo& info = zone_parameters[static_cast<std::size_t>(id)];
    Command command;
    command.kind = Command::Kind::zone_parameter;
    command.zone = zone;
    command.parameter = static_cast<int>(id);
    command.value = std::isfinite(value) ? std::clamp(value, info.minimum, info.maximum) : info.default_value;
    return send(std::move(command));
}

bool Sampler::set_play_parameter(PlayParam id, float value) {
    const std::lock_guard lock(control_);
    const ParameterInfo& info = play_parameters[static_cast<std::size_t>(id)];
    Command command;
    command.kind = Command::Kind::play_parameter;
    command.parameter = static_cast<int>(id);
    command.value = std::isfinite(value) ? std::clamp(value, info.minimum, info.maximum) : info.default_value;
    return send(std::move(command));
}

bool Sampler::silence() {
    const std::lock_guard lock(control_);
    Command command;
    command.kind = Command::Kind::silence;
    return send(std::move(command));
}

std::size_t Sampler::collect() {
    const std::lock_guard lock(control_);
    // A count of one is this registry's own: nobody can make another from it but a control thread, and those are held
    // up by the lock. Programs first, since they hold clips.
    std::size_t freed = std::erase_if(programs_, [](const ProgramRef& program) { return program.use_count() == 1; });
    freed += std::erase_if(clips_, [](const auto& entry) { return entry.second.use_count() == 1; });
    return freed;
}

void Sampler::apply(Command& command) noexcept {
    switch (command.kind) {
    case Command::Kind::none:
        break;
    case Command::Kind::program:
        program_ = std::move(command.program);
        if (clock_ == 0) // nothing was heard yet: nothing to ramp from
            master_from_ = master_to_ = gain_of_decibels(program_->get(PlayParam::master_gain_db));
        break;
    case Command::Kind::clip: {
        if (command.zone < 0 || command.zone >= static_cast<int>(program_->zones.size()) || command.slot_key < 0 ||
            command.slot_key >= config::keys || command.sibling < 0 || command.sibling >= config::max_siblings)
            break;
        program_->slot(command.zone, command.slot_key)
            .put(command.sibling, command.clip, program_->zones[static_cast<std::size_t>(command.zone)]);
        each_voice([&](Voice& voice) {
            const Voice::Start& origin = voice.origin();
            if (origin.program == program_ && origin.zone == command.zone && origin.slot_key == command.slot_key &&
                origin.sibling == command.sibling)
                voice.swap(command.clip);
        });
        break;
    }
    case Command::Kind::zone_parameter:
        for (int zone = 0; zone < static_cast<int>(program_->zones.size()); ++zone)
            if (command.zone < 0 || command.zone == zone)
                program_->zones[static_cast<std::size_t>(zone)]
                    .parameters[static_cast<std::size_t>(command.parameter)] = command.value;
        break;
    case Command::Kind::play_parameter:
        program_->play[static_cast<std::size_t>(command.parameter)] = command.value;
        break;
    case Command::Kind::silence:
        each_voice([&](Voice& voice) { voice.kill(kill_frames_); });
        break;
    }
    command.clip.reset();
    command.program.reset();
}

// ---- MIDI --------------------------------------------------------------------------------------------------------

void Sampler::handle(const Event& event) noexcept {
    const int channel = event.status & 0x0f;
    const int only = static_cast<int>(program_->get(PlayParam::channel));
    const int kind = event.status & 0xf0;
    if (event.status < 0x80 || event.data1 > 127 || event.data2 > 127)
        return;
    const bool lets_go = kind == 0x80 || (kind == 0x90 && event.data2 == 0);
    if (only != 0 && channel != only - 1 && !lets_go) // a key that was held when the filter changed is let go
        return;
    switch (kind) {
    case 0x80:
        let_go(channel, event.data1);
        break;
    case 0x90:
        if (event.data2 == 0)
            let_go(channel, event.data1);
        else
            note_on(channel, event.data1, event.data2);
        break;
    case 0xb0:
        if (event.data1 >= 120 || !program_->claimed[event.data1])
            control(channel, event.data1, event.data2);
        break;
    case 0xe0:
        channels_[static_cast<std::size_t>(channel)].pitch_bend(event.data1, event.data2);
        break;
    default:
        break;
    }
}

void Sampler::control(int channel, int controller, int value) noexcept {
    ChannelState& state = channels_[static_cast<std::size_t>(channel)];
    const auto lift_pedal = [&] {
        state.sustain = false;
        each_voice([&](Voice& voice) {
            if (voice.pedal_held && voice.origin().channel == channel)
                voice.release();
        });
    };
    switch (controller) {
    case 64:
        if (value >= 64)
            state.sustain = true;
        else
            lift_pedal();
        break;
    case 120: // all sound off
        each_voice([&](Voice& voice) {
            if (voice.origin().channel == channel)
                voice.kill(kill_frames_);
        });
        break;
    case 121:
        lift_pedal();
        state.reset_controllers();
        break;
    case 123: // all notes off; the mode messages after it mean the same first of all
    case 124:
    case 125:
    case 126:
    case 127:
        let_go(channel, every_key);
        break;
    default:
        state.control(controller, value);
    }
}

/// One key is let go, or with `every_key` all that are held.
void Sampler::let_go(int channel, int key) noexcept {
    const bool sustain = channels_[static_cast<std::size_t>(channel)].sustain;
    each_voice([&](Voice& voice) {
        if (!voice.key_down || voice.origin().channel != channel || (key != every_key && voice.origin().key != key))
            return;
        voice.key_down = false;
        if (sustain)
            voice.pedal_held = true;
        else
            voice.release();
    });
}

void Sampler::note_on(int channel, int key, int velocity) noexcept {
    counters_.add(Counter::notes);
    const auto in_zone = [&](const Zone& zone) { return zone.notes[static_cast<std::size_t>(key)]; };
    // First end what the note ends, so that its own layers do not choke one another.
    each_voice([&](Voice& voice) {
        if (voice.mode() != Mode::one_shot && (voice.key_down || voice.pedal_held) &&
            voice.origin().channel == channel && voice.origin().key == key)
            voice.release();
    });
    for (const Zone& zone : program_->zones)
        if (in_zone(zone))
            choke(static_cast<int>(zone.get(ZoneParam::choke)));
    for (std::size_t zone = 0; zone < program_->zones.size(); ++zone)
        if (in_zone(program_->zones[zone]))
            start_voice(static_cast<int>(zone), channel, key, velocity);
}

void Sampler::choke(int group) noexcept {
    if (group == 0)
        return;
    each_voice([&](Voice& voice) {
        if (static_cast<int>(voice.zone().get(ZoneParam::choke)) == group)
            voice.kill(kill_frames_);
    });
}

// ---- voices ------------------------------------------------------------------------------------------------------

VoiceTargets Sampler::targets(const Zone& zone, int channel, int clip_channels) const noexcept {
    const ChannelState& state = channels_[static_cast<std::size_t>(channel)];
    VoiceTargets result;
    const float gain = gain_of_decibels(zone.get(ZoneParam::gain_db)) * state.volume * state.expression;
    const float pan = std::clamp(zone.get(ZoneParam::pan) + state.pan, -1.0f, 1.0f);
    if (clip_channels == 1) { // equal power, the middle at full level
        const float angle = (pan + 1.0f) * (std::numbers::pi_v<float> / 4.0f);
        result.left = pan == 0.0f ? gain : gain * std::numbers::sqrt2_v<float> * std::cos(angle);
        result.right = pan == 0.0f ? gain : gain * std::numbers::sqrt2_v<float> * std::sin(angle);
    } else { // balance
        result.left = gain * std::min(1.0f, 1.0f - pan);
        result.right = gain * std::min(1.0f, 1.0f + pan);
    }
    result.semitones = static_cast<double>(zone.get(ZoneParam::tune)) +
                       state.bend * state.bend_range(static_cast<double>(program_->get(PlayParam::bend_range)));
    return result;
}

VoiceTargets Sampler::targets(const Voice& voice) const noexcept {
    return targets(voice.zone(), voice.origin().channel, voice.clip()->channel_count());
}

void Sampler::start_voice(int zone_index, int channel, int key, int velocity) noexcept {
    const Zone& zone = program_->zones[static_cast<std::size_t>(zone_index)];
    const int slot_key = zone.slot_key(key);
    ClipSlot& slot = program_->slot(zone_index, slot_key);
    int sibling = -1;
    for (int i = 1; i <= zone.siblings && sibling < 0; ++i) { // round robin over the siblings that have a clip
        const int candidate = (slot.last + i) % zone.siblings;
        if (slot.newest(candidate, zone))
            sibling = candidate;
    }
    if (sibling < 0) {
        counters_.add(Counter::starved);
        return;
    }
    slot.last = sibling;
    make_room();
    const int place = free_place();

    Voice::Start start;
    start.program = program_;
    start.clip = slot.clips[static_cast<std::size_t>(sibling)];
    start.zone = zone_index;
    start.key = key;
    start.slot_key = slot_key;
    start.sibling = sibling;
    start.channel = channel;
    const float track = zone.get(ZoneParam::velocity_track);
    start.velocity_gain =
        1.0f - track + track * std::pow(static_cast<float>(velocity) / 127.0f, zone.get(ZoneParam::velocity_curve));
    start.velocity = static_cast<float>(velocity) / 127.0f;
    start.semitones = zone.shared ? key - zone.root : 0;
    start.id = ++voice_count_;
    start.frame = clock_;
    const VoiceTargets wishes = targets(zone, channel, start.clip->channel_count());
    Voice& voice = voices_[static_cast<std::size_t>(place)];
    voice.start(std::move(start), wishes, context());
    if (const ClipRef& coming = slot.coming[static_cast<std::size_t>(sibling)])
        voice.swap(coming); // it came before the note, its onset has not
    active_[static_cast<std::size_t>(active_count_++)] = place;
}

/// Steals voices until one more fits the polyphony: first released ones, then quiet and old ones, and those that are
/// so young that they may belong to the same chord last of all, the oldest of them first.
void Sampler::make_room() noexcept {
    const int polyphony = std::clamp(static_cast<int>(program_->get(PlayParam::polyphony)), 1, config::max_voices);
    for (;;) {
        int sounding = 0;
        int victim = -1;
        double best = 0.0;
        for (int i = 0; i < active_count_; ++i) {
            const int place = active_[static_cast<std::size_t>(i)];
            const Voice& voice = voices_[static_cast<std::size_t>(place)];
            if (voice.dying)
                continue;
            ++sounding;
            const auto age = static_cast<double>(clock_ - voice.origin().frame);
            double score; // higher is stolen sooner
            if (voice.released())
                score = 2e6;
            else if (age >= static_cast<double>(young_frames_))
                score = 1e6;
            else
                score = 0.0;
            score += age / sample_rate_; // a second of age weighs as much as 6 dB
            if (score >= 1e6)
                score -= 20.0 * std::log10(static_cast<double>(voice.level()) + 1e-6) / 6.0;
            if (victim < 0 || score > best) {
                victim = place;
                best = score;
            }
        }
        if (sounding < polyphony)
            return;
        counters_.add(Counter::steals);
        Voice& stolen = voices_[static_cast<std::size_t>(victim)];
        if (stolen.rendered() == 0)
            end_voice(victim); // has made no sound yet: nothing to fade
        else
            stolen.kill(kill_frames_);
    }
}

/// A place for a new voice. If none is left in the reserve, the quietest dying voice is cut short.
int Sampler::free_place() noexcept {
    int dying = 0, quietest = -1;
    for (int i = 0; i < active_count_; ++i) {
        const int place = active_[static_cast<std::size_t>(i)];
        const Voice& voice = voices_[static_cast<std::size_t>(place)];
        if (!voice.dying)
            continue;
        ++dying;
        if (quietest < 0 || voice.level() < voices_[static_cast<std::size_t>(quietest)].level())
            quietest = place;
    }
    const int polyphony = std::clamp(static_cast<int>(program_->get(PlayParam::polyphony)), 1, config::max_voices);
    if (dying > polyphony || active_count_ == places)
        cut(quietest);
    for (int place = 0; place < places; ++place)
        if (!voices_[static_cast<std::size_t>(place)].active)
            return place;
    return 0; // cannot be: there are twice as many places as sounding voices
}

/// A voice falls silent now; its last frame is faded to nothing over the next millisecond in its stead.
void Sampler::leave_residue(const Voice& voice) noexcept {
    for (int i = 0; i < residue_frames_; ++i) {
        const float share = 1.0f - static_cast<float>(i + 1) / static_cast<float>(residue_frames_ + 1);
        const auto at = static_cast<std::size_t>((residue_at_ + i) & (residue_size - 1));
        residue_left_[at] += voice.last_left * share;
        residue_right_[at] += voice.last_right * share;
    }
}

void Sampler::cut(int place) noexcept {
    leave_residue(voices_[static_cast<std::size_t>(place)]);
    end_voice(place);
}

void Sampler::end_voice(int place) noexcept {
    voices_[static_cast<std::size_t>(place)].clear();
    const auto begin = active_.begin(), end = active_.begin() + active_count_;
    active_count_ = static_cast<int>(std::remove(begin, end, place) - begin);
}

// ---- rendering ---------------------------------------------------------------------------------------------------

void Sampler::tick() noexcept {
    const VoiceContext surroundings = context();
    each_voice([&](Voice& voice) { voice.tick(targets(voice), surroundings); });
    master_from_ = master_to_;
    const float target = gain_of_decibels(program_->get(PlayParam::master_gain_db));
    master_to_ += (target - master_to_) * smoothing_;
    if (std::abs(target - master_to_) < 1e-6f)
        master_to_ = target;
}

bool Sampler::render(float* left, float* right, int frames, int offset) noexcept {
    const VoiceContext surroundings = context();
    for (int i = 0; i < active_count_;) {
        const int place = active_[static_cast<std::size_t>(i)];
        switch (voices_[static_cast<std::size_t>(place)].render(left, right, frames, offset, surroundings)) {
        case Voice::Outcome::sounding:
            ++i;
            break;
        case Voice::Outcome::starved:
            counters_.add(Counter::starved);
            ++i;
            break;
        case Voice::Outcome::dropped:
            counters_.add(Counter::starved);
            leave_residue(voices_[static_cast<std::size_t>(place)]);
            ++i;
            break;
        case Voice::Outcome::not_a_number:
            counters_.add(Counter::muted);
            cut(place);
            break;
        case Voice::Outcome::ended:
            end_voice(place);
            break;
        }
    }
    bool limited = false;
    const bool limit = program_->get(PlayParam::limiter) >= 0.5f;
    const float slope = (master_to_ - master_from_) / tick_frames;
    for (int i = 0; i < frames; ++i) {
        const auto at = static_cast<std::size_t>(residue_at_);
        const float master = master_from_ + slope * static_cast<float>(offset + i);
        left[i] = (left[i] + residue_left_[at]) * master;
        right[i] = (right[i] + residue_right_[at]) * master;
        residue_left_[at] = residue_right_[at] = 0.0f;
        residue_at_ = (residue_at_ + 1) & (residue_size - 1);
        if (limit)
            limited |= limiter_.process(left[i], right[i]);
    }
    return limited;
}

void Sampler::process(const Event* events, int event_count, float* left, float* right, int stride,
                      int frames) noexcept {
    const FlushDenormals flush;
    Command command;
    while (queue_.pop(command))
        apply(command);
    if (event_count > config::max_events) {
        counters_.add(Counter::dropped_events, static_cast<std::uint64_t>(event_count - config::max_events));
        event_count = config::max_events;
    }
    int next = 0;
    bool limited = false;
    for (int frame = 0; frame < frames;) {
        while (next < event_count && events[next].offset <= frame)
            handle(events[next++]);
        const int offset = static_cast<int>(clock_ % tick_frames);
        if (offset == 0)
            tick();
        int count = std::min(frames - frame, tick_frames - offset);
        if (next < event_count)
            count = std::min(count, events[next].offset - frame);
        float segment_left[tick_frames] = {}, segment_right[tick_frames] = {};
        limited |= render(segment_left, segment_right, count, offset);
        for (int i = 0; i < count; ++i) {
            left[(frame + i) * stride] = segment_left[i];
            right[(frame + i) * stride] = segment_right[i];
        }
        frame += count;
        clock_ += count;
    }
    while (next < event_count)
        handle(events[next++]);
    counters_.add(Counter::blocks);
    if (limited)
        counters_.add(Counter::limited_blocks);
    publish();
}

void Sampler::publish() noexcept {
    snapshot_.begin();
    each_voice([&](const Voice& voice) {
        const Voice::Start& origin = voice.origin();
        VoiceReport report;
        report.voice = origin.id;
        report.clip = voice.newest_clip()->id();
        report.position = voice.position();
        report.step = voice.step();
        report.loop_start = voice.loop_start();
        report.loop_end = voice.loop_end();
        report.loop_fade = voice.loop_fade();
        report.zone = static_cast<std::uint8_t>(origin.zone);
        report.key = static_cast<std::uint8_t>(origin.key);
        report.slot_key = static_cast<std::uint8_t>(origin.slot_key);
        report.sibling = static_cast<std::uint8_t>(origin.sibling);
        report.channel = static_cast<std::uint8_t>(origin.channel);
        report.looping = voice.mode() == Mode::loop;
        report.reverse = voice.reverse();
        report.released = voice.released() || voice.dying;
        snapshot_.add(report);
    });
    snapshot_.end(clock_);
}

} // namespace producergan
