// From voices to outputs: ticks, mixes, master gain and limiters.
#include <algorithm>
#include <utility>

#include "producergan/decibels.hpp"
#include "producergan/platform.hpp"
#include "producergan/sampler.hpp"
#include "producergan/smoothing.hpp"

namespace producergan {

namespace {

constexpr int tick_frames = config::tick_frames;

} // namespace

void Sampler::tick() noexcept {
    const VoiceContext surroundings = context();
    each_voice([&](Voice& voice) { voice.tick(targets(voice), surroundings); });
    master_from_ = master_to_;
    master_to_ = toward(master_from_, gain_of_decibels(program_->get(PlayParam::master_gain_db)), smoothing_);
}

/// An output's mix, empty when it is first asked for in a stretch.
Sampler::Mix& Sampler::mix(std::size_t output) noexcept {
    Mix& mix = mixes_[output];
    if (!mix.used)
        mix = {.used = true};
    return mix;
}

void Sampler::render(const Given& given, int frames, int offset) noexcept {
    for (Mix& mix : mixes_)
        mix.used = false;
    const VoiceContext surroundings = context();
    for (int i = 0; i < active_count_;) {
        const int place = active_[static_cast<std::size_t>(i)];
        Voice& voice = this->voice(place);
        Mix& mix = this->mix(static_cast<std::size_t>(given[static_cast<std::size_t>(voice.origin().output)]));
        switch (voice.render(mix.left.data(), mix.right.data(), frames, offset, surroundings)) {
        case Voice::Outcome::sounding:
            ++i;
            break;
        case Voice::Outcome::starved:
            counters_.add(Counter::starved);
            ++i;
            break;
        case Voice::Outcome::dropped:
            counters_.add(Counter::starved);
            leave_residue(voice);
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
    for (std::size_t output = 0; output < residues_.size(); ++output) {
        Residue& residue = residues_[output];
        if (residue.frames == 0)
            continue;
        Mix& mix = this->mix(static_cast<std::size_t>(given[output]));
        for (int i = 0; i < frames; ++i) {
            const auto at = static_cast<std::size_t>((residue_at_ + i) & (residue_size - 1));
            mix.left[static_cast<std::size_t>(i)] += std::exchange(residue.left[at], 0.0f);
            mix.right[static_cast<std::size_t>(i)] += std::exchange(residue.right[at], 0.0f);
        }
        residue.frames = std::max(0, residue.frames - frames);
    }
    residue_at_ = (residue_at_ + frames) & (residue_size - 1);
}

bool Sampler::finish(std::size_t output, int frames, int offset, bool limit) noexcept {
    Mix& mix = this->mix(output);
    Limiter& limiter = limiters_[output];
    bool limited = false;
    const float slope = (master_to_ - master_from_) / tick_frames;
    for (int i = 0; i < frames; ++i) {
        const float master = master_from_ + slope * static_cast<float>(offset + i);
        float& left = mix.left[static_cast<std::size_t>(i)];
        float& right = mix.right[static_cast<std::size_t>(i)];
        left *= master;
        right *= master;
        if (limit)
            limited |= limiter.process(left, right);
    }
    return limited;
}

void Sampler::process(const Event* events, int event_count, const Output* outputs, int output_count, int stride,
                      int frames) noexcept {
    const FlushDenormals flush;
    take_commands();
    if (event_count > config::max_events) {
        counters_.add(Counter::dropped_events, static_cast<std::uint64_t>(event_count - config::max_events));
        event_count = config::max_events;
    }
    output_count = std::min(output_count, config::outputs);
    Given given{};
    for (int output = 0; output < output_count; ++output)
        if (outputs[output].left != nullptr)
            given[static_cast<std::size_t>(output)] = output;
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
        render(given, count, offset);
        const bool limit = program_->get(PlayParam::limiter) >= 0.5f;
        for (int output = 0; output < output_count; ++output) {
            if (outputs[output].left == nullptr)
                continue;
            const auto at = static_cast<std::size_t>(output);
            // What is silent anyhow costs nothing but being written.
            if (mixes_[at].used || (limit && !limiters_[at].rests()))
                limited |= finish(at, count, offset, limit);
            else
                mix(at);
            for (int i = 0; i < count; ++i) {
                outputs[output].left[(frame + i) * stride] = mixes_[at].left[static_cast<std::size_t>(i)];
                outputs[output].right[(frame + i) * stride] = mixes_[at].right[static_cast<std::size_t>(i)];
            }
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
