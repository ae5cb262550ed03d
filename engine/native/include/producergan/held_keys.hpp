#pragma once
#include <array>
#include <bitset>
#include <cstdint>

#include "producergan/config.hpp"

namespace producergan {

/// Which of the keys that are down a channel with one note at a time plays. Values of the play parameter `priority`.
enum class Priority { last = 0, low = 1, high = 2 };

/// The keys of one channel: which are down, in the order struck, and which the sostenuto pedal has caught.
class HeldKeys {
public:
    static constexpr int none = -1;

    void strike(int key, int velocity) noexcept; // [audio-thread]
    void lift(int key) noexcept;                 // [audio-thread]
    void lift_all() noexcept { count_ = 0; }     // [audio-thread]

    /// Sostenuto down: the keys that are down now are held, struck again or not, until let_caught_go. [audio-thread]
    void catch_held() noexcept;
    void let_caught_go() noexcept { caught_.reset(); } // [audio-thread]

    bool any_down() const noexcept { return count_ > 0; } // [audio-thread]
    bool down(int key) const noexcept;                    // [audio-thread]
    bool holds(int key) const noexcept;                   // down or caught [audio-thread]
    int first(Priority priority) const noexcept; // of the keys that are down; none if there are none [audio-thread]
    int velocity(int key) const noexcept { return velocities_[static_cast<std::size_t>(key)]; } // [audio-thread]

    int playing = none; // the key whose note sounded last, where the channel has one note at a time

private:
    std::array<std::uint8_t, config::keys> order_{}, velocities_{};
    int count_ = 0;
    std::bitset<config::keys> caught_;
};

} // namespace producergan
