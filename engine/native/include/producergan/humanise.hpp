#pragma once
#include <cstdint>

#include "producergan/program.hpp"

namespace producergan {

/// How one note differs from the next, drawn evenly within what the zone's `humanise_…` parameters allow.
struct Humanised {
    float gain = 1.0f;      // within half of humanise_gain_db to either side
    double semitones = 0.0; // within humanise_tune to either side
    double seconds = 0.0;   // of the clip that are left out: 0 to humanise_start
};

/// The same for the same voice number, which counts from Sampler::prepare: a render repeats. Nothing is changed where
/// all three parameters are 0. [audio-thread]
Humanised humanise(const Zone& zone, std::uint64_t voice) noexcept;

} // namespace producergan
