// Everything at random: MIDI, macros, programs, clips with blocks that are missing or hold no numbers, swaps,
// parameters, block sizes, rates. Built with AddressSanitizer and UndefinedBehaviorSanitizer; itself checks that what
// comes out is sound.
//
// fuzz EVENTS [SEED]
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "material.hpp"

using namespace producergan;
using namespace producergan::test;

namespace {

[[noreturn]] void fail(const char* what, std::uint64_t events) {
    std::fprintf(stderr, "after %llu events: %s\n", static_cast<unsigned long long>(events), what);
    std::exit(1);
}

} // namespace

int main(int argc, char** argv) {
    const std::uint64_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10000;
    Random random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    Sampler sampler;
    std::vector<ClipRef> clips;
    for (int i = 0; i < 24; ++i)
        clips.push_back(make_clip(random, i % 3 == 0 ? 0.6 : 1.0, i % 4 == 0 ? 0.01 : 0.0));
    for (int i = 0; i < 4; ++i)
        clips.push_back(make_clip(random, 1.0, 1.0)); // a bad number in every block
    Knobs knobs(make_macros(random), 0, 0);
    std::vector<VoiceReport> voices;
    std::vector<Event> events;
    std::vector<float> out;
    std::uint64_t done = 0, heard = 0, most = 0;
    while (done < wanted) {
        if (chance(random, 0.002)) {
            const double rates[] = {8000, 22050, 44100, 48000, 96000, 192000, 768000};
            sampler.prepare(rates[below(random, 7)]);
        }
        if (chance(random, 0.01))
            sampler.set_program(make_program(random, chance(random, 0.05) ? config::max_zones : 4, clips));
        if (chance(random, 0.3))
            sampler.set_clip(below(random, 6) - 1, below(random, 130) - 1, below(random, config::max_variants + 2) - 1,
                             clips[random() % clips.size()]);
        if (chance(random, 0.1)) {
            ClipRef& clip = clips[random() % clips.size()];
            if (chance(random, 0.3))
                clip = make_clip(random, unit(random), 0.01);
            else
                write_block(*clip, below(random, static_cast<int>(clip->blocks())), random, 0.01);
        }
        if (chance(random, 0.1)) {
            const int id = below(random, static_cast<int>(zone_param_count));
            sampler.set_zone_parameter(below(random, 6) - 1, static_cast<ZoneParam>(id),
                                       chance(random, 0.1) ? NAN : 1.2f * within(random, zone_parameters[id]));
        }
        if (chance(random, 0.03)) {
            const int id = below(random, static_cast<int>(play_param_count));
            sampler.set_play_parameter(static_cast<PlayParam>(id), within(random, play_parameters[id]));
        }
        if (chance(random, 0.02))
            sampler.take_all_messages();
        if (chance(random, 0.05))
            set_something(sampler, random);
        if (chance(random, 0.01))
            sampler.set_claimed(some_controllers(random));
        if (chance(random, 0.003))
            sampler.silence();
        if (chance(random, 0.05))
            sampler.collect();

        const int sizes[] = {0, 1, 17, 31, 32, 33, 64, 128, 480, 1024};
        const int frames = chance(random, 0.5) ? 64 : sizes[below(random, 10)];
        events.clear();
        for (int i = below(random, chance(random, 0.02) ? 300 : 24); i > 0; --i)
            events.push_back(make_event(random, frames));
        if (chance(random, 0.95)) // some hosts send them unsorted: that must not hurt
            std::stable_sort(events.begin(), events.end(),
                             [](const Event& a, const Event& b) { return a.offset < b.offset; });
        if (chance(random, 0.002)) {
            Knobs next(make_macros(random), below(random, 8), chance(random, 0.9) ? 0 : below(random, 17));
            next.follow(knobs);
            knobs = std::move(next);
        }
        turn(knobs, sampler, events.data(), static_cast<int>(events.size()), random);
        for (int macro = 0; macro < config::macros; ++macro)
            if (!(knobs.position(macro) >= 0.0 && knobs.position(macro) <= 1.0))
                fail("a macro stands beyond its ends", done);
        // One to eight outputs, of which some but the first may not be there.
        const int output_count = chance(random, 0.5) ? 1 : 1 + below(random, config::outputs);
        out.assign(static_cast<std::size_t>(2 * frames * output_count), NAN);
        Output outputs[config::outputs];
        for (int i = 0; i < output_count; ++i) {
            float* const begin = out.data() + 2 * frames * i;
            if (i > 0 && chance(random, 0.1))
                std::fill_n(begin, 2 * frames, 0.0f);
            else
                outputs[i] = {begin, begin + 1};
        }
        sampler.process(events.data(), static_cast<int>(events.size()), outputs, output_count, 2, frames);
        done += events.size();
        for (float sample : out)
            if (!std::isfinite(sample))
                fail("a frame is no number, or was left unwritten", done);
        heard += std::any_of(out.begin(), out.end(), [](float sample) { return sample != 0.0f; });
        if (sampler.snapshot().read(voices) != sampler.clock())
            fail("the snapshot tells of another block", done);
        std::uint64_t sounding = 0;
        for (const VoiceReport& voice : voices) {
            sounding += !voice.released;
            if (voice.variant >= config::max_variants || voice.key >= config::keys || voice.slot_key >= config::keys)
                fail("a voice plays what there is not", done);
            if (voice.position < 0)
                fail("a voice is before its clip", done);
            if (voice.looping && voice.position >= (voice.loop_end << 32))
                fail("a voice has left its loop", done);
        }
        most = std::max<std::uint64_t>(most, voices.size());
        if (sounding > static_cast<std::uint64_t>(config::max_voices))
            fail("more voices sound than there may be", done);
    }
    const auto count = [&](Counter which) { return static_cast<unsigned long long>(sampler.counters().get(which)); };
    std::printf("%llu events, %llu blocks with sound, %llu voices at most, %llu notes, %llu steals, %llu starved, %llu "
                "muted\n",
                static_cast<unsigned long long>(done), static_cast<unsigned long long>(heard),
                static_cast<unsigned long long>(most), count(Counter::notes), count(Counter::steals),
                count(Counter::starved), count(Counter::muted));
    if (heard == 0 || count(Counter::steals) == 0 || count(Counter::starved) == 0 || count(Counter::muted) == 0)
        fail("the fuzzing did not reach what it is for", done);
}
