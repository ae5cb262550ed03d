#include "producergan/recording_ring.hpp"

#include <algorithm>
#include <bit>

namespace producergan {

RecordingRing::RecordingRing(std::size_t frames)
    : samples_(2 * std::bit_ceil(std::max<std::size_t>(frames, 1))), mask_(samples_.size() / 2 - 1) {}

void RecordingRing::write(const float* left, const float* right, int stride, int frames) noexcept {
    const std::size_t begin = written_.load(std::memory_order_relaxed);
    const auto count = static_cast<std::size_t>(std::max(frames, 0));
    if (mask_ + 1 - (begin - read_.load(std::memory_order_acquire)) < count) {
        dropped_.fetch_add(count, std::memory_order_relaxed);
        return;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = 2 * ((begin + i) & mask_);
        samples_[place] = left[i * static_cast<std::size_t>(stride)];
        samples_[place + 1] = right[i * static_cast<std::size_t>(stride)];
    }
    written_.store(begin + count, std::memory_order_release);
}

std::size_t RecordingRing::waiting() const noexcept {
    return written_.load(std::memory_order_acquire) - read_.load(std::memory_order_relaxed);
}

std::size_t RecordingRing::read(float* out, std::size_t frames) noexcept {
    const std::size_t begin = read_.load(std::memory_order_relaxed);
    const std::size_t count = std::min(frames, waiting());
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = 2 * ((begin + i) & mask_);
        out[2 * i] = samples_[place];
        out[2 * i + 1] = samples_[place + 1];
    }
    read_.store(begin + count, std::memory_order_release);
    return count;
}

} // namespace producergan
