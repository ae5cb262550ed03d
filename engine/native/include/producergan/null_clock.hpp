#pragma once
#include <atomic>
#include <thread>

#include "producergan/audio_callback.hpp"

namespace producergan {

/// Runs the audio callback block by block at the pace of a sound card, and throws the sound away.
class NullClock {
public:
    /// Blocks of so many frames, once it is started. [setup]
    NullClock(AudioCallback& callback, double sample_rate, int block_frames);
    ~NullClock();

    void start(); // [control-thread]
    void stop();  // waits for the block under way [control-thread]

private:
    void run();

    AudioCallback& callback_;
    double sample_rate_;
    int block_frames_;
    std::atomic<bool> running_{false};
    std::thread thread_;
};

} // namespace producergan
