#pragma once
#include <cstdint>

#include "producergan/clip.hpp"
#include "producergan/program.hpp"

namespace producergan {

/// Where a note begins to read its clip and, in a loop, between which frames it goes round. Frames of the clip, logical
/// ones: counted from where the sound begins, also in reverse.
struct Course {
    Mode mode = Mode::one_shot;
    bool reverse = false;
    std::int64_t start = 0;
    std::int64_t loop_start = 0, loop_end = 1;
    std::int64_t loop_fade = 0; // of the loop's crossfade, which reads as many before its start

    /// True if all is there that is read from frame `from` on for `frames` frames, and `half` frames to either side.
    /// [thread-safe]
    bool ready(const Clip& clip, std::int64_t from, std::int64_t frames, int half) const noexcept;
};

/// That of a note of this zone on a clip of `frames` frames at `rate` Hz, the first `left_out` seconds left out.
/// [thread-safe]
Course first_course(const Zone& zone, std::int64_t frames, double rate, double left_out = 0.0) noexcept;

} // namespace producergan
