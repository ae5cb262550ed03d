#pragma once
#include <cmath>

namespace producergan {

/// `from`, moved by `share` of the way to the target; there once it is as good as there, or no number lies between.
/// [thread-safe]
inline float toward(float from, float target, float share) noexcept {
    const float moved = from + (target - from) * share;
    return moved == from || std::abs(target - moved) < 1e-6f ? target : moved;
}

} // namespace producergan
