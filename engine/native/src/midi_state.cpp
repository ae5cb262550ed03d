#include "producergan/midi_state.hpp"

#include <algorithm>
#include <cmath>

namespace producergan {

namespace {
/// General MIDI's recommended curve: 40 log10(value / full) dB, that is the square.
float squared(int value, int full) noexcept {
    const float share = static_cast<float>(value) / static_cast<float>(full);
    return share * share;
}
} // namespace

bool ChannelState::control(int controller, int value) noexcept {
    switch (controller) {
    case 6: // data entry, coarse
        if (parameter_high_ == 0 && parameter_low_ == 0)
            bend_coarse_ = value, bend_fine_ = 0.0;
        return true;
    case 38: // data entry, fine: hundredths of a semitone
        if (parameter_high_ == 0 && parameter_low_ == 0)
            bend_fine_ = std::min(value, 99) / 100.0;
        return true;
    case 7:
        volume = squared(value, 100);
        return true;
    case 10:
        pan = std::clamp(static_cast<float>(value - 64) / 63.0f, -1.0f, 1.0f);
        return true;
    case 11:
        expression = squared(value, 127);
        return true;
    case 98: // a non-registered parameter is selected: not ours
    case 99:
        parameter_high_ = parameter_low_ = 127;
        return true;
    case 100:
        parameter_low_ = value;
        return true;
    case 101:
        parameter_high_ = value;
        return true;
    default:
        return false;
    }
}

double ChannelState::bend_range(double preset) const noexcept {
    if (bend_coarse_ < 0.0 && bend_fine_ < 0.0)
        return preset;
    return (bend_coarse_ < 0.0 ? std::floor(preset) : bend_coarse_) + std::max(bend_fine_, 0.0);
}

void ChannelState::pitch_bend(int low, int high) noexcept {
    const int value = (high << 7 | low) - 8192;
    bend = value < 0 ? value / 8192.0 : value / 8191.0;
}

void ChannelState::reset_controllers() noexcept {
    bend = 0.0;
    expression = 1.0f;
    sustain = false;
    parameter_high_ = parameter_low_ = 127;
}

} // namespace producergan
