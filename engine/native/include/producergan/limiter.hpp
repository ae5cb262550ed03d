#pragma once
#include <algorithm>
#include <cmath>

#include "producergan/config.hpp"

namespace producergan {

/// Keeps both channels below the threshold: no look-ahead, so no latency; attack at once, exponential release.
class Limiter {
public:
    /// Back to unity gain. [setup]
    void prepare(double sample_rate) noexcept {
        release_ = static_cast<float>(1.0 - std::exp(-1.0 / (config::limiter_release_seconds * sample_rate)));
        gain_ = 1.0f;
    }

    /// Limits one frame; true if it had to. [audio-thread]
    bool process(float& left, float& right) noexcept {
        constexpr auto threshold = static_cast<float>(config::limiter_threshold);
        const float peak = std::max(std::abs(left), std::abs(right));
        gain_ += (1.0f - gain_) * release_;
        const bool over = peak * gain_ > threshold;
        if (over)
            gain_ = threshold / peak;
        left *= gain_;
        right *= gain_;
        return over;
    }

    /// True if silence would leave it as it is. [audio-thread]
    bool rests() const noexcept { return gain_ + (1.0f - gain_) * release_ == gain_; }

private:
    float release_ = 0.0f;
    float gain_ = 1.0f;
};

} // namespace producergan
