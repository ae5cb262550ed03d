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

/// Around the middle of 64: −1 to 1, both ends reached.
float around_middle(int value) noexcept { return std::clamp(static_cast<float>(value - 64) / 63.0f, -1.0f, 1.0f); }

double time_factor(float turned) noexcept { return std::pow(config::controller_time_factor, turned); }

} // namespace

void ChannelState::control(int controller, int value, double default_bend_range) noexcept {
    const auto move_bend_range = [&](auto moved) {
        if (selected_.is(RegisteredParameter::bend_range))
            bend_cents_ =
                std::clamp(moved(static_cast<int>(std::lround(100.0 * bend_range(default_bend_range)))), 0, 12799);
    };
    switch (controller) {
    case 6: // data entry, coarse: semitones
        move_bend_range([&](int) { return 100 * value; });
        break;
    case 7:
        volume = squared(value, 100);
        break;
    case 10:
        pan = around_middle(value);
        break;
    case 11:
        expression = squared(value, 127);
        break;
    case 38: // data entry, fine: hundredths of a semitone
        move_bend_range([&](int now) { return now - now % 100 + std::min(value, 99); });
        break;
    case 64:
        sustain = value >= 64;
        break;
    case 66:
        sostenuto = value >= 64;
        break;
    case 71:
        resonance = around_middle(value);
        break;
    case 72:
        release = around_middle(value);
        break;
    case 73:
        attack = around_middle(value);
        break;
    case 74:
        brightness = around_middle(value);
        break;
    case 96: // data increment and decrement: the finest step, a hundredth of a semitone (RP-018)
        move_bend_range([](int now) { return now + 1; });
        break;
    case 97:
        move_bend_range([](int now) { return now - 1; });
        break;
    default:
        selected_.control(controller, value);
    }
}

void ChannelState::pitch_bend(int low, int high) noexcept {
    const int value = (high << 7 | low) - 8192;
    bend = value < 0 ? value / 8192.0 : value / 8191.0;
}

void ChannelState::reset_controllers() noexcept {
    bend = 0.0;
    pressure = 0.0f;
    key_pressure.fill(0.0f);
    expression = 1.0f;
    sustain = sostenuto = false;
    selected_.reset();
}

void MidiState::follow(int only_channel, int members, double bend_range) noexcept {
    preset_bend_range_ = bend_range;
    zone_.follow(only_channel, members);
}

void MidiState::reset() noexcept {
    channels_ = {};
    zone_.forget_sent();
}

double MidiState::default_bend_range(int channel) const noexcept {
    return zone_.is_member(channel) ? config::default_mpe_bend_range : preset_bend_range_;
}

double MidiState::bend(int channel) const noexcept {
    return of(channel).bend * of(channel).bend_range(default_bend_range(channel));
}

int MidiState::control(int channel, int controller, int value) noexcept {
    ChannelState& state = this->channel(channel);
    state.control(controller, value, default_bend_range(channel));
    const bool entry = controller == 6 || controller == 38 || controller == 96 || controller == 97;
    if (entry && zone_.is_member(channel) && state.selected().is(RegisteredParameter::bend_range))
        for (int other = 0; other < config::channels; ++other)
            if (zone_.is_member(other))
                this->channel(other).take_bend_range(state);
    const int before = zone_.members();
    if (!zone_.control(channel, controller, value, state.selected()))
        return 0;
    const int concerned = std::max(before, zone_.members()) + 1;
    for (int other = 0; other < concerned; ++other) {
        this->channel(other).reset_controllers();
        this->channel(other).forget_bend_range();
    }
    return concerned;
}

bool MidiState::sustain(int channel) const noexcept {
    return of(channel).sustain || (zone_.is_member(channel) && of(MpeZone::master).sustain);
}

Expression MidiState::expression(int channel, int key) const noexcept {
    const ChannelState& own = of(channel);
    Expression said;
    said.gain = own.volume * own.expression;
    said.pan = own.pan;
    said.semitones = bend(channel);
    said.pressure = std::max(own.pressure, own.key_pressure[static_cast<std::size_t>(key)]);
    float brightness = own.brightness, resonance = own.resonance;
    if (zone_.is_member(channel)) {
        const ChannelState& zone = of(MpeZone::master);
        said.gain *= zone.volume * zone.expression;
        said.pan += zone.pan;
        said.semitones += bend(MpeZone::master);
        said.pressure = std::max(said.pressure, zone.pressure);
        brightness += zone.brightness;
        resonance += zone.resonance;
    }
    said.cutoff_octaves = config::brightness_octaves * std::clamp(brightness, -1.0f, 1.0f);
    said.resonance = config::resonance_reach * std::clamp(resonance, -1.0f, 1.0f);
    return said;
}

double MidiState::attack_factor(int channel) const noexcept {
    return time_factor(
        std::clamp(of(channel).attack + (zone_.is_member(channel) ? of(MpeZone::master).attack : 0.0f), -1.0f, 1.0f));
}

double MidiState::release_factor(int channel) const noexcept {
    return time_factor(
        std::clamp(of(channel).release + (zone_.is_member(channel) ? of(MpeZone::master).release : 0.0f), -1.0f, 1.0f));
}

} // namespace producergan
