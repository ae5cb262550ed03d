#pragma once
#include <array>

#include "producergan/config.hpp"
#include "producergan/mpe_zone.hpp"

namespace producergan {

/// What the controllers of one MIDI channel say (MIDI 1.0 Detailed Specification).
class ChannelState {
public:
    bool sustain = false, sostenuto = false;
    float volume = 1.0f;     // gain; 1 at the default of 100
    float expression = 1.0f; // gain; 1 at 127
    float pan = 0.0f;        // −1 to 1
    double bend = 0.0;       // −1 to 1
    float pressure = 0.0f;   // 0 to 1
    std::array<float, config::keys> key_pressure{};
    float resonance = 0.0f, release = 0.0f, attack = 0.0f, brightness = 0.0f; // 71 to 74: −1 to 1, 0 at 64

    void control(int controller, int value, double default_bend_range) noexcept; // [audio-thread]
    void pitch_bend(int low, int high) noexcept;                                 // [audio-thread]

    /// CC 121 as RP-015 has it: bend, pressures, expression, pedals and the parameter number are reset; volume, pan,
    /// the sound controllers 71 to 74 and the bend range stay. Modulation is reset as well, but it means nothing here.
    /// [audio-thread]
    void reset_controllers() noexcept;

    /// Semitones of a full bend: RPN 0 if it was sent, else `unless_sent`. [audio-thread]
    double bend_range(double unless_sent) const noexcept { return bend_cents_ < 0 ? unless_sent : bend_cents_ / 100.0; }
    void take_bend_range(const ChannelState& other) noexcept { bend_cents_ = other.bend_cents_; } // [audio-thread]
    void forget_bend_range() noexcept { bend_cents_ = -1; }                                       // [audio-thread]

    /// What data entry means now. [audio-thread]
    const RegisteredParameter& selected() const noexcept { return selected_; }

private:
    RegisteredParameter selected_;
    int bend_cents_ = -1; // of the bend range; below 0: not sent
};

/// What the controllers say for one key: its channel's word, joined in an MPE zone with that of the zone's master.
struct Expression {
    float gain = 1.0f;
    float pan = 0.0f;            // −2 to 2
    double semitones = 0.0;      // of the bends
    float pressure = 0.0f;       // 0 to 1
    float cutoff_octaves = 0.0f; // offsets to the zone's filter
    float resonance = 0.0f;
};

/// All channels, and the MPE zone that may join them: what its master says holds for the members too.
class MidiState {
public:
    /// What the preset says; of MPE as in `MpeZone`. [audio-thread]
    void follow(int only_channel, int members, double bend_range) noexcept;

    /// Forgets all that was sent, not what the preset says. [audio-thread]
    void reset() noexcept;

    /// Takes a controller below 120. If it changed the MPE zone: the number of channels, from the first on, that
    /// belonged to it or do now; their notes are to end and their controllers are reset. Else 0. [audio-thread]
    int control(int channel, int controller, int value) noexcept;

    /// Whether what channel `from` says holds for the notes of channel `to`. [audio-thread]
    bool reaches(int from, int to) const noexcept {
        return from == to || (from == MpeZone::master && zone_.is_member(to));
    }

    /// One channel's own word. [audio-thread]
    ChannelState& channel(int channel) noexcept { return channels_[static_cast<std::size_t>(channel)]; }

    bool sustain(int channel) const noexcept;                   // [audio-thread]
    Expression expression(int channel, int key) const noexcept; // [audio-thread]
    double attack_factor(int channel) const noexcept;           // ÷ 10 to × 10 of the zone's [audio-thread]
    double release_factor(int channel) const noexcept;          // the same [audio-thread]

private:
    const ChannelState& of(int channel) const noexcept { return channels_[static_cast<std::size_t>(channel)]; }
    double default_bend_range(int channel) const noexcept;
    double bend(int channel) const noexcept;

    std::array<ChannelState, config::channels> channels_;
    MpeZone zone_;
    double preset_bend_range_ = 2.0;
};

} // namespace producergan
