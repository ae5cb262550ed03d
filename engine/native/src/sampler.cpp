// The sampler's settings, and the messages of the control side.
#include "producergan/sampler.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "producergan/decibels.hpp"
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
    residues_ = {};
    residue_at_ = 0;
    master_from_ = master_to_ = gain_of_decibels(program_->get(PlayParam::master_gain_db));
    for (Limiter& limiter : limiters_)
        limiter.prepare(sample_rate);
}

VoiceContext Sampler::context() const noexcept {
    return {shared_resampler(), sample_rate_,    kill_frames_,  swap_frames_,
            starve_frames_,     abandon_frames_, start_frames_, smoothing_};
}

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
        silence_now();
        break;
    }
    command.clip.reset();
    command.program.reset();
}

void Sampler::silence_now() noexcept {
    each_voice([&](Voice& voice) { voice.kill(kill_frames_); });
    for (HeldKeys& keys : keys_)
        keys.lift_all();
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

} // namespace producergan
