#pragma once
// Every tunable of the sampler, with its unit and its reason.
#include <cstddef>
#include <cstdint>

namespace producergan::config {

inline constexpr int block_frames = 1024; // frames of a clip that become ready together (DESIGN: blocks)
inline constexpr int tick_frames = 32;    // grid on which parameters are smoothed; 0.7 ms at 48 kHz
inline constexpr int max_voices = 256;    // sounding voices at most
inline constexpr int max_zones = 64;      // zones of a program
inline constexpr int keys = 128;          // MIDI notes
inline constexpr int macros = 8;          // of a preset
inline constexpr int max_siblings = 8;    // clips in a layer's round robin
inline constexpr int max_layers = 4;      // velocity layers of a zone
inline constexpr int max_variants = max_layers * max_siblings; // clips of a key
inline constexpr int channels = 16;                            // MIDI channels
inline constexpr int outputs = 8;                              // stereo outputs at most
inline constexpr int max_events = 4096;     // events a process call looks at; more are dropped and counted
inline constexpr int command_queue = 8192;  // clip-table and parameter messages under way; a power of two
inline constexpr int tick_commands = 64;    // of those, taken a tick: 256 in 128 frames, so that no block gets longer
inline constexpr int max_choke_groups = 33; // group 0 means none

inline constexpr double kill_seconds = 0.005;             // choke, steal, all sound off: inaudible as a click, short
inline constexpr double residue_seconds = 0.001;          // a dying voice cut short because the reserve is full
inline constexpr double swap_seconds = 0.010;             // crossfade from one clip to the next
inline constexpr double morph_delay_seconds = 0.020;      // offline: from a controller to the crossfade it causes
inline constexpr double renewal_seconds = 0.010;          // offline: grid on which played sounds are looked for
inline constexpr double starve_seconds = 0.002;           // fade before a block that is not ready
inline constexpr double abandon_seconds = 5.0;            // an unheld voice's wait; a failed run is retried in 4 s
inline constexpr double start_inside_seconds = 0.001;     // fade-in where a voice starts inside a clip
inline constexpr double shortest_release_seconds = 0.010; // the quadratic release starts at twice the linear slope
inline constexpr double smoothing_seconds = 0.005;        // time constant of gain, pan and pitch smoothing
inline constexpr double young_seconds = 0.020;            // notes this young are stolen last: they may be of one chord
inline constexpr double default_mpe_bend_range = 48.0;    // semitones; MPE 1.0, of the members
inline constexpr double controller_time_factor = 10.0;    // controllers 72, 73 and release velocity: × or ÷ as much
inline constexpr double shortest_turned_attack = 0.010;   // s: what controller 73 makes longer where there is none
inline constexpr float brightness_octaves = 4.0f;         // controller 74, to either side
inline constexpr float resonance_reach = 0.5f;            // controller 71, to either side
inline constexpr double limiter_threshold = 0.966f;       // -0.3 dBFS
inline constexpr double limiter_release_seconds = 0.080;

inline constexpr float filter_lowest_hertz = 20.0f;
inline constexpr float filter_highest_share = 0.45f; // of the output's rate: beyond, the bilinear map squeezes all
inline constexpr double filter_lowest_q = 0.70710678118654752; // resonance 0: the flattest low-pass
inline constexpr double filter_highest_q = 20.0;               // resonance 1: rings, does not sing by itself

inline constexpr int sinc_phases = 512;  // table positions between two frames, interpolated linearly
inline constexpr int sinc_half_taps = 8; // at ratio 1: 16 taps; error about -90 dB up to 0.85 of Nyquist
inline constexpr double sinc_kaiser_beta = 9.0;
inline constexpr double max_ratio = 64.0; // source frames an output frame: six octaves up
inline constexpr double min_ratio = 1.0 / 64.0;

} // namespace producergan::config
