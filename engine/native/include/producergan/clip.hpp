#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "producergan/config.hpp"

namespace producergan {

/// One sound's audio at the instrument's own rate, whose blocks of 1,024 frames may become ready in any order.
///
/// Written by one control thread, read by the audio thread; a block is read only after its ready flag was seen.
///
/// Knows its own shared pointer, so that a clip that comes from Python again and again has one reference count, not one
/// that belongs to Python each time: the audio thread must never be the last to let go.
class Clip : public std::enable_shared_from_this<Clip> {
public:
    /// `name` says which sound it is, the same in every process and on every machine; "" where nobody asks. Raises
    /// std::invalid_argument on sizes that no instrument has. [control-thread]
    Clip(std::uint64_t id, int channel_count, std::int64_t frame_count, double sample_rate, std::string name = {});
    Clip(const Clip&) = delete;
    Clip& operator=(const Clip&) = delete;

    /// Copies frames of every channel (`source[channel * stride + i]`) to `start` and marks the blocks that are now
    /// whole as ready. `start` lies on a block; the end lies on a block or is the clip's end. [control-thread]
    void write(std::int64_t start, const float* source, std::int64_t frames, std::int64_t stride);

    /// Copies `frames` frames of every channel from `start` on to `target[channel * stride + i]`. Raises
    /// std::invalid_argument on frames outside the clip or not ready. [thread-safe]
    void read(std::int64_t start, std::int64_t frames, float* target, std::int64_t stride) const;

    /// True if every block that holds a frame of [first, last] is ready; frames outside the clip count as ready
    /// silence. [thread-safe]
    bool ready(std::int64_t first, std::int64_t last) const noexcept;
    /// The same of one block. [thread-safe]
    bool block_ready(std::int64_t block) const noexcept {
        return ready_[static_cast<std::size_t>(block)].load(std::memory_order_acquire) != 0;
    }

    // What never changes. [thread-safe]
    std::uint64_t id() const noexcept { return id_; }
    const std::string& name() const noexcept { return name_; }
    int channel_count() const noexcept { return channel_count_; }
    std::int64_t frames() const noexcept { return frames_; }
    std::int64_t blocks() const noexcept { return static_cast<std::int64_t>(ready_.size()); }
    double sample_rate() const noexcept { return sample_rate_; }
    const float* channel(int index) const noexcept { return audio_.data() + index * (frames_ + 2 * pad) + pad; }

    /// Zeros before and after each channel, so that the resampler's taps need no bounds check near the edges.
    static constexpr std::int64_t pad = 160;

private:
    std::uint64_t id_;
    int channel_count_;
    std::int64_t frames_;
    double sample_rate_;
    std::string name_;
    std::vector<float> audio_;
    std::vector<std::atomic<std::uint8_t>> ready_;
};

using ClipRef = std::shared_ptr<Clip>;

} // namespace producergan
