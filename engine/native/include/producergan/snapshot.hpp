#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "producergan/config.hpp"
#include "producergan/sequence_lock.hpp"

namespace producergan {

/// What one voice was doing at the end of a block.
struct VoiceReport {
    std::uint64_t voice = 0;                                  // counts up with each voice started
    std::uint64_t program = 0;                                // the program it was struck in
    std::uint64_t clip = 0;                                   // the clip it sounds or is on its way to
    std::uint64_t incoming = 0;                               // the clip that a crossfade under way leads to, else 0
    std::int64_t faded = 0;                                   // output frames of that crossfade that are done
    std::int64_t position = 0;                                // logical, 32.32 fixed point, frames of the clip
    std::int64_t step = 0;                                    // 32.32 fixed point, frames of the clip an output frame
    std::int64_t loop_start = 0, loop_end = 0, loop_fade = 0; // frames, below 2^31; the fade reads before the start too
    std::uint8_t zone = 0, key = 0, slot_key = 0, variant = 0, channel = 0;
    bool looping = false, reverse = false, released = false;
};

/// The positions of all voices, published by the audio thread under a sequence lock.
class Snapshot {
public:
    static constexpr int capacity = 2 * config::max_voices;

    void begin() noexcept;                       // [audio-thread]
    void add(const VoiceReport& voice) noexcept; // [audio-thread]
    void end(std::int64_t frame) noexcept;       // [audio-thread]

    /// A consistent copy, and the output frame it was taken at. Retries while the audio thread writes.
    /// [control-thread]
    std::int64_t read(std::vector<VoiceReport>& voices) const;

private:
    static constexpr int words = 10;
    SequenceLock lock_;
    std::atomic<std::uint64_t> count_{0};
    std::atomic<std::uint64_t> frame_{0};
    std::array<std::atomic<std::uint64_t>, capacity * words> data_{};
    int filling_ = 0;
};

} // namespace producergan
