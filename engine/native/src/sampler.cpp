#include "producergan/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "producergan/decibels.hpp"
#include "producergan/platform.hpp"
#include "producergan/smoothing.hpp"
#include "producergan/timing.hpp"

namespace producergan {

namespace {

constexpr int tick_frames = config::tick_frames;

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
    const auto frames = [&](double seconds) { return frames_of(seconds, sample_rate); };
    kill_frames_ = frames(config::kill_seconds);
    swap_frames_ = frames(config::swap_seconds);
    starve_frames_ = frames(config::starve_seconds);
    abandon_frames_ = frames(config::abandon_seconds);
    start_frames_ = frames(config::start_inside_seconds);
    young_frames_ = frames(config::young_seconds);
    residue_frames_ = static_cast<int>(frames(config::residue_seconds));
    smoothing_ = static_cast<float>(1.0 - std::exp(-tick_frames / (config::smoothing_seconds * sample_rate)));
    for (Voice& voice : voices_)
        voice.clear();
    active_count_ = 0;
    clock_ = 0;
    midi_.reset();
    keys_ = {};
    follow_program();
    voice_count_ = 0;
    residue_left_.fill(0.0f);
    residue_right_.fill(0.0f);
    residue_at_ = 0;
    master_from_ = master_to_ = gain_of_decibels(program_->get(PlayParam::master_gain_db));
    limiter_.prepare(sample_rate);
}

VoiceContext Sampler::context() const noexcept {
    return {shared_resampler(), sample_rate_,    kill_frames_,  swap_frames_,
            starve_frames_,     abandon_frames_, start_frames_, smoothing_};
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

bool Sampler::set_clip(int zone, int slot_key, int variant, ClipRef clip) {
    const std::lock_guard lock(control_);
    clips_.emplace(clip.get(), clip);
    Command command;
    command.kind = Command::Kind::clip;
    command.zone = zone;
    command.slot_key = slot_key;
    command.variant = variant;
    command.clip = std::move(clip);
    return send(std::move(command));
}

bool Sampler::set_zone_parameter(int zone, ZoneParam id, float value) {
    const std::lock_guard lock(control_);
    Command command;
    command.kind = Command::Kind::zone_parameter;
    command.zone = zone;
    command.parameter = static_cast<int>(id);
    command.value = value;
    return send(std::move(command));
}

bool Sampler::set_play_parameter(PlayParam id, float value) {
    const std::lock_guard lock(control_);
    Command command;
    command.kind = Command::Kind::play_parameter;
    command.parameter = static_cast<int>(id);
    command.value = value;
    return send(std::move(command));
}

bool Sampler::set_claimed(const std::bitset<128>& controllers) {
    const std::lock_guard lock(control_);
    Command command;
    command.kind = Command::Kind::claimed;
    command.controllers = controllers;
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

/// At the start of a block and at each tick: so many a tick, whatever the block size.
void Sampler::take_commands() noexcept {
    if (clock_ % tick_frames == 0)
        commands_left_ = config::tick_commands;
    Command command;
    for (; commands_left_ > 0 && queue_.pop(command); --commands_left_)
        apply(command);
}

void Sampler::take_all_messages() noexcept {
    Command command;
    while (queue_.pop(command))
        apply(command);
}

void Sampler::apply(Command& command) noexcept {
    switch (command.kind) {
    case Command::Kind::none:
        break;
    case Command::Kind::program:
        program_ = std::move(command.program);
        follow_program();
        if (clock_ == 0) // nothing was heard yet: nothing to ramp from
            master_from_ = master_to_ = gain_of_decibels(program_->get(PlayParam::master_gain_db));
        break;
    case Command::Kind::clip: {
        if (command.zone < 0 || command.zone >= static_cast<int>(program_->zones.size()) || command.slot_key < 0 ||
            command.slot_key >= config::keys || command.variant < 0 || command.variant >= config::max_variants)
            break;
        program_->slot(command.zone, command.slot_key)
            .put(command.variant, command.clip, program_->zones[static_cast<std::size_t>(command.zone)]);
        each_voice([&](Voice& voice) {
            const Voice::Start& origin = voice.origin();
            if (origin.program == program_ && origin.zone == command.zone && origin.slot_key == command.slot_key &&
                origin.variant == command.variant)
                voice.swap(command.clip);
        });
        break;
    }
    case Command::Kind::zone_parameter:
        set_parameter_now(Scope::zone, command.zone, command.parameter, command.value);
        break;
    case Command::Kind::play_parameter:
        set_parameter_now(Scope::play, 0, command.parameter, command.value);
        break;
    case Command::Kind::claimed:
        program_->claimed = command.controllers;
        follow_program();
        break;
    case Command::Kind::silence:
        each_voice([&](Voice& voice) { voice.kill(kill_frames_); });
        for (HeldKeys& keys : keys_)
            keys.lift_all();
        break;
    }
    command.clip.reset();
    command.program.reset();
}

void Sampler::set_parameter_now(Scope scope, int zone, int parameter, float value) noexcept {
    const auto index = static_cast<std::size_t>(parameter);
    value = in_range(parameter_info(scope, parameter), value);
    if (scope == Scope::zone) {
        for (int other = 0; other < static_cast<int>(program_->zones.size()); ++other)
            if (zone < 0 || zone == other)
                program_->zones[static_cast<std::size_t>(other)].parameters[index] = value;
    } else if (program_->play[index] != value) {
        program_->play[index] = value;
        follow_program();
    }
}

/// What the program says of MIDI holds from now on. A pedal that now belongs to a macro is up: nobody would hear of it.
void Sampler::follow_program() noexcept {
    midi_.follow(static_cast<int>(program_->get(PlayParam::channel)),
                 static_cast<int>(program_->get(PlayParam::mpe_members)),
                 static_cast<double>(program_->get(PlayParam::bend_range)));
    for (int channel = 0; channel < config::channels; ++channel) {
        midi_.channel(channel).sustain &= !program_->claimed[64];
        midi_.channel(channel).sostenuto &= !program_->claimed[66];
        if (program_->claimed[66])
            keys(channel).let_caught_go();
    }
    release_unheld();
}

// ---- rendering ---------------------------------------------------------------------------------------------------

void Sampler::tick() noexcept {
    const VoiceContext surroundings = context();
    each_voice([&](Voice& voice) { voice.tick(targets(voice), surroundings); });
    master_from_ = master_to_;
    master_to_ = toward(master_from_, gain_of_decibels(program_->get(PlayParam::master_gain_db)), smoothing_);
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
    take_commands();
    if (event_count > config::max_events) {
        counters_.add(Counter::dropped_events, static_cast<std::uint64_t>(event_count - config::max_events));
        event_count = config::max_events;
    }
    int next = 0;
    bool limited = false;
    for (int frame = 0; frame < frames;) {
        const int offset = static_cast<int>(clock_ % tick_frames);
        if (offset == 0 && frame > 0)
            take_commands();
        while (next < event_count && events[next].offset <= frame)
            handle(events[next++]);
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
        report.program = origin.program->id;
        report.clip = voice.newest_clip()->id();
        report.incoming = voice.incoming() ? voice.incoming()->id() : 0;
        report.faded = voice.faded();
        report.position = voice.position();
        report.step = voice.step();
        report.loop_start = voice.loop_start();
        report.loop_end = voice.loop_end();
        report.loop_fade = voice.loop_fade();
        report.zone = static_cast<std::uint8_t>(origin.zone);
        report.key = static_cast<std::uint8_t>(origin.key);
        report.slot_key = static_cast<std::uint8_t>(origin.slot_key);
        report.variant = static_cast<std::uint8_t>(origin.variant);
        report.channel = static_cast<std::uint8_t>(origin.channel);
        report.looping = voice.mode() == Mode::loop;
        report.reverse = voice.reverse();
        report.released = voice.released() || voice.dying;
        snapshot_.add(report);
    });
    snapshot_.end(clock_);
}

} // namespace producergan
