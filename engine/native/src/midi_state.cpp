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
        if (selected(bend_range_parameter))
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
    case 98: // a non-registered parameter is selected: not ours
    case 99:
        parameter_high_ = parameter_low_ = 127;
        break;
    case 100:
        parameter_low_ = value;
        break;
    case 101:
        parameter_high_ = value;
        break;
    default:
        break;
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
    parameter_high_ = parameter_low_ = 127;
}

void MidiState::follow(int only_channel, int members, double bend_range) noexcept {
    only_channel_ = only_channel;
    preset_bend_range_ = bend_range;
    if (members != preset_members_)
        sent_members_ = -1;
    preset_members_ = members;
}

void MidiState::reset() noexcept {
    channels_ = {};
    sent_members_ = -1;
}

int MidiState::members() const noexcept {
    if (only_channel_ != 0)
        return 0;
    return sent_members_ >= 0 ? sent_members_ : preset_members_;
}

double MidiState::default_bend_range(int channel) const noexcept {
    return is_member(channel) ? config::default_mpe_bend_range : preset_bend_range_;
}

double MidiState::bend(int channel) const noexcept {
    return of(channel).bend * of(channel).bend_range(default_bend_range(channel));
}

int MidiState::control(int channel, int controller, int value) noexcept {
    ChannelState& state = this->channel(channel);
    state.control(controller, value, default_bend_range(channel));
    const bool entry = controller == 6 || controller == 38 || controller == 96 || controller == 97;
    if (entry && is_member(channel) && state.selected(ChannelState::bend_range_parameter))
        for (int other = 0; other < config::channels; ++other)
            if (is_member(other))
                this->channel(other).take_bend_range(state);
    if (controller != 6 || channel != master || only_channel_ != 0 || !state.selected(ChannelState::mpe_parameter))
        return 0;
    const int before = members();
    sent_members_ = std::min(value, config::channels - 1);
    const int concerned = std::max(before, members()) + 1;
    for (int other = 0; other < concerned; ++other) {
        this->channel(other).reset_controllers();
        this->channel(other).forget_bend_range();
    }
    return concerned;
}

bool MidiState::sustain(int channel) const noexcept {
    return of(channel).sustain || (is_member(channel) && of(master).sustain);
}

Expression MidiState::expression(int channel, int key) const noexcept {
    const ChannelState& own = of(channel);
    Expression said;
    said.gain = own.volume * own.expression;
    said.pan = own.pan;
    said.semitones = bend(channel);
    said.pressure = std::max(own.pressure, own.key_pressure[static_cast<std::size_t>(key)]);
    float brightness = own.brightness, resonance = own.resonance;
    if (is_member(channel)) {
        const ChannelState& zone = of(master);
        said.gain *= zone.volume * zone.expression;
        said.pan += zone.pan;
        said.semitones += bend(master);
        said.pressure = std::max(said.pressure, zone.pressure);
        brightness += zone.brightness;
        resonance += zone.resonance;
    }
    said.cutoff_octaves = config::brightness_octaves * std::clamp(brightness, -1.0f, 1.0f);
    said.resonance = config::resonance_reach * std::clamp(resonance, -1.0f, 1.0f);
    return said;
}

double MidiState::attack_factor(int channel) const noexcept {
    return time_factor(std::clamp(of(channel).attack + (is_member(channel) ? of(master).attack : 0.0f), -1.0f, 1.0f));
}

double MidiState::release_factor(int channel) const noexcept {
    return time_factor(std::clamp(of(channel).release + (is_member(channel) ? of(master).release : 0.0f), -1.0f, 1.0f));
}

} // namespace producergan
