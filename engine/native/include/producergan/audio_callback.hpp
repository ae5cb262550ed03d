#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "producergan/block_clock.hpp"
#include "producergan/event_ring.hpp"
#include "producergan/recording_ring.hpp"
#include "producergan/sampler.hpp"

namespace producergan {

/// Joins event rings, sampler and an audio device: what the device's callback runs.
///
/// An event stamped at time t is played `latency` after t, at the frame where that moment lies, so that lateness of
/// whoever carried it becomes one constant delay instead of jitter.
class AudioCallback {
public:
    static constexpr int max_rings = 4;

    /// Plays an event `latency_ns` after its stamp. [setup]
    AudioCallback(Sampler& sampler, double sample_rate, std::int64_t latency_ns);

    /// Events pushed from now on are played. False if there are max_rings already. [setup]
    bool add_ring(const EventRing& ring);

    /// From now on each block goes to `ring` as well; nullptr ends that. [thread-safe]
    void record(RecordingRing* ring) noexcept { recording_.store(ring, std::memory_order_release); }

    /// Another device begins: its blocks have times of their own. [setup]
    void restart_clock() noexcept { clock_.restart(); }

    /// Fills `frames` frames of both channels, `stride` floats apart; `now` is when the device asked, and `underflow`
    /// whether it has lost time since the last block. [audio-thread]
    void render(float* left, float* right, int stride, int frames, bool underflow, std::int64_t now) noexcept;

    /// The same for interleaved stereo. [audio-thread]
    void render(float* out, int frames, bool underflow, std::int64_t now) noexcept {
        render(out, out + 1, 2, frames, underflow, now);
    }

    /// PortAudio's callback (PaStreamCallback), with this object as its user data. [audio-thread]
    static int portaudio(const void* input, void* output, unsigned long frames, const void* time, unsigned long flags,
                         void* self) noexcept;

    /// The smoothed beginning of the last block and the sampler's clock there: tells when a frame sounds.
    /// [thread-safe]
    std::int64_t block_time() const noexcept { return block_time_.load(std::memory_order_relaxed); }

private:
    void collect_events() noexcept;

    Sampler& sampler_;
    double frames_per_ns_;
    std::int64_t latency_ns_;
    BlockClock clock_;
    std::vector<EventReader> readers_;
    std::vector<StampedEvent> waiting_; // sorted by time; of fixed size
    int waiting_count_ = 0;
    std::vector<Event> due_;
    std::atomic<std::int64_t> block_time_{0};
    std::atomic<RecordingRing*> recording_{nullptr};
    std::array<std::uint64_t, max_rings> lost_{};
};

} // namespace producergan
