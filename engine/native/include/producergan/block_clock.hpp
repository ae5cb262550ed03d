#pragma once
#include <cstdint>

namespace producergan {

/// When the audio blocks begin, freed from the jitter of the thread that is told to compute them.
///
/// A delay-locked loop of second order (F. Adriaensen, "Using a DLL to filter time", 2005).
class BlockClock {
public:
    /// Runs at the nominal rate, in Hz, until blocks tell it better. [setup]
    explicit BlockClock(double sample_rate) noexcept : nominal_(1e9 / sample_rate), period_(nominal_) {}

    /// The smoothed time of the block whose callback began at `now_ns` and has `frames` frames. [audio-thread]
    std::int64_t begin(std::int64_t now_ns, int frames) noexcept;

    /// The device has lost time: the next block begins the clock anew. [audio-thread]
    void restart() noexcept { running_ = false; }

private:
    double nominal_; // nanoseconds a frame
    double period_;  // the same, as measured
    double next_ = 0.0;
    double seconds_ = 0.0; // since it began to run
    bool running_ = false;
};

} // namespace producergan
