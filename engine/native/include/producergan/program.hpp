#pragma once
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "producergan/clip.hpp"
#include "producergan/config.hpp"
#include "producergan/parameters.hpp"

namespace producergan {

/// Keys with one way of finding their sound and one set of parameters.
struct Zone {
    std::bitset<config::keys> notes; // the MIDI notes that it plays; they need not be next to each other
    bool shared = false;             // one clip table slot (the root's) for all keys, played at pitch: a chromatic zone
    int root = 60;                   // the note at which a chromatic zone plays its clip unchanged
    int siblings = 1;                // slots of the round robin
    std::array<float, zone_param_count> parameters{};

    Zone() {
        for (std::size_t i = 0; i < zone_param_count; ++i)
            parameters[i] = zone_parameters[i].default_value;
    }
    float get(ZoneParam id) const noexcept { return parameters[static_cast<std::size_t>(id)]; }
    int slot_key(int key) const noexcept { return shared ? root : key; }
};

/// The clips of one key of one zone, and which of them was played last.
///
/// A clip may arrive while only the blocks that a sounding voice needs are ready. A new note keeps to the clip before
/// it until the newer one's onset is there, so that no note waits.
struct ClipSlot {
    std::array<ClipRef, config::max_siblings> clips;  // what a new note plays
    std::array<ClipRef, config::max_siblings> coming; // what it will play
    int last = -1;

    void put(int sibling, const ClipRef& clip, const Zone& zone) noexcept;
    const ClipRef& newest(int sibling, const Zone& zone) noexcept; // [audio-thread]
};

/// What the keys play: zones, play settings and the clip table. Made by the control thread, then the audio thread's.
/// Knows its own shared pointer, as a Clip does.
struct Program : std::enable_shared_from_this<Program> {
    const std::uint64_t id = next_id(); // of this process, from 1 on
    std::vector<Zone> zones;
    std::array<float, play_param_count> play{};
    std::bitset<128> claimed; // controllers that are bound to macros: the sampler leaves them alone
    std::vector<ClipSlot> table;

    /// Raises std::invalid_argument on more zones than max_zones or a zone out of range. [control-thread]
    explicit Program(std::vector<Zone> zone_list);

    static std::uint64_t next_id() noexcept; // [thread-safe]

    float get(PlayParam id) const noexcept { return play[static_cast<std::size_t>(id)]; }
    ClipSlot& slot(int zone, int slot_key) noexcept {
        return table[static_cast<std::size_t>(zone * config::keys + slot_key)];
    }
};

using ProgramRef = std::shared_ptr<Program>;

} // namespace producergan
