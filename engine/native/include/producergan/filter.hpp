#pragma once
#include <array>

#include "producergan/config.hpp"

namespace producergan {

/// A low-, band- or high-pass of two poles whose cutoff and resonance move along within each tick of the grid.
///
/// State-variable filter integrated by the trapezoidal rule (V. Zavalishin, "The Art of VA Filter Design", 2012, §4;
/// A. Simper, "Linear trapezoidal integrated SVF", 2013). With g = tan(π cutoff / rate), k = 1 / Q and
/// a = 1 / (1 + g (g + k)):
///   s1' = c1 s1 + c2 (x − s2)            c1 = 2 a − 1, c2 = 2 g a, c3 = 2 g² a
///   s2' = s2 + c2 s1 + c3 (x − s2)       band = (s1 + s1') / 2, low = (s2 + s2') / 2, high = x − k band − low
/// Left to itself this step never lengthens the vector (s1, s2), whatever g > 0 and k ≥ 0, and so neither does a
/// mixture of two such steps: with coefficients that go linearly from one tick to the next the filter stays bounded,
/// however fast it is swept.
class Filter {
public:
    enum class Type { off, low_pass, band_pass, high_pass };

    /// Silent, at this cutoff in Hz and resonance, 0 to 1. [audio-thread]
    void start(Type type, float cutoff, float resonance, double sample_rate) noexcept;

    /// A tick begins: where cutoff and resonance are to be at its end. [audio-thread]
    void tick(float cutoff, float resonance, double sample_rate) noexcept;

    /// The same, where both stay as they are. [audio-thread]
    void tick() noexcept { from_ = to_; }

    bool on() const noexcept { return type_ != Type::off; } // [audio-thread]

    /// A mono sound becomes stereo: the second channel takes the first one's state along. [audio-thread]
    void widen() noexcept { states_[1] = states_[0]; }

    /// Calls `use` with a function that filters the next frame of this channel, the first of them `offset` frames into
    /// the tick: so that whatever makes the frames can be one loop with the filter, whose every frame waits for the one
    /// before. [audio-thread]
    template <typename Use>
    void run(int channel, int offset, Use&& use) noexcept {
        switch (type_) {
        case Type::off:
            break;
        case Type::low_pass:
            return run_as<Type::low_pass>(channel, offset, use);
        case Type::band_pass:
            return run_as<Type::band_pass>(channel, offset, use);
        case Type::high_pass:
            return run_as<Type::high_pass>(channel, offset, use);
        }
    }

private:
    struct Coefficients {
        double c1 = 0.0, c2 = 0.0, c3 = 0.0, k = 0.0;
    };
    struct State {
        double s1 = 0.0, s2 = 0.0; // double: at low cutoffs c3 is far smaller than what a float resolves
    };
    static double damping(float resonance) noexcept; // k
    static Coefficients coefficients(float cutoff, double k, double sample_rate) noexcept;

    template <Type type, typename Use>
    void run_as(int channel, int offset, Use& use) noexcept {
        constexpr double share = 1.0 / config::tick_frames;
        const Coefficients slope{(to_.c1 - from_.c1) * share, (to_.c2 - from_.c2) * share, (to_.c3 - from_.c3) * share,
                                 (to_.k - from_.k) * share};
        const auto place = static_cast<double>(offset);
        Coefficients at{from_.c1 + slope.c1 * place, from_.c2 + slope.c2 * place, from_.c3 + slope.c3 * place,
                        from_.k + slope.k * place};
        State state = states_[static_cast<std::size_t>(channel)];
        use([&](float frame) noexcept {
            const double x = frame, apart = x - state.s2;
            const State next{at.c1 * state.s1 + at.c2 * apart, (state.s2 + at.c2 * state.s1) + at.c3 * apart};
            const double band = 0.5 * (state.s1 + next.s1), low = 0.5 * (state.s2 + next.s2), k = at.k;
            state = next;
            at = {at.c1 + slope.c1, at.c2 + slope.c2, at.c3 + slope.c3, at.k + slope.k};
            if constexpr (type == Type::low_pass)
                return static_cast<float>(low);
            else if constexpr (type == Type::band_pass)
                return static_cast<float>(k * band); // its peak is 1 at every resonance
            else
                return static_cast<float>(x - k * band - low);
        });
        states_[static_cast<std::size_t>(channel)] = state;
    }

    Type type_ = Type::off;
    float resonance_ = 0.0f; // where the coefficients are going
    Coefficients from_, to_;
    std::array<State, 2> states_;
};

} // namespace producergan
