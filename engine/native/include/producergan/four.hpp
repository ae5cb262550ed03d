#pragma once
#include <cstring>

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define PRODUCERGAN_SHUFFLE
#endif
#endif

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
inline Four operator+(float a, const Four& b) noexcept {
    return each_lane([&](int i) { return a + b[i]; });
}
#endif

/// The four at `from`, which needs no alignment. [thread-safe]
inline Four four_at(const float* from) noexcept {
    Four result;
    std::memcpy(&result, from, sizeof result);
    return result;
}

/// Writes them to `to`, which needs no alignment. [thread-safe]
inline void put_four(float* to, const Four& four) noexcept { std::memcpy(to, &four, sizeof four); }

/// (0 + 2) + (1 + 3). [thread-safe]
inline float sum_of(const Four& four) noexcept {
#if defined(PRODUCERGAN_SHUFFLE)
    const Four pairs = four + __builtin_shufflevector(four, four, 2, 3, 2, 3);
    return pairs[0] + pairs[1];
#else
    return (four[0] + four[2]) + (four[1] + four[3]);
#endif
}

/// The larger of each two. [thread-safe]
inline Four larger(const Four& a, const Four& b) noexcept {
#if defined(__GNUC__)
    return a > b ? a : b;
#else
    return each_lane([&](int i) { return a[i] > b[i] ? a[i] : b[i]; });
#endif
}

} // namespace producergan
