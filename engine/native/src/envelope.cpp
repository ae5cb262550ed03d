#include "producergan/envelope.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace producergan {

namespace {

/// A fall to 0 at the end of `length` frames, by the square of the time left.
float fall(std::int64_t elapsed, std::int64_t length) noexcept {
    const float left = 1.0f - static_cast<float>(elapsed) / static_cast<float>(length);
    return left * left;
}

} // namespace

void Envelope::start(const Shape& shape) noexcept {
    shape_ = shape;
    level_ = 0.0f;
    begin(Stage::attack);
}

void Envelope::release(double factor) noexcept {
    if (released())
        return;
    shape_.release =
        std::max<std::int64_t>(shape_.shortest_release, std::llround(static_cast<double>(shape_.release) * factor));
    release_from_ = level_;
    begin(Stage::release);
}

void Envelope::begin(Stage stage) noexcept {
    stage_ = stage;
    elapsed_ = 0;
}

std::int64_t Envelope::settle() noexcept {
    // A stage of no length falls through to the next within the same frame.
    if (stage_ == Stage::attack && elapsed_ >= shape_.attack)
        begin(Stage::hold);
    if (stage_ == Stage::hold && elapsed_ >= shape_.hold)
        begin(Stage::decay);
    if (stage_ == Stage::decay && elapsed_ >= shape_.decay)
        begin(Stage::sustain);
    if (stage_ == Stage::sustain && shape_.sustain <= 0.0f)
        begin(Stage::finished); // a decay to nothing has ended the note
    if (stage_ == Stage::release && elapsed_ >= shape_.release)
        begin(Stage::finished);
    switch (stage_) {
    case Stage::attack:
        return shape_.attack - elapsed_;
    case Stage::hold:
        return shape_.hold - elapsed_;
    case Stage::decay:
        return shape_.decay - elapsed_;
    case Stage::release:
        return shape_.release - elapsed_;
    default:
        return std::numeric_limits<std::int64_t>::max();
    }
}

float Envelope::after(std::int64_t elapsed) const noexcept {
    switch (stage_) {
    case Stage::attack:
        return static_cast<float>(elapsed) / static_cast<float>(shape_.attack);
    case Stage::hold:
        return 1.0f;
    case Stage::decay:
        return shape_.sustain + (1.0f - shape_.sustain) * fall(elapsed, shape_.decay);
    case Stage::sustain:
        return shape_.sustain;
    case Stage::release:
        return release_from_ * fall(elapsed, shape_.release);
    default:
        return 0.0f;
    }
}

void Envelope::render(float* levels, int frames) noexcept {
    while (frames > 0) {
        const int count = static_cast<int>(std::min<std::int64_t>(frames, settle()));
        if (stage_ == Stage::hold || stage_ == Stage::sustain || stage_ == Stage::finished)
            std::fill_n(levels, count, after(0));
        else
            for (int i = 0; i < count; ++i)
                levels[i] = after(elapsed_ + i + 1);
        elapsed_ += count;
        level_ = levels[count - 1];
        levels += count;
        frames -= count;
    }
}

float Envelope::advance(int frames) noexcept {
    while (frames > 0) {
        const int count = static_cast<int>(std::min<std::int64_t>(frames, settle()));
        elapsed_ += count;
        frames -= count;
        level_ = after(elapsed_);
    }
    return level_;
}

} // namespace producergan
