// Shows that Sampler::process, the knobs that set its parameters, AudioCallback::render and JackOutput::process neither
// allocate, free, lock nor wait.
//
// no_allocation [malloc|free|new|lock|trylock|yield]   with a word, that is done inside on purpose and must be counted
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "detector.hpp"
#include "material.hpp"
#include "producergan/audio_callback.hpp"
#include "producergan/jack_output.hpp"

using namespace producergan;
using namespace producergan::test;

namespace {

ProgramRef busy_program(const std::vector<ClipRef>& clips, float polyphony) {
    std::vector<Zone> zones(5);
    const auto set = [&](int zone, ZoneParam id, float value) {
        zones[static_cast<std::size_t>(zone)].parameters[static_cast<std::size_t>(id)] = value;
    };
    for (std::size_t note = 0; note < 128; ++note)
        zones[note % 5].notes.set(note);
    for (int zone = 0; zone < 4; ++zone) { // the fifth is not filtered
        set(zone, ZoneParam::filter, static_cast<float>(1 + zone % 3));
        set(zone, ZoneParam::cutoff, 800.0f);
        set(zone, ZoneParam::resonance, 0.8f);
        set(zone, ZoneParam::filter_envelope, 3.0f);
        set(zone, ZoneParam::humanise_gain_db, 6.0f);
        set(zone, ZoneParam::humanise_tune, 0.5f);
        set(zone, ZoneParam::humanise_start, 0.02f);
    }
    zones[0].siblings = 2; // one-shots in layers and a round robin that choke
    zones[0].layers = 2;
    set(0, ZoneParam::choke, 1);
    set(1, ZoneParam::mode, 1); // gated
    set(2, ZoneParam::mode, 2); // looped, chromatic
    zones[2].shared = true;
    set(3, ZoneParam::reverse, 1);
    set(3, ZoneParam::start, 0.3f);
    set(4, ZoneParam::mode, 2); // looped, reversed
    set(4, ZoneParam::reverse, 1);
    set(1, ZoneParam::output, 2);
    set(4, ZoneParam::output, 8);
    auto program = std::make_shared<Program>(std::move(zones));
    program->play[static_cast<std::size_t>(PlayParam::polyphony)] = polyphony;
    std::size_t next = 0;
    for (ClipSlot& slot : program->table)
        for (std::size_t variant = 0; variant < 4; ++variant)
            slot.clips[variant] = clips[next++ % clips.size()];
    return program;
}

} // namespace

int main(int argc, char** argv) {
    const std::string on_purpose = argc > 1 ? argv[1] : "";
    Random random(5);
    std::vector<ClipRef> clips;
    for (int i = 0; i < 16; ++i) { // alike in length, so that swaps crossfade; some with blocks missing, some with NaN
        auto clip = std::make_shared<Clip>(1000 + static_cast<std::uint64_t>(i), 1 + i % 2, 20000, 16000.0);
        for (std::int64_t block = 0; block < clip->blocks(); ++block)
            if (i % 5 != 4 || chance(random, 0.8))
                write_block(*clip, block, random, i % 7 == 6 ? 0.3 : 0.0);
        clips.push_back(clip);
    }
    RingInMemory shared;
    EventRing& ring = shared.ring;
    Sampler sampler;
    AudioCallback callback(sampler, 48000.0, 3000000);
    callback.add_ring(ring);
    RecordingRing recording(1024);
    callback.record(&recording);
    std::array<float, 128> left, right;
    const auto port = [](void* samples, std::uint32_t) { return samples; };
    JackOutput jack(callback, port, left.data(), right.data());
    sampler.set_program(busy_program(clips, 24));

    Knobs knobs(make_macros(random), 5, 0), others(make_macros(random), 2, 0);
    std::array<Event, 64> events;
    std::array<float, 2 * 512> out;
    std::array<float, 16 * 256> frames_of_outputs;
    std::array<Output, config::outputs> outputs;
    for (std::size_t i = 0; i < outputs.size(); ++i)
        outputs[i] = {frames_of_outputs.data() + 512 * i, frames_of_outputs.data() + 512 * i + 256};
    std::int64_t now = 1000000000;
    std::size_t freed = 0, recorded = 0;
    for (int block = 0; block < 6000; ++block) {
        if (block % 3 == 0)
            sampler.set_clip(below(random, 5), below(random, 128), below(random, 4), clips[random() % clips.size()]);
        if (block % 300 == 0)
            sampler.set_program(busy_program(clips, static_cast<float>(8 + below(random, 32))));
        if (block % 50 == 0)
            sampler.set_zone_parameter(-1, ZoneParam::tune, 24.0f * unit(random) - 12.0f);
        if (block % 70 == 0) { // notes one at a time and legato too
            sampler.set_play_parameter(PlayParam::voices, static_cast<float>(below(random, 3)));
            sampler.set_play_parameter(PlayParam::priority, static_cast<float>(below(random, 3)));
            sampler.set_play_parameter(PlayParam::glide, 0.1f * unit(random));
            sampler.set_play_parameter(PlayParam::mpe_members, static_cast<float>(below(random, 8)));
            sampler.set_claimed(some_controllers(random));
        }
        if (block % 50 == 25)
            sampler.set_zone_parameter(-1, ZoneParam::cutoff, 20.0f + 19980.0f * unit(random));
        if (block % 1000 == 999)
            sampler.silence();
        if (block % 64 == 0)
            freed += sampler.collect();
        const int frames = 1 + below(random, 256);
        const int count = below(random, 20);
        for (int i = 0; i < count; ++i)
            events[static_cast<std::size_t>(i)] = make_event(random, frames);
        std::sort(events.begin(), events.begin() + count,
                  [](const Event& a, const Event& b) { return a.offset < b.offset; });
        if (block % 2 == 0) {
            const Inside flag;
            if (block % 20 == 0)
                sampler.take_all_messages();
            set_something(sampler, random);
            if (block % 500 == 0)
                knobs.follow(others);
            turn(knobs, sampler, events.data(), count, random);
            sampler.process(events.data(), count, outputs.data(), 1 + block / 2 % config::outputs, 1, frames);
        } else {
            const Inside flag;
            for (int i = 0; i < count; ++i) {
                const Event& event = events[static_cast<std::size_t>(i)];
                const std::uint8_t bytes[] = {event.status, event.data1, event.data2};
                ring.push(now - 3000000 + event.offset * 20000, 0, bytes, 3);
            }
            callback.render(out.data(), frames, block % 99 == 0, now);
            if (block % 101 == 0)
                JackOutput::xrun(&jack);
            if (block % 7 == 0)
                JackOutput::process(128, &jack);
        }
        if (block % 200 == 0) // full in between
            recorded += recording.read(out.data(), out.size() / 2);
        now += frames * 1000000000LL / 48000;
        if (block == 3000 && !on_purpose.empty())
            sin_on_purpose(on_purpose);
    }
    const auto figure = [&](Counter which) { return static_cast<unsigned long long>(sampler.counters().get(which)); };
    std::printf("%lu violations%s%s; %llu notes, %llu steals, %llu starved, %llu muted, %zu freed outside\n",
                violations, violations != 0 ? ", the last " : "", last_violation, figure(Counter::notes),
                figure(Counter::steals), figure(Counter::starved), figure(Counter::muted), freed);
    if (figure(Counter::notes) == 0 || figure(Counter::steals) == 0 || figure(Counter::starved) == 0 ||
        figure(Counter::muted) == 0 || freed == 0 || recorded == 0 || recording.dropped() == 0) {
        std::puts("the playing did not reach what it is for");
        return 2;
    }
    return violations != 0 ? 1 : 0;
}
