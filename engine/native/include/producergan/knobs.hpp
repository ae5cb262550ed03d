#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <vector>

#include "producergan/config.hpp"
#include "producergan/mpe_zone.hpp"
#include "producergan/parameters.hpp"

namespace producergan {

/// A sampler parameter that a macro moves from `low`, at position 0, to `high`, at 1; `low` may be the larger.
struct ParameterTarget {
    Scope scope = Scope::zone;
    int zone = -1;     // −1: all zones
    int parameter = 0; // ZoneParam or PlayParam
    double low = 0.0, high = 1.0;
    bool exponential = false; // for ranges on one side of zero

    /// The parameter's value at a position 0 to 1 of the macro, as `stepped` has it. [thread-safe]
    double at(double position) const noexcept;
};

/// From `low` to `high` over the positions 0 to 1, which are clamped. [thread-safe]
double on_curve(double low, double high, bool exponential, double position) noexcept;

/// What moves one of a preset's macros, and what it moves.
struct MacroInfo {
    static constexpr int no_controller = -1, pressure = 128, poly_pressure = 129; // numbers as VST 3 has them

    double position = 0.0;                // 0 to 1, where it stands when the preset is loaded
    int controller = no_controller;       // MIDI controller 0 to 119, or one of the above
    double minimum = 0.0, maximum = 1.0;  // position at the controller's lowest value and at its highest
    bool pick_up = false;                 // the controller moves it only once it has come past where it stands
    bool used = false;                    // has any target, those among them that move sounds
    std::vector<ParameterTarget> targets; // in the order of the preset: of two on one parameter the later counts
    double position_of(int value) const noexcept { // that a controller's value 0 to 127 means [thread-safe]
        return minimum + (maximum - minimum) * value / 127;
    }
};
using Macros = std::array<MacroInfo, config::macros>;

/// Where the macros stand under the player's controllers: soft take-over, pressure, and MPE's controllers for single
/// keys. Macros count from 0 here. One thread at a time.
class Knobs {
public:
    using Positions = std::array<double, config::macros>;
    using Touches = std::array<Positions, config::keys>; // positions that single keys have; not a number: none
    static bool is_touch(double position) noexcept { return position == position; } // [thread-safe]

    /// `mpe_members` and `channel` as the preset's play parameters have them. Raises std::invalid_argument for a target
    /// that names no parameter. [control-thread]
    Knobs(Macros macros, int mpe_members, int channel);

    /// Another preset's knobs came before these: what the keyboard said of its MPE zone holds on, unless this preset
    /// has another number of members. [audio-thread]
    void follow(const Knobs& before) noexcept;

    /// Takes a MIDI message; true if a macro moved, for all keys or for one. [audio-thread]
    bool handle(std::uint8_t status, std::uint8_t data1, std::uint8_t data2) noexcept;

    /// Moves a macro by other means than its controller, which has to come past it then; true if it moved.
    /// [audio-thread]
    bool set(int macro, double position) noexcept;

    /// Controllers, ranges and targets are these from now on; the macros stand where they stood. Raises
    /// std::invalid_argument as the constructor does. [setup]
    void bind(Macros macros);

    /// A macro's controller is another one now: it has to come past where the macro stands. [audio-thread]
    void release(int macro) noexcept;

    double position(int macro) const noexcept { return positions_[static_cast<std::size_t>(macro)]; } // [audio-thread]
    const Positions& positions() const noexcept { return positions_; }                                // [audio-thread]
    const Touches& touches() const noexcept { return touches_; }                                      // [audio-thread]
    const Macros& macros() const noexcept { return macros_; }                                         // [audio-thread]

    /// Calls visit(Scope, zone, parameter, double value) for every parameter that macros move, at where they stand, in
    /// the order in which they are to be set. [audio-thread]
    template <typename Visit>
    void each_value(Visit&& visit) const noexcept {
        for (std::size_t macro = 0; macro < macros_.size(); ++macro)
            for (const ParameterTarget& target : macros_[macro].targets)
                visit(target.scope, target.zone, target.parameter, target.at(positions_[macro]));
    }

private:
    static constexpr int sources = MacroInfo::poly_pressure + 1;
    static constexpr int none = -1;

    bool note_on(int channel, int key) noexcept;
    bool control(int channel, int source, int value) noexcept;
    bool let_up() noexcept;
    bool touch(int key, int source, int value) noexcept;
    bool move(std::size_t macro, double meant) noexcept;
    bool touched() const noexcept;
    bool touched(std::size_t macro) const noexcept;
    void forget_touches() noexcept;
    void forget_channel_values() noexcept;

    Macros macros_;
    Positions positions_{}, rest_{};
    Touches touches_;
    Positions meant_{};                          // where its controller stands
    std::bitset<config::macros> heard_, caught_; // has said where it stands; has reached the macro
    int members_, channel_;                      // what the preset says
    MpeZone zone_;
    RegisteredParameter selected_;           // of the zone's master
    std::array<int, config::channels> keys_; // the key that sounds on an MPE member
    std::array<std::array<std::int8_t, sources>, config::channels> channel_values_; // what a member said of each source
};

} // namespace producergan
