#include "producergan/block_clock.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace producergan {

namespace {
constexpr double bandwidth = 0.5; // Hz: follows the device's clock over seconds, ignores a thread's lateness
} // namespace

std::int64_t BlockClock::begin(std::int64_t now_ns, int frames) noexcept {
    const auto now = static_cast<double>(now_ns);
    const double error = now - next_;
    // A callback comes late by chance but never early: a gap of several blocks is a stop or an underflow.
    const double tolerance = std::max(3.0 * nominal_ * frames, 30e6);
    if (!running_ || std::abs(error) > tolerance) {
        running_ = true;
        period_ = nominal_;
        next_ = now + period_ * frames;
        return now_ns;
    }
    const double omega = 2.0 * std::numbers::pi * bandwidth * nominal_ * frames * 1e-9;
    const double begin = next_;
    next_ += std::sqrt(2.0) * omega * error + period_ * frames;
    period_ += omega * omega * error / frames;
    period_ = std::clamp(period_, 0.99 * nominal_, 1.01 * nominal_);
    return static_cast<std::int64_t>(begin);
}

} // namespace producergan
