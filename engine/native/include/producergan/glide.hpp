#pragma once

namespace producergan {

/// The way of a pitch from one note to the next: semitones off the new one, linear to 0, a tick of the grid at a time.
class Glide {
public:
    void start(double semitones, int ticks) noexcept { // [audio-thread]
        from_ = now_ = semitones;
        left_ = ticks_ = ticks;
    }

    /// True if the pitch moved. With no ticks the first one is there at once. [audio-thread]
    bool tick() noexcept {
        if (now_ == 0.0)
            return false;
        left_ = left_ > 0 ? left_ - 1 : 0;
        now_ = left_ > 0 ? from_ * left_ / ticks_ : 0.0;
        return true;
    }

    double semitones() const noexcept { return now_; } // [audio-thread]

private:
    double from_ = 0.0, now_ = 0.0;
    int left_ = 0, ticks_ = 0;
};

} // namespace producergan
