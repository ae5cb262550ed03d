#pragma once
#include <cstdint>
#include <vector>

#include "producergan/config.hpp"

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
        double ratio;            // source frames an output frame, up to which this table keeps aliases down
        int half;                // taps on either side, even
        std::vector<float> taps; // [sinc_phases + 1][2 * half]
    };

    Resampler(); // [setup]

    /// The table for a step of `ratio` source frames an output frame. [audio-thread]
    const Table& table(double ratio) const noexcept;

    /// Taps that the widest table reaches to either side.
    static constexpr int max_half = 72;

    /// Writes the values of `source` at `count` positions (32.32 fixed point; they and the taps around them may be
    /// outside the clip by up to its padding). [audio-thread]
    static void read(const Table& table, const float* source, const std::int64_t* positions, int count,
                     float* out) noexcept;

private:
    std::vector<Table> tables_;
};

/// Ratio of two pitches `semitones` apart. [thread-safe]
double semitone_ratio(double semitones) noexcept;

} // namespace producergan
