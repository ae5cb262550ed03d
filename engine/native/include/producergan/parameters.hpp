#pragma once
// The one table of sampler parameters. The preset schema, the plugin's parameters, the page and the docs derive from
// it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace producergan {

enum class Scope { zone, play };

/// Ids are stable for ever: presets and projects name them. New ones are added at the end of their scope.
enum class ZoneParam : int {
    gain_db,
    pan,
    tune,
    velocity_track,
    velocity_curve,
    attack,
    hold,
    decay,
    sustain,
    release,
    start,
    reverse,
    mode,
    loop_start,
    loop_end,
    loop_crossfade,
    choke,
    filter,
    cutoff,
    resonance,
    filter_track,
    filter_velocity,
    filter_envelope,
    filter_attack,
    filter_decay,
    filter_sustain,
    filter_release,
    pressure_gain_db,
    pressure_cutoff,
    release_velocity,
    humanise_gain_db,
    humanise_tune,
    humanise_start,
    output,
    count
};

enum class PlayParam : int {
    polyphony,
    bend_range,
    master_gain_db,
    limiter,
    channel,
    voices,
    glide,
    priority,
    mpe_members,
    count
};

enum class Mode { one_shot = 0, gated = 1, loop = 2 };

struct ParameterInfo {
    std::string_view id;
    std::string_view label;
    std::string_view unit;
    double minimum;
    double maximum;
    double default_value;
    std::string_view curve;   // of a knob: "linear", "exponential" (times, gains in dB are linear), "integer", "choice"
    std::string_view choices; // words of a choice, divided by '|'
    bool smoothed;            // follows while a voice sounds; the others are read when a note starts
    bool main;                // worth a host's automation beside the macros; the others are the preset's
    Scope scope;
};

inline constexpr std::size_t zone_param_count = static_cast<std::size_t>(ZoneParam::count);
inline constexpr std::size_t play_param_count = static_cast<std::size_t>(PlayParam::count);

inline constexpr std::array<ParameterInfo, zone_param_count> zone_parameters{{
    {"gain_db", "Gain", "dB", -60, 12, 0, "linear", "", true, true, Scope::zone},
    {"pan", "Pan", "", -1, 1, 0, "linear", "", true, true, Scope::zone},
    {"tune", "Tune", "semitones", -48, 48, 0, "linear", "", true, true, Scope::zone},
    {"velocity_track", "Velocity to level", "", 0, 1, 1, "linear", "", false, false, Scope::zone},
    {"velocity_curve", "Velocity curve", "exponent", 0.25, 4, 2, "exponential", "", false, false, Scope::zone},
    {"attack", "Attack", "s", 0, 10, 0, "exponential", "", false, true, Scope::zone},
    {"hold", "Hold", "s", 0, 10, 0, "exponential", "", false, true, Scope::zone},
    {"decay", "Decay", "s", 0, 20, 0, "exponential", "", false, true, Scope::zone},
    {"sustain", "Sustain", "", 0, 1, 1, "linear", "", false, true, Scope::zone},
    {"release", "Release", "s", 0.01, 20, 0.1, "exponential", "", false, true, Scope::zone},
    {"start", "Start", "fraction of the clip", 0, 0.99, 0, "linear", "", false, true, Scope::zone},
    {"reverse", "Reverse", "", 0, 1, 0, "choice", "off|on", false, false, Scope::zone},
    {"mode", "Mode", "", 0, 2, 0, "choice", "one-shot|gated|loop", false, false, Scope::zone},
    {"loop_start", "Loop start", "fraction of the clip", 0, 0.98, 0.25, "linear", "", false, false, Scope::zone},
    {"loop_end", "Loop end", "fraction of the clip", 0.02, 1, 0.9, "linear", "", false, false, Scope::zone},
    {"loop_crossfade", "Loop crossfade", "s", 0, 2, 0.05, "exponential", "", false, false, Scope::zone},
    {"choke", "Choke group", "", 0, 32, 0, "integer", "", false, false, Scope::zone},
    {"filter", "Filter", "", 0, 3, 0, "choice", "off|low-pass|band-pass|high-pass", false, true, Scope::zone},
    {"cutoff", "Cutoff", "Hz", 20, 20000, 20000, "exponential", "", true, true, Scope::zone},
    {"resonance", "Resonance", "", 0, 1, 0, "linear", "", true, true, Scope::zone},
    {"filter_track", "Key to cutoff", "octaves an octave", 0, 2, 0, "linear", "", true, false, Scope::zone},
    {"filter_velocity", "Velocity to cutoff", "octaves", -8, 8, 0, "linear", "", false, false, Scope::zone},
    {"filter_envelope", "Envelope to cutoff", "octaves", -8, 8, 0, "linear", "", true, true, Scope::zone},
    {"filter_attack", "Filter attack", "s", 0, 10, 0, "exponential", "", false, false, Scope::zone},
    {"filter_decay", "Filter decay", "s", 0, 20, 0.3, "exponential", "", false, false, Scope::zone},
    {"filter_sustain", "Filter sustain", "", 0, 1, 0, "linear", "", false, false, Scope::zone},
    {"filter_release", "Filter release", "s", 0.01, 20, 0.3, "exponential", "", false, false, Scope::zone},
    {"pressure_gain_db", "Pressure to level", "dB", -24, 24, 0, "linear", "", true, false, Scope::zone},
    {"pressure_cutoff", "Pressure to cutoff", "octaves", -8, 8, 0, "linear", "", true, false, Scope::zone},
    {"release_velocity", "Release velocity to release", "", 0, 1, 0, "linear", "", false, false, Scope::zone},
    {"humanise_gain_db", "Humanised level", "dB", 0, 12, 0, "linear", "", false, false, Scope::zone},
    {"humanise_tune", "Humanised tune", "semitones", 0, 1, 0, "linear", "", false, false, Scope::zone},
    {"humanise_start", "Humanised start", "s", 0, 0.05, 0, "linear", "", false, false, Scope::zone},
    {"output", "Plugin output", "", 1, 8, 1, "integer", "", false, false, Scope::zone},
}};

inline constexpr std::array<ParameterInfo, play_param_count> play_parameters{{
    {"polyphony", "Polyphony", "voices", 1, 256, 64, "integer", "", false, true, Scope::play},
    {"bend_range", "Bend range", "semitones", 0, 48, 2, "linear", "", false, true, Scope::play},
    {"master_gain_db", "Master gain", "dB", -60, 12, -6, "linear", "", true, true, Scope::play},
    {"limiter", "Safety limiter", "", 0, 1, 1, "choice", "off|on", false, false, Scope::play},
    {"channel", "MIDI channel", "0 means all", 0, 16, 0, "integer", "", false, false, Scope::play},
    {"voices", "Voices", "", 0, 2, 0, "choice", "poly|mono|legato", false, true, Scope::play},
    {"glide", "Glide", "s", 0, 10, 0, "exponential", "", false, true, Scope::play},
    {"priority", "Note priority", "", 0, 2, 0, "choice", "last|low|high", false, false, Scope::play},
    {"mpe_members", "MPE members", "channels, 0 means off", 0, 15, 0, "integer", "", false, false, Scope::play},
}};

/// The row of `parameter`, an index of its scope's table. [thread-safe]
constexpr const ParameterInfo& parameter_info(Scope scope, int parameter) noexcept {
    const auto index = static_cast<std::size_t>(parameter);
    return scope == Scope::zone ? zone_parameters[index] : play_parameters[index];
}
constexpr int parameter_count(Scope scope) noexcept {
    return static_cast<int>(scope == Scope::zone ? zone_param_count : play_param_count);
}

/// The value as the sampler has it: in the parameter's range, and its default for what is no number. [thread-safe]
inline float in_range(const ParameterInfo& info, float value) noexcept {
    return static_cast<float>(std::isfinite(value) ? std::clamp<double>(value, info.minimum, info.maximum)
                                                   : info.default_value);
}

/// The value that a parameter takes for this one: in its range, and whole where it is a choice or an integer (a half
/// goes to the even one); its default for what is no number. [thread-safe]
inline double stepped(const ParameterInfo& info, double value) noexcept {
    if (!std::isfinite(value))
        return info.default_value;
    value = std::clamp(value, info.minimum, info.maximum);
    return info.curve == "integer" || info.curve == "choice" ? std::nearbyint(value) : value;
}

} // namespace producergan
