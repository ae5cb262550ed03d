#pragma once
#include <cmath>

namespace producergan {

inline float gain_of_decibels(float decibels) noexcept { return std::pow(10.0f, decibels / 20.0f); } // [thread-safe]

} // namespace producergan
