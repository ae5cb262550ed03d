#include "producergan/null_clock.hpp"

#include <chrono>
#include <vector>

namespace producergan {

NullClock::NullClock(AudioCallback& callback, double sample_rate, int block_frames)
    : callback_(callback), sample_rate_(sample_rate), block_frames_(block_frames) {}

NullClock::~NullClock() { stop(); }

void NullClock::start() {
    if (running_.exchange(true))
        return;
    thread_ = std::thread([this] { run(); });
}

void NullClock::stop() {
    running_.store(false);
    if (thread_.joinable())
        thread_.join();
}

void NullClock::run() {
    std::vector<float> nothing(static_cast<std::size_t>(2 * block_frames_));
    using clock = std::chrono::steady_clock;
    const auto period = std::chrono::duration<double>(block_frames_ / sample_rate_);
    auto begin = clock::now();
    std::int64_t block = 0;
    bool underflow = false;
    while (running_.load(std::memory_order_relaxed)) {
        callback_.render(nothing.data(), block_frames_, underflow, now_ns());
        auto next = begin + std::chrono::duration_cast<clock::duration>(period * static_cast<double>(++block));
        underflow = clock::now() > next + std::chrono::duration_cast<clock::duration>(period);
        if (underflow) { // more than a block behind: a sound card would have run dry; begin anew
            begin = next = clock::now();
            block = 0;
        }
        std::this_thread::sleep_until(next);
    }
}

} // namespace producergan
