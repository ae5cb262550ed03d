#pragma once
// At which frames a render without a clock does what live play does as soon as it can. The same in every process that
// renders, so that all give the same audio, however they cut it into blocks.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "producergan/config.hpp"

namespace producergan {

/// The frames nearest to a time, at least one. [thread-safe]
inline std::int64_t frames_of(double seconds, double sample_rate) noexcept {
    return std::max<std::int64_t>(1, std::llround(seconds * sample_rate));
}

/// At each frame that is a multiple of this it is looked which slots are silent again that sounded the time before: a
/// fresh zone renews their sounds. [thread-safe]
inline std::int64_t renewal_frames(double sample_rate) noexcept {
    return frames_of(config::renewal_seconds, sample_rate);
}

/// When a move of the hands is heard: a fixed time after it, and never two in one crossfade. A move that has to wait
/// for the crossfade before it takes the place of one that waits already: the newest counts. One thread at a time.
class MorphTimes {
public:
    explicit MorphTimes(double sample_rate) noexcept // [setup]
        : delay_(frames_of(config::morph_delay_seconds, sample_rate)),
          spacing_(frames_of(config::swap_seconds, sample_rate)) {}

    struct Due {
        std::int64_t frame; // from which on the sounds are wanted that the hands ask for now
        bool replaces;      // the sounds asked for last, which were due at this very frame
    };

    /// The hands moved at a frame, none before the last; frames count from 0. [audio-thread]
    Due move(std::int64_t frame) noexcept {
        const std::int64_t due = frame + delay_;
        if (last_ > frame && deferred_ && due <= last_)
            return {last_, true};
        const std::int64_t earliest = last_ + spacing_;
        deferred_ = due < earliest;
        last_ = std::max(due, earliest);
        return {last_, false};
    }

private:
    std::int64_t delay_, spacing_;
    std::int64_t last_ = 0; // when the last move is due
    bool deferred_ = false; // it waits for the crossfade before it
};

} // namespace producergan
