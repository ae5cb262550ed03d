#include "producergan/envelope.hpp"

#include <algorithm>
#include <cmath>

namespace producergan {

void Envelope::start(const Shape& shape) noexcept {
    shape_ = shape;
    stage_ = Stage::attack;
    elapsed_ = 0;
    level_ = 0.0f;
}

void Envelope::release(double factor) noexcept {
    if (released())
        return;
    shape_.release =
        std::max<std::int64_t>(shape_.shortest_release, std::llround(static_cast<double>(shape_.release) * factor));
    stage_ = Stage::release;
    elapsed_ = 0;
    release_from_ = level_;
}

float Envelope::next() noexcept {
    // A stage of no length falls through to the next within the same frame.
    if (stage_ == Stage::attack) {
        if (elapsed_ < shape_.attack)
            return level_ = static_cast<float>(++elapsed_) / static_cast<float>(shape_.attack);
        stage_ = Stage::hold;
        elapsed_ = 0;
    }
    if (stage_ == Stage::hold) {
        if (elapsed_++ < shape_.hold)
            return level_ = 1.0f;
        stage_ = Stage::decay;
        elapsed_ = 0;
    }
    if (stage_ == Stage::decay) {
        if (elapsed_ < shape_.decay) {
            const float left = 1.0f - static_cast<float>(++elapsed_) / static_cast<float>(shape_.decay);
            return level_ = shape_.sustain + (1.0f - shape_.sustain) * left * left;
        }
        stage_ = Stage::sustain;
    }
    if (stage_ == Stage::sustain) {
        if (shape_.sustain > 0.0f)
            return level_ = shape_.sustain;
        stage_ = Stage::finished; // a decay to nothing has ended the note
    }
    if (stage_ == Stage::release) {
        if (elapsed_ < shape_.release) {
            const float left = 1.0f - static_cast<float>(++elapsed_) / static_cast<float>(shape_.release);
            return level_ = release_from_ * left * left;
        }
        stage_ = Stage::finished;
    }
    return level_ = 0.0f;
}

void Envelope::render(float* levels, int frames) noexcept {
    for (int i = 0; i < frames; ++i)
        levels[i] = next();
}

} // namespace producergan
