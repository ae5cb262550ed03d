#include "producergan/filter.hpp"

#include <cmath>
#include <numbers>

#include "producergan/config.hpp"

namespace producergan {

void Filter::start(Type type, double cutoff, double resonance, double sample_rate) noexcept {
    type_ = type;
    stereo_ = false;
    states_[0] = states_[1] = {};
    if (on())
        from_ = to_ = coefficients(cutoff, resonance, sample_rate);
}

void Filter::tick(double cutoff, double resonance, double sample_rate) noexcept {
    from_ = to_;
    to_ = coefficients(cutoff, resonance, sample_rate);
}

Filter::Coefficients Filter::coefficients(double cutoff, double resonance, double sample_rate) noexcept {
    const double g = std::tan(std::numbers::pi * cutoff / sample_rate);
    constexpr double flattest = 1.0 / config::filter_lowest_q, sharpest = 1.0 / config::filter_highest_q;
    const double k = flattest * std::pow(sharpest / flattest, resonance);
    const double a1 = 1.0 / (1.0 + g * (g + k));
    return {2.0 * a1 - 1.0, 2.0 * g * a1, 2.0 * g * g * a1, k};
}

template <Filter::Type type>
void Filter::run(State& state, float* audio, int frames, int offset) const noexcept {
    constexpr double share = 1.0 / config::tick_frames;
    const Coefficients slope{(to_.c1 - from_.c1) * share, (to_.c2 - from_.c2) * share, (to_.c3 - from_.c3) * share,
                             (to_.k - from_.k) * share};
    double s1 = state.s1, s2 = state.s2;
    for (int i = 0; i < frames; ++i) {
        const auto place = static_cast<double>(offset + i);
        const double c1 = from_.c1 + slope.c1 * place, c2 = from_.c2 + slope.c2 * place,
                     c3 = from_.c3 + slope.c3 * place;
        const double x = audio[i], apart = x - s2;
        const double next1 = c1 * s1 + c2 * apart, next2 = (s2 + c2 * s1) + c3 * apart;
        const double band = 0.5 * (s1 + next1), low = 0.5 * (s2 + next2);
        s1 = next1;
        s2 = next2;
        if constexpr (type == Type::low_pass)
            audio[i] = static_cast<float>(low);
        else if constexpr (type == Type::band_pass)
            audio[i] = static_cast<float>((from_.k + slope.k * place) * band); // its peak is 1 at every resonance
        else
            audio[i] = static_cast<float>(x - (from_.k + slope.k * place) * band - low);
    }
    state = {s1, s2};
}

void Filter::run(State& state, float* audio, int frames, int offset) const noexcept {
    switch (type_) {
    case Type::off:
        break;
    case Type::low_pass:
        return run<Type::low_pass>(state, audio, frames, offset);
    case Type::band_pass:
        return run<Type::band_pass>(state, audio, frames, offset);
    case Type::high_pass:
        return run<Type::high_pass>(state, audio, frames, offset);
    }
}

void Filter::process(float* left, float* right, int frames, int offset) noexcept {
    if (right != nullptr && !stereo_) {
        states_[1] = states_[0];
        stereo_ = true;
    }
    run(states_[0], left, frames, offset);
    if (right != nullptr)
        run(states_[1], right, frames, offset);
}

} // namespace producergan
