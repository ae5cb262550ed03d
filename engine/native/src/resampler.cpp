#include "producergan/resampler.hpp"

#include <cmath>
#include <numbers>

#include "producergan/four.hpp"

namespace producergan {

namespace {

/// Modified Bessel function of the first kind, order 0, by its power series.
double bessel_i0(double x) {
    double sum = 1.0, term = 1.0;
    for (int k = 1; term > 1e-12 * sum; ++k) {
        term *= (x / (2.0 * k)) * (x / (2.0 * k));
        sum += term;
    }
    return sum;
}

double windowed_sinc(double distance, double cutoff, double half) {
    if (std::abs(distance) >= half)
        return 0.0;
    const double u = distance / half;
    const double window = bessel_i0(config::sinc_kaiser_beta * std::sqrt(1.0 - u * u));
    if (distance == 0.0)
        return cutoff * window;
    if (cutoff * distance == std::round(cutoff * distance))
        return 0.0; // and not nearly so: a clip at its own rate comes out bit for bit
    const double x = std::numbers::pi * distance;
    return std::sin(cutoff * x) / x * window;
}

Resampler::Table make_table(double ratio) {
    Resampler::Table table;
    table.ratio = ratio;
    table.half = 2 * static_cast<int>(std::ceil(config::sinc_half_taps * ratio / 2.0));
    const double cutoff = 1.0 / ratio; // at ratio 1 the table is exact at whole frames
    const int taps = 2 * table.half;
    table.taps.resize(static_cast<std::size_t>((config::sinc_phases + 1) * taps));
    for (int phase = 0; phase <= config::sinc_phases; ++phase) {
        const double fraction = static_cast<double>(phase) / config::sinc_phases;
        std::vector<double> row(static_cast<std::size_t>(taps));
        double sum = 0.0; // each phase passes a constant unchanged; this also takes out the window's own scale
        for (int tap = 0; tap < taps; ++tap)
            sum += row[static_cast<std::size_t>(tap)] =
                windowed_sinc(tap - table.half + 1 - fraction, cutoff, table.half);
        for (int tap = 0; tap < taps; ++tap)
            table.taps[static_cast<std::size_t>(phase * taps + tap)] =
                static_cast<float>(row[static_cast<std::size_t>(tap)] / sum);
    }
    return table;
}

/// `fixed` taps, or where that is 0 as many as the table has.
template <int fixed>
void convolve(const Resampler::Table& table, const float* source, const std::int64_t* positions, int count,
              float* out) noexcept {
    constexpr int phase_bits = 9;
    static_assert(1 << phase_bits == config::sinc_phases);
    const int taps = fixed > 0 ? fixed : 2 * table.half;
    source -= taps / 2 - 1;
    for (int i = 0; i < count; ++i) {
        const auto fraction = static_cast<std::uint32_t>(positions[i] & (Resampler::one - 1));
        const std::uint32_t phase = fraction >> (32 - phase_bits);
        const float between = static_cast<float>(static_cast<std::int32_t>(fraction << phase_bits >> 8)) * 0x1p-24f;
        const float* low = table.taps.data() + static_cast<std::size_t>(phase) * static_cast<std::size_t>(taps);
        const float* high = low + taps;
        const float* frames = source + (positions[i] >> Resampler::fraction_bits);
        Four a{}, b{}; // four running sums each, always in the same order
        for (int tap = 0; tap < taps; tap += 4) {
            const Four four = four_at(frames + tap);
            a = a + four * four_at(low + tap);
            b = b + four * four_at(high + tap);
        }
        a = a + between * (b - a);
        out[i] = (a[0] + a[2]) + (a[1] + a[3]);
    }
}

} // namespace

Resampler::Resampler() {
    // Steps of a quarter octave low down, where most playing is. The last serves everything above three octaves up,
    // with some aliasing: work per frame must stay bounded.
    for (double ratio : {1.0, 1.19, 1.42, 1.69, 2.01, 2.52, 3.18, 4.01, 5.7, 8.01})
        tables_.push_back(make_table(ratio));
}

const Resampler::Table& Resampler::table(double ratio) const noexcept {
    for (const Table& table : tables_)
        if (ratio <= table.ratio * 1.0001)
            return table;
    return tables_.back();
}

void Resampler::read(const Table& table, const float* source, const std::int64_t* positions, int count,
                     float* out) noexcept {
    constexpr int shortest = 2 * config::sinc_half_taps;
    if (2 * table.half == shortest)
        convolve<shortest>(table, source, positions, count, out); // unrolled: what most notes need
    else
        convolve<0>(table, source, positions, count, out);
}

double semitone_ratio(double semitones) noexcept { return std::exp2(semitones / 12.0); }

} // namespace producergan
