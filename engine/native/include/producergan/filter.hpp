#pragma once

namespace producergan {

/// A low-, band- or high-pass of two poles whose cutoff and resonance move along within each tick of the grid.
///
/// State-variable filter integrated by the trapezoidal rule (V. Zavalishin, "The Art of VA Filter Design", 2012, §4;
/// A. Simper, "Linear trapezoidal integrated SVF", 2013). With g = tan(π cutoff / rate) and k = 1 / Q:
///   s1' = c1 s1 + c2 (x − s2)          c2 = 2 g / (1 + g (g + k))     c1 = (1 / (1 + g (g + k))) 2 − 1
///   s2' = s2 + c2 s1 + c3 (x − s2)     c3 = g c2
/// Left to itself this step never lengthens the vector (s1, s2), whatever g > 0 and k ≥ 0, and so neither does a
/// mixture of two such steps: with coefficients that go linearly from one tick to the next the filter stays bounded,
/// however fast it is swept.
class Filter {
public:
    enum class Type { off, low_pass, band_pass, high_pass };

    /// Silent, at this cutoff in Hz and resonance, 0 to 1. [audio-thread]
    void start(Type type, double cutoff, double resonance, double sample_rate) noexcept;

    /// A tick begins: where cutoff and resonance are to be at its end. [audio-thread]
    void tick(double cutoff, double resonance, double sample_rate) noexcept;

    /// The same, where both stay as they are. [audio-thread]
    void tick() noexcept { from_ = to_; }

    bool on() const noexcept { return type_ != Type::off; }

    /// Filters `frames` frames in place, `offset` frames into the tick; `right` may be null, for a mono sound. A sound
    /// that becomes stereo takes its state along. [audio-thread]
    void process(float* left, float* right, int frames, int offset) noexcept;

private:
    struct Coefficients {
        double c1 = 0.0, c2 = 0.0, c3 = 0.0, k = 0.0;
    };
    struct State {
        double s1 = 0.0, s2 = 0.0; // double: at low cutoffs c3 is far smaller than what a float resolves
    };
    static Coefficients coefficients(double cutoff, double resonance, double sample_rate) noexcept;
    template <Type type>
    void run(State& state, float* audio, int frames, int offset) const noexcept;
    void run(State& state, float* audio, int frames, int offset) const noexcept;

    Type type_ = Type::off;
    bool stereo_ = false;
    Coefficients from_, to_;
    State states_[2];
};

} // namespace producergan
