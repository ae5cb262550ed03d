#include "producergan/clip.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace producergan {

Clip::Clip(std::uint64_t id, int channel_count, std::int64_t frame_count, double sample_rate, std::string name)
    : id_(id), channel_count_(channel_count), frames_(frame_count), sample_rate_(sample_rate), name_(std::move(name)) {
    if (channel_count < 1 || channel_count > 2)
        throw std::invalid_argument("a clip has one or two channels");
    if (frame_count < 1 || frame_count > std::int64_t{1} << 28)
        throw std::invalid_argument("a clip has 1 to 2^28 frames");
    if (!(sample_rate >= 1000.0 && sample_rate <= 768000.0))
        throw std::invalid_argument("a clip's sample rate is 1 to 768 kHz");
    audio_.assign(static_cast<std::size_t>(channel_count * (frame_count + 2 * pad)), 0.0f);
    const auto blocks = (frame_count + config::block_frames - 1) / config::block_frames;
    ready_ = std::vector<std::atomic<std::uint8_t>>(static_cast<std::size_t>(blocks));
}

void Clip::write(std::int64_t start, const float* source, std::int64_t frames, std::int64_t stride) {
    const std::int64_t end = start + frames;
    if (start < 0 || start % config::block_frames != 0 || frames < 1 || end > frames_ ||
        (end % config::block_frames != 0 && end != frames_))
        throw std::invalid_argument("a clip is written in whole blocks");
    for (std::int64_t block = start / config::block_frames; block * config::block_frames < end; ++block) {
        if (block_ready(block))
            continue; // being read already; the same Sound always has the same audio
        const std::int64_t first = block * config::block_frames;
        const std::int64_t count = std::min<std::int64_t>(config::block_frames, end - first);
        for (int c = 0; c < channel_count_; ++c)
            std::copy_n(source + c * stride + (first - start), count,
                        audio_.data() + c * (frames_ + 2 * pad) + pad + first);
        ready_[static_cast<std::size_t>(block)].store(1, std::memory_order_release);
    }
}

void Clip::read(std::int64_t start, std::int64_t frames, float* target, std::int64_t stride) const {
    if (start < 0 || frames < 0 || frames > frames_ || start > frames_ - frames)
        throw std::invalid_argument("these frames lie outside the clip");
    if (frames > 0 && !ready(start, start + frames - 1))
        throw std::invalid_argument("these frames of the clip are not ready");
    for (int c = 0; c < channel_count_; ++c)
        std::copy_n(channel(c) + start, frames, target + c * stride);
}

bool Clip::ready(std::int64_t first, std::int64_t last) const noexcept {
    first = std::max<std::int64_t>(first, 0);
    last = std::min(last, frames_ - 1);
    for (std::int64_t block = first / config::block_frames; block * config::block_frames <= last; ++block)
        if (!block_ready(block))
            return false;
    return true;
}

} // namespace producergan
