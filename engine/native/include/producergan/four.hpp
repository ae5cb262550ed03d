#pragma once
#include <cstring>

namespace producergan {

/// Four floats in one register: what every processor that this is built for has (SSE2, NEON). Written out because
/// compilers turn four running sums into something slower than that. [thread-safe]
#if defined(__GNUC__)
using Four = float __attribute__((vector_size(16)));
#else
struct Four {
    float lanes[4];
    float operator[](int lane) const noexcept { return lanes[lane]; }
};
template <typename Each>
Four each_lane(Each&& each) noexcept {
    return {each(0), each(1), each(2), each(3)};
}
inline Four operator+(const Four& a, const Four& b) noexcept {
    return each_lane([&](int i) { return a[i] + b[i]; });
}
inline Four operator-(const Four& a, const Four& b) noexcept {
    return each_lane([&](int i) { return a[i] - b[i]; });
}
inline Four operator*(const Four& a, const Four& b) noexcept {
    return each_lane([&](int i) { return a[i] * b[i]; });
}
inline Four operator*(float a, const Four& b) noexcept {
    return each_lane([&](int i) { return a * b[i]; });
}
#endif

/// The four at `from`, which needs no alignment. [thread-safe]
inline Four four_at(const float* from) noexcept {
    Four result;
    std::memcpy(&result, from, sizeof result);
    return result;
}

} // namespace producergan
