#include "producergan/filter.hpp"

#include <cmath>
#include <numbers>

namespace producergan {

double Filter::damping(float resonance) noexcept {
    constexpr double flattest = 1.0 / config::filter_lowest_q, sharpest = 1.0 / config::filter_highest_q;
    return flattest * std::pow(sharpest / flattest, static_cast<double>(resonance));
}

Filter::Coefficients Filter::coefficients(float cutoff, double k, double sample_rate) noexcept {
    const double g = std::tan(std::numbers::pi_v<float> * cutoff / static_cast<float>(sample_rate));
    const double a1 = 1.0 / (1.0 + g * (g + k));
    return {2.0 * a1 - 1.0, 2.0 * g * a1, 2.0 * g * g * a1, k};
}

void Filter::start(Type type, float cutoff, float resonance, double sample_rate) noexcept {
    type_ = type;
    resonance_ = resonance;
    states_ = {};
    from_ = to_ = coefficients(cutoff, damping(resonance), sample_rate);
}

void Filter::tick(float cutoff, float resonance, double sample_rate) noexcept {
    from_ = to_;
    to_ = coefficients(cutoff, resonance == resonance_ ? to_.k : damping(resonance), sample_rate);
    resonance_ = resonance;
}

} // namespace producergan
