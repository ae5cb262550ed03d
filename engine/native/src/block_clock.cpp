#include "producergan/block_clock.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace producergan {

namespace {
// Hz. Wide at first, so that the clock settles soon, then narrower as time goes by: in the end it follows the drift of
// the device over tens of seconds and ignores the lateness of a thread.
constexpr double widest = 2.0, narrowest = 0.1, widest_times_seconds = 0.5;
constexpr double settling_seconds = 0.25;
constexpr double fastest = 0.3; // radians a block: stable whatever the block's length
} // namespace

std::int64_t BlockClock::begin(std::int64_t now_ns, int frames) noexcept {
    const auto now = static_cast<double>(now_ns);
    const double error = now - next_;
    // A callback comes late by chance but never early: a gap of several blocks is a stop or an underflow.
    const double tolerance = std::max(3.0 * nominal_ * frames, 30e6);
    if (!running_ || std::abs(error) > tolerance) {
        running_ = true;
        period_ = nominal_;
        seconds_ = 0.0;
        next_ = now + period_ * frames;
        return now_ns;
    }
    const double block_seconds = nominal_ * frames * 1e-9;
    seconds_ += block_seconds;
    if (error < 0.0 && seconds_ < settling_seconds) { // the callback that the clock began with was late by that much
        next_ = now + period_ * frames;
        return now_ns;
    }
    const double bandwidth = std::clamp(widest_times_seconds / seconds_, narrowest, widest);
    const double omega = std::min(2.0 * std::numbers::pi * bandwidth * block_seconds, fastest);
    const double begin = next_;
    next_ += std::sqrt(2.0) * omega * error + period_ * frames;
    period_ += omega * omega * error / frames;
    period_ = std::clamp(period_, 0.99 * nominal_, 1.01 * nominal_);
    return static_cast<std::int64_t>(begin);
}

} // namespace producergan
