#pragma once
#include "producergan/envelope.hpp"
#include "producergan/filter.hpp"
#include "producergan/program.hpp"

namespace producergan {

/// A voice's filter and what moves it: the zone's parameters, key, velocity, its own envelope, the channel's wishes.
///
/// The cutoff lies as many octaves from the zone's `cutoff` as all of these say together, within 20 Hz and 0.45 of the
/// output's rate. It is worked out on the tick grid; so is the envelope, which begins there.
class VoiceFilter {
public:
    /// What to move by beside the zone's values: octaves of cutoff, and resonance, 0 to 1 with the zone's.
    struct Offsets {
        float cutoff_octaves = 0.0f, resonance = 0.0f;
    };

    /// Silent. `velocity`, 0 to 1, moves the cutoff by so much of `filter_velocity`; like the filter's type and the
    /// envelope's times, that is read here alone. [audio-thread]
    void start(const Zone& zone, int key, float velocity, const Offsets& offsets, double sample_rate) noexcept;

    void release(double factor) noexcept { envelope_.release(factor); } // of the release [audio-thread]

    /// At each tick of the grid; `smoothing` is the share of the way to the target that a tick goes. [audio-thread]
    void tick(const Zone& zone, int key, const Offsets& offsets, float smoothing, double sample_rate) noexcept;

    bool on() const noexcept { return filter_.on(); } // [audio-thread]

    void widen() noexcept { filter_.widen(); } // as Filter's. [audio-thread]

    /// As Filter's. [audio-thread]
    template <typename Use>
    void run(int channel, int offset, Use&& use) noexcept {
        filter_.run(channel, offset, use);
    }

private:
    /// What is smoothed.
    struct Setting {
        float octaves = 0.0f; // of the cutoff above 1 Hz
        float resonance = 0.0f;
        float envelope = 0.0f; // octaves that the whole of it moves the cutoff by
        bool operator==(const Setting&) const = default;
    };
    Setting wanted(const Zone& zone, int key, const Offsets& offsets) noexcept;
    float cutoff(double sample_rate) const noexcept;

    Filter filter_;
    Envelope envelope_;
    Setting setting_;
    float zone_cutoff_ = 0.0f, zone_octaves_ = 0.0f; // in Hz, and its logarithm, which seldom changes
    float velocity_octaves_ = 0.0f;
    float level_ = 0.0f; // of the envelope, at the end of the tick
};

} // namespace producergan
