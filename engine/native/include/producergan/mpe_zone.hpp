#pragma once
#include <algorithm>

#include "producergan/config.hpp"

namespace producergan {

/// Which registered parameter data entry means now, on one channel (MIDI 1.0 Detailed Specification).
class RegisteredParameter {
public:
    static constexpr int bend_range = 0, mpe = 6;

    /// Takes controllers 98 to 101; the others mean nothing here. A non-registered parameter is not ours.
    /// [audio-thread]
    void control(int controller, int value) noexcept {
        if (controller == 98 || controller == 99)
            reset();
        else if (controller == 100)
            low_ = value;
        else if (controller == 101)
            high_ = value;
    }
    void reset() noexcept { high_ = low_ = 127; }                                     // none [audio-thread]
    bool is(int parameter) const noexcept { return high_ == 0 && low_ == parameter; } // [audio-thread]

private:
    int high_ = 127, low_ = 127;
};

/// Which channels carry single keys: the lower MPE zone, channel 1 its master, the members from channel 2 on (MIDI
/// Polyphonic Expression 1.0). Both the sampler and the macros ask it.
class MpeZone {
public:
    static constexpr int master = 0;

    /// What the preset says. A number of members other than before counts, even if the keyboard sent one. With a
    /// channel filter (1 to 16; 0 means none) there is no MPE. [audio-thread]
    void follow(int only_channel, int members) noexcept {
        only_channel_ = only_channel;
        if (members != preset_members_)
            sent_members_ = -1;
        preset_members_ = members;
    }

    void forget_sent() noexcept { sent_members_ = -1; } // as if the keyboard had sent none [audio-thread]

    /// Takes a controller, `selected` being its channel's parameter; true if it is the keyboard's own word on the
    /// number of members. [audio-thread]
    bool control(int channel, int controller, int value, const RegisteredParameter& selected) noexcept {
        if (controller != 6 || channel != master || only_channel_ != 0 || !selected.is(RegisteredParameter::mpe))
            return false;
        sent_members_ = std::min(value, config::channels - 1);
        return true;
    }

    // [audio-thread]
    int members() const noexcept {
        if (only_channel_ != 0)
            return 0;
        return sent_members_ >= 0 ? sent_members_ : preset_members_;
    }
    bool is_member(int channel) const noexcept { return channel > master && channel <= members(); }

private:
    int only_channel_ = 0, preset_members_ = 0;
    int sent_members_ = -1; // below 0: not sent
};

} // namespace producergan
