#pragma once
#include <array>
#include <cstdint>

namespace producergan {

/// What the controllers of one MIDI channel say (MIDI 1.0 Detailed Specification; RP-015 for the reset).
class ChannelState {
public:
    bool sustain = false;
    float volume = 1.0f;     // gain; 1 at the default of 100
    float expression = 1.0f; // gain; 1 at 127
    float pan = 0.0f;        // −1 to 1
    double bend = 0.0;       // −1 to 1

    /// Semitones of a full bend: RPN 0 if it was sent, else what the preset says. [audio-thread]
    double bend_range(double preset) const noexcept;

    /// Volume, pan, expression and the registered parameter; false for other controllers. [audio-thread]
    bool control(int controller, int value) noexcept;
    void pitch_bend(int low, int high) noexcept; // [audio-thread]

    /// CC 121: bend, expression, sustain and the parameter number, and not volume, pan or bend range. [audio-thread]
    void reset_controllers() noexcept;

private:
    int parameter_high_ = 127, parameter_low_ = 127; // 127/127: none selected
    double bend_coarse_ = -1.0, bend_fine_ = -1.0;   // semitones; below 0: not sent
};

} // namespace producergan
