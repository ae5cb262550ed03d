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
    int layers = 1;                  // of velocity: equal parts of 1 to 127, softest first
    int siblings = 1;                // clips of a layer's round robin
    std::array<float, zone_param_count> parameters{};

    Zone() {
        for (std::size_t i = 0; i < zone_param_count; ++i)
            parameters[i] = static_cast<float>(zone_parameters[i].default_value);
    }
    // [thread-safe], while nobody changes the zone
    float get(ZoneParam id) const noexcept { return parameters[static_cast<std::size_t>(id)]; }
    int slot_key(int key) const noexcept { return shared ? root : key; }
    int layer(int velocity) const noexcept { return (velocity - 1) * layers / 127; } // velocity 1 to 127
};

/// The clips of one key of one zone, and which of each velocity layer's was played last. Variant number =
/// layer · siblings of the zone + sibling.
///
/// A clip may arrive while only the blocks that a sounding voice needs are ready. A new note keeps to the clip before
/// it until the newer one's onset is there, so that no note waits.
struct ClipSlot {
    static constexpr int none = -1;

    std::array<ClipRef, config::max_variants> clips;  // what a new note plays
    std::array<ClipRef, config::max_variants> coming; // what it will play

    void put(int variant, const ClipRef& clip, const Zone& zone) noexcept; // [audio-thread]

    /// The variant that a note of this velocity plays, the next in the round robin of its layer. Those with an onset to
    /// play come first, then those of the nearest layer, the softer of two; none where there is no clip at all.
    /// [audio-thread]
    int next(int velocity, const Zone& zone) noexcept;

private:
    const ClipRef& newest(int variant, const Zone& zone) noexcept;
    int next_of_layer(int layer, const Zone& zone, bool ready) noexcept;

    std::array<int, config::max_layers> last_ = [] {
        std::array<int, config::max_layers> siblings{};
        siblings.fill(none);
        return siblings;
    }();
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

    // Of whom the program belongs to: [control-thread] until it is handed over, then [audio-thread]
    float get(PlayParam id) const noexcept { return play[static_cast<std::size_t>(id)]; }
    ClipSlot& slot(int zone, int slot_key) noexcept {
        return table[static_cast<std::size_t>(zone * config::keys + slot_key)];
    }
};

using ProgramRef = std::shared_ptr<Program>;

} // namespace producergan
