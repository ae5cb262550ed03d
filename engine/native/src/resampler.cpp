#include "producergan/resampler.hpp"

#include <cmath>
#include <numbers>

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
    std::vector<float> all;
    for (int phase = 0; phase <= config::sinc_phases; ++phase) {
        const double fraction = static_cast<double>(phase) / config::sinc_phases;
        std::vector<double> row(static_cast<std::size_t>(taps));
        double sum = 0.0; // each phase passes a constant unchanged; this also takes out the window's own scale
        for (int tap = 0; tap < taps; ++tap)
            sum += row[static_cast<std::size_t>(tap)] =
                windowed_sinc(tap - table.half + 1 - fraction, cutoff, table.half);
        for (int tap = 0; tap < taps; ++tap)
            all.push_back(static_cast<float>(row[static_cast<std::size_t>(tap)] / sum));
    }
    table.taps.resize(all.size() / 4);
    for (std::size_t four = 0; four < table.taps.size(); ++four)
        table.taps[four] = four_at(&all[4 * four]);
    return table;
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

double semitone_ratio(double semitones) noexcept { return std::exp2(semitones / 12.0); }

} // namespace producergan
