#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "producergan/config.hpp"
#include "producergan/four.hpp"

namespace producergan {

/// Windowed-sinc interpolation at fixed-point positions, band-limited when the pitch goes up.
///
/// Kaiser-windowed sinc, polyphase table with linear interpolation between phases (J. O. Smith, "Digital Audio
/// Resampling", 2002). One table a ratio band: above ratio 1 the cutoff falls and the kernel lengthens alike.
class Resampler {
public:
    static constexpr int fraction_bits = 32;
    static constexpr std::int64_t one = std::int64_t{1} << fraction_bits;

    struct Table {
        double ratio;           // source frames an output frame, up to which this table keeps aliases down
        int half;               // taps on either side, even
        std::vector<Four> taps; // [sinc_phases + 1][2 * half / 4]
    };

    Resampler(); // [setup]

    /// The table for a step of `ratio` source frames an output frame. [audio-thread]
    const Table& table(double ratio) const noexcept;

    /// Taps that the widest table reaches to either side.
    static constexpr int max_half = 72;

    /// Calls `give(i, value)` with the values of `source` at `count` positions (32.32 fixed point; they and the taps
    /// around them may be outside the clip by up to its padding). [audio-thread]
    template <typename Give>
    static void read(const Table& table, const float* source, const std::int64_t* positions, int count,
                     Give&& give) noexcept {
        constexpr int shortest = 2 * config::sinc_half_taps;
        if (2 * table.half == shortest)
            convolve<shortest>(table, source, positions, count, give); // unrolled: what most notes need
        else
            convolve<0>(table, source, positions, count, give);
    }

private:
    /// With `fixed` taps, or where that is 0 as many as the table has.
    template <int fixed, typename Give>
    static void convolve(const Table& table, const float* source, const std::int64_t* positions, int count,
                         Give& give) noexcept {
        constexpr int phase_bits = 9;
        static_assert(1 << phase_bits == config::sinc_phases);
        const int fours = (fixed > 0 ? fixed : 2 * table.half) / 4;
        const Four* const rows = table.taps.data();
        source -= 2 * fours - 1;
        for (int i = 0; i < count; ++i) {
            const auto fraction = static_cast<std::uint32_t>(positions[i] & (one - 1));
            const std::uint32_t phase = fraction >> (32 - phase_bits);
            const float between = static_cast<float>(static_cast<std::int32_t>(fraction << phase_bits >> 8)) * 0x1p-24f;
            const Four* low = rows + static_cast<std::ptrdiff_t>(phase) * fours;
            const Four* high = low + fours;
            const float* frames = source + (positions[i] >> fraction_bits);
            const Four first = four_at(frames);
            Four a = first * low[0], b = first * high[0]; // four running sums each, always in the same order
            for (int four = 1; four < fours; ++four) {
                const Four next = four_at(frames + 4 * four);
                a = a + next * low[four];
                b = b + next * high[four];
            }
            a = a + between * (b - a);
            give(i, sum_of(a));
        }
    }

    std::vector<Table> tables_;
};

/// Ratio of two pitches `semitones` apart. [thread-safe]
double semitone_ratio(double semitones) noexcept;

} // namespace producergan
