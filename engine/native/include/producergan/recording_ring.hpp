#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace producergan {

/// Stereo frames on their way from the audio thread to whoever writes them to a file. Never waits: a block that finds
/// no room is left out and counted.
class RecordingRing {
public:
    /// Room for at least `frames` frames; all memory is taken, and touched, here. [setup]
    explicit RecordingRing(std::size_t frames);

    /// Appends a block; `stride` floats lie between one frame and the next. [audio-thread]
    void write(const float* left, const float* right, int stride, int frames) noexcept;

    /// Frames that can be read. [control-thread]
    std::size_t waiting() const noexcept;

    /// Moves up to `frames` frames, interleaved, to `out`; returns how many. [control-thread]
    std::size_t read(float* out, std::size_t frames) noexcept;

    /// Frames that found no room. [thread-safe]
    std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }

private:
    std::vector<float> samples_; // interleaved; a power of two of frames
    std::size_t mask_;
    std::atomic<std::uint64_t> dropped_{0};
    alignas(64) std::atomic<std::size_t> written_{0};
    alignas(64) std::atomic<std::size_t> read_{0};
};

} // namespace producergan
