#include "producergan/knobs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

namespace producergan {

namespace {

constexpr int reset_controllers = 121;
constexpr double reached = 1.5 / 127; // so near, a controller has reached the macro: its own step, and a half more
constexpr double no_touch = std::numeric_limits<double>::quiet_NaN();

double clamped(double position) noexcept { return std::min(1.0, std::max(0.0, position)); }

/// Two touches are alike, or there is none in either.
bool alike(double one, double other) noexcept {
    return one == other || (!Knobs::is_touch(one) && !Knobs::is_touch(other));
}

Knobs::Positions untouched() noexcept {
    Knobs::Positions touch;
    touch.fill(no_touch);
    return touch;
}

void check(const Macros& macros) {
    for (const MacroInfo& macro : macros)
        for (const ParameterTarget& target : macro.targets)
            if (target.parameter < 0 || target.parameter >= parameter_count(target.scope))
                throw std::invalid_argument("a macro's target is no parameter");
}

} // namespace

double on_curve(double low, double high, bool exponential, double position) noexcept {
    position = clamped(position);
    return exponential ? low * std::pow(high / low, position) : low + (high - low) * position;
}

double ParameterTarget::at(double position) const noexcept {
    return stepped(parameter_info(scope, parameter), on_curve(low, high, exponential, position));
}

Knobs::Knobs(Macros macros, int mpe_members, int channel)
    : macros_(std::move(macros)), members_(mpe_members), channel_(channel) {
    check(macros_);
    for (std::size_t macro = 0; macro < macros_.size(); ++macro)
        positions_[macro] = rest_[macro] = clamped(macros_[macro].position);
    zone_.follow(channel_, members_);
    keys_.fill(none);
    forget_touches();
    forget_channel_values();
}

void Knobs::follow(const Knobs& before) noexcept {
    zone_ = before.zone_;
    selected_ = before.selected_;
    zone_.follow(channel_, members_);
}

void Knobs::bind(Macros macros) {
    check(macros);
    macros_ = std::move(macros);
}

bool Knobs::set(int macro, double position) noexcept {
    const auto index = static_cast<std::size_t>(macro);
    position = clamped(position);
    if (positions_[index] == position)
        return false;
    positions_[index] = position;
    caught_.reset(index);
    return true;
}

void Knobs::release(int macro) noexcept {
    caught_.reset(static_cast<std::size_t>(macro));
    heard_.reset(static_cast<std::size_t>(macro));
}

bool Knobs::handle(std::uint8_t status, std::uint8_t data1, std::uint8_t data2) noexcept {
    const int kind = status & 0xf0, channel = status & 0x0f;
    if ((channel_ != 0 && channel != channel_ - 1) || data1 > 127 || (data2 > 127 && kind != 0xd0))
        return false;
    switch (kind) {
    case 0x90:
        return data2 > 0 && note_on(channel, data1);
    case 0xa0:
        return touch(data1, MacroInfo::poly_pressure, data2);
    case 0xb0:
        return control(channel, data1, data2);
    case 0xd0:
        return control(channel, MacroInfo::pressure, data1);
    default:
        return false;
    }
}

/// A key begins without pressure, in MPE with what its channel said before. Where the last touch of a macro ends, it
/// stands where the preset puts it.
bool Knobs::note_on(int channel, int key) noexcept {
    Positions touch = untouched();
    if (zone_.is_member(channel)) {
        keys_[static_cast<std::size_t>(channel)] = key;
        for (std::size_t macro = 0; macro < macros_.size(); ++macro) {
            const int source = macros_[macro].controller;
            const int said = source < 0 || source >= sources
                                 ? none
                                 : channel_values_[static_cast<std::size_t>(channel)][static_cast<std::size_t>(source)];
            if (said != none)
                touch[macro] = macros_[macro].position_of(said);
        }
    }
    Positions& present = touches_[static_cast<std::size_t>(key)];
    if (std::equal(touch.begin(), touch.end(), present.begin(), alike))
        return false;
    const Positions ended = std::exchange(present, touch);
    for (std::size_t macro = 0; macro < macros_.size(); ++macro)
        if (is_touch(touch[macro]))
            positions_[macro] = touch[macro];
        else if (is_touch(ended[macro]) && !touched(macro))
            positions_[macro] = rest_[macro];
    return true;
}

/// A controller, or the pressure of a channel, moves its macros; on a member of the MPE zone for that channel's key
/// alone.
bool Knobs::control(int channel, int source, int value) noexcept {
    if (channel == MpeZone::master) {
        if (zone_.control(channel, source, value, selected_)) {
            selected_.reset();
            forget_touches();
            forget_channel_values();
            keys_.fill(none);
        }
        selected_.control(source, value);
        if (source == reset_controllers)
            selected_.reset();
    }
    if (source == reset_controllers)
        return let_up();
    if (zone_.is_member(channel)) {
        channel_values_[static_cast<std::size_t>(channel)][static_cast<std::size_t>(source)] =
            static_cast<std::int8_t>(value);
        const int key = keys_[static_cast<std::size_t>(channel)];
        return key != none && touch(key, source, value);
    }
    bool moved = false;
    for (std::size_t macro = 0; macro < macros_.size(); ++macro)
        if (macros_[macro].controller == source && macros_[macro].used)
            moved |= move(macro, macros_[macro].position_of(value));
    return moved;
}

/// Pressure is back at nothing; what knobs stand at, they stand at.
bool Knobs::let_up() noexcept {
    bool moved = touched();
    forget_touches();
    forget_channel_values();
    for (std::size_t macro = 0; macro < macros_.size(); ++macro) {
        const int source = macros_[macro].controller;
        const double up = macros_[macro].position_of(0);
        if ((source == MacroInfo::pressure || source == MacroInfo::poly_pressure) && positions_[macro] != up) {
            positions_[macro] = up;
            moved = true;
        }
    }
    return moved;
}

/// A single key's controller. What cannot be a single key's (a sampler parameter, a sound that all keys share) follows
/// the newest.
bool Knobs::touch(int key, int source, int value) noexcept {
    bool moved = false;
    for (std::size_t macro = 0; macro < macros_.size(); ++macro)
        if (macros_[macro].controller == source && macros_[macro].used) {
            const double position = macros_[macro].position_of(value);
            double& touch = touches_[static_cast<std::size_t>(key)][macro];
            moved |= touch != position;
            touch = positions_[macro] = position;
        }
    return moved;
}

bool Knobs::move(std::size_t macro, double meant) noexcept {
    const double here = positions_[macro], before = std::exchange(meant_[macro], meant);
    const bool heard = heard_[macro];
    heard_.set(macro);
    if (macros_[macro].pick_up && !caught_[macro]) {
        const bool passed = heard && (before - here) * (meant - here) <= 0.0;
        if (!passed && std::abs(meant - here) > reached)
            return false;
    }
    caught_.set(macro);
    positions_[macro] = meant;
    return here != meant;
}

bool Knobs::touched() const noexcept {
    return std::any_of(touches_.begin(), touches_.end(),
                       [](const Positions& touch) { return std::any_of(touch.begin(), touch.end(), is_touch); });
}

bool Knobs::touched(std::size_t macro) const noexcept {
    return std::any_of(touches_.begin(), touches_.end(),
                       [macro](const Positions& touch) { return is_touch(touch[macro]); });
}

void Knobs::forget_touches() noexcept { touches_.fill(untouched()); }

void Knobs::forget_channel_values() noexcept {
    for (auto& values : channel_values_)
        values.fill(none);
}

} // namespace producergan
