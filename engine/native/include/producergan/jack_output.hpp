#pragma once
#include <atomic>
#include <cstdint>

#include "producergan/audio_callback.hpp"

namespace producergan {

/// What JACK calls: fills two ports of a JACK client from the audio callback.
///
/// The client, its ports and the library belong to whoever made them: of JACK only the address of one function comes
/// here, so that the native layer needs neither its headers nor its library.
class JackOutput {
public:
    using GetBuffer = void* (*)(void* port, std::uint32_t frames); // jack_port_get_buffer

    /// `left` and `right` are the ports, as JACK's library knows them. [setup]
    JackOutput(AudioCallback& callback, GetBuffer get_buffer, void* left, void* right) noexcept
        : callback_(callback), get_buffer_(get_buffer), left_(left), right_(right) {}

    /// JACK's process callback (JackProcessCallback), with this object as its argument. [audio-thread]
    static int process(std::uint32_t frames, void* self) noexcept;

    /// JACK has lost time (JackXRunCallback): the next block is told. [thread-safe]
    static int xrun(void* self) noexcept;

    /// The server has ended, or has thrown the client out (JackInfoShutdownCallback). [thread-safe]
    static void shut_down(int code, const char* reason, void* self) noexcept;

    /// Whether JACK no longer asks for audio. [thread-safe]
    bool ended() const noexcept { return ended_.load(std::memory_order_relaxed); }

private:
    AudioCallback& callback_;
    GetBuffer get_buffer_;
    void* left_;
    void* right_;
    std::atomic<bool> lost_time_{false};
    std::atomic<bool> ended_{false};
};

} // namespace producergan
