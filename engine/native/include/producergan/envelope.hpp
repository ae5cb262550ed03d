#pragma once
#include <cstdint>

namespace producergan {

/// Attack, hold, decay, sustain, release, a frame at a time.
///
/// Attack is linear; decay and release fall as the square of the time left, near to the exponential of analogue
/// envelopes but reaching their end. All are functions of whole frame counts: the same whatever the block size.
class Envelope {
public:
    struct Shape {
        std::int64_t attack = 0, hold = 0, decay = 0, release = 0; // frames
        std::int64_t shortest_release = 0;                         // frames
        float sustain = 1.0f;                                      // 0 to 1
    };

    void start(const Shape& shape) noexcept; // [audio-thread]

    /// Begins the release, `factor` times as long as the shape has it. [audio-thread]
    void release(double factor = 1.0) noexcept;

    bool released() const noexcept { return stage_ >= Stage::release; }  // or finished [audio-thread]
    bool finished() const noexcept { return stage_ == Stage::finished; } // [audio-thread]

    /// Writes the next `frames` levels, 0 to 1. [audio-thread]
    void render(float* levels, int frames) noexcept;

    /// The level `frames` frames on: the last that `render` would write. [audio-thread]
    float advance(int frames) noexcept;

private:
    enum class Stage { attack, hold, decay, sustain, release, finished };
    void begin(Stage stage) noexcept;
    std::int64_t settle() noexcept;                   // enters the stage of the next frame; frames left of it
    float after(std::int64_t elapsed) const noexcept; // level, so many frames into the stage

    Shape shape_;
    Stage stage_ = Stage::finished;
    std::int64_t elapsed_ = 0; // frames since the stage began
    float level_ = 0.0f;
    float release_from_ = 0.0f;
};

} // namespace producergan
