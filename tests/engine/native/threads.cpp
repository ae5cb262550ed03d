// The audio thread, a control thread and a MIDI thread at once, for ThreadSanitizer: the control thread sends clips,
// programs and parameters, collects, reads snapshots, counters and the recording; the MIDI thread pushes to the ring.
//
// threads BLOCKS
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "material.hpp"
#include "producergan/audio_callback.hpp"

using namespace producergan;
using namespace producergan::test;

int main(int argc, char** argv) {
    const int blocks = argc > 1 ? std::atoi(argv[1]) : 500;
    RingInMemory shared;
    EventRing& ring = shared.ring;
    Sampler sampler;
    AudioCallback callback(sampler, 48000.0, 0);
    callback.add_ring(ring);
    Random setup(1);
    std::vector<ClipRef> first;
    for (int i = 0; i < 4; ++i)
        first.push_back(make_clip(setup, 1.0, 0.0));
    sampler.set_program(make_program(setup, 4, first));

    RecordingRing recording(4096);
    std::size_t recorded = 0;
    std::atomic<bool> running{true}, bad{false};
    std::thread midi([&] {
        Random random(2);
        while (running.load(std::memory_order_relaxed)) {
            const Event event = make_event(random, 64);
            const std::uint8_t bytes[] = {event.status, event.data1, event.data2};
            ring.push(now_ns(), 0, bytes, 3);
            if (chance(random, 0.05))
                std::this_thread::yield();
        }
    });
    std::size_t collected = 0;
    std::thread control([&] {
        Random random(3);
        std::vector<ClipRef> clips = first;
        std::vector<VoiceReport> voices;
        std::array<float, 512> frames;
        EventReader reader(ring);
        StampedEvent event;
        while (running.load(std::memory_order_relaxed)) {
            auto& clip = clips[random() % clips.size()];
            switch (below(random, 6)) {
            case 0:
                clip = make_clip(random, 0.3, 0.01);
                break;
            case 1:
                write_block(*clip, below(random, static_cast<int>(clip->blocks())), random, 0.01);
                break;
            case 2:
                sampler.set_clip(below(random, 4), below(random, 128), below(random, config::max_variants), clip);
                break;
            case 3:
                sampler.set_zone_parameter(below(random, 4), ZoneParam::gain_db, -6.0f);
                sampler.set_play_parameter(PlayParam::polyphony, static_cast<float>(1 + below(random, 64)));
                sampler.set_play_parameter(PlayParam::voices, static_cast<float>(below(random, 3)));
                sampler.set_play_parameter(PlayParam::glide, unit(random));
                sampler.set_claimed(some_controllers(random));
                break;
            case 4:
                sampler.set_program(make_program(random, 4, clips));
                break;
            default:
                collected += sampler.collect();
                sampler.snapshot().read(voices);
                for (const VoiceReport& voice : voices)
                    if (voice.voice == 0 || voice.zone >= config::max_zones || voice.position < 0)
                        bad = true; // torn
                sampler.counters().get(Counter::notes);
                callback.block_time();
                callback.record(chance(random, 0.1) ? nullptr : &recording);
                recorded += recording.read(frames.data(), frames.size() / 2);
                while (reader.read(event))
                    if (event.size != 3)
                        bad = true;
            }
        }
    });
    std::vector<float> out(2 * 128);
    for (int block = 0; block < blocks; ++block) {
        callback.render(out.data(), 128, false, now_ns());
        for (float sample : out)
            if (!std::isfinite(sample))
                bad = true;
    }
    running = false;
    midi.join();
    control.join();
    std::printf("%d blocks, %llu notes, %zu collected\n", blocks,
                static_cast<unsigned long long>(sampler.counters().get(Counter::notes)), collected);
    return bad || sampler.counters().get(Counter::notes) == 0 || collected == 0 || recorded == 0;
}
