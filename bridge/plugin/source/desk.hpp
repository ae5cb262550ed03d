#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "host_parameters.hpp"
#include "place.hpp"
#include "preset_model.hpp"
#include "producergan/knobs.hpp"

namespace producergan::plugin {

/// Where the hands stand: what decides, beside the preset and the turns, which sound each key has.
struct Hands {
    std::uint64_t version = 0; // grows with every change
    Knobs::Positions positions{};
    std::array<double, 2> morph{};
    Knobs::Touches touches; // not a number: none

    Hands() noexcept {
        for (auto& row : touches)
            row.fill(std::numeric_limits<double>::quiet_NaN());
    }
    bool touched(int key) const noexcept {
        for (const double position : touches[static_cast<std::size_t>(key)])
            if (Knobs::is_touch(position))
                return true;
        return false;
    }
};

/// How often each slot of the fresh zones was played: what decides which of its sounds comes next. Written by the audio
/// thread, read by any.
class Turns {
public:
    explicit Turns(const PresetModel& model) : rows_(model.zones.size(), none) {
        int rows = 0;
        for (std::size_t zone = 0; zone < model.zones.size(); ++zone)
            if (model.zones[zone].fresh)
                rows_[zone] = rows++;
        counts_ = std::vector<std::atomic<int>>(static_cast<std::size_t>(rows * zone_size));
    }

    int get(Place place) const noexcept { // 0 in zones that are not fresh [thread-safe]
        const int row = rows_[place.zone];
        return row == none ? 0 : counts_[index(row, place)].load(std::memory_order_relaxed);
    }
    void raise(Place place) noexcept { // [audio-thread]
        if (const int row = rows_[place.zone]; row != none)
            counts_[index(row, place)].fetch_add(1, std::memory_order_relaxed);
    }
    void forget(int key) noexcept { // [thread-safe]
        for (const int row : rows_)
            for (int variant = 0; row != none && variant < config::max_variants; ++variant)
                counts_[index(row, {0, static_cast<std::uint8_t>(key), static_cast<std::uint8_t>(variant)})].store(
                    0, std::memory_order_relaxed);
    }
    bool any_fresh() const noexcept { return !counts_.empty(); }                 // [thread-safe]
    bool fresh(Place place) const noexcept { return rows_[place.zone] != none; } // [thread-safe]

    /// Calls visit(place, turn) for all that are not 0. [thread-safe]
    template <typename Visit>
    void each(Visit&& visit) const {
        for (std::size_t zone = 0; zone < rows_.size(); ++zone)
            for (int i = 0; rows_[zone] != none && i < zone_size; ++i) {
                const Place place{static_cast<std::uint8_t>(zone), static_cast<std::uint8_t>(i / config::max_variants),
                                  static_cast<std::uint8_t>(i % config::max_variants)};
                if (const int turn = get(place); turn != 0)
                    visit(place, turn);
            }
    }

private:
    static constexpr int none = -1;
    static constexpr int zone_size = config::keys * config::max_variants;
    static std::size_t index(int row, Place place) noexcept {
        return static_cast<std::size_t>(row * zone_size + place.key * config::max_variants + place.variant);
    }

    std::vector<int> rows_; // of each zone
    std::vector<std::atomic<int>> counts_;
};

/// The values of all sampler parameters of a program.
struct Values {
    std::vector<std::array<float, zone_param_count>> zones;
    std::array<float, play_param_count> play{};
};

/// A preset in the player's hands: made by the control side, then the audio thread's until the next one comes.
struct Desk {
    std::shared_ptr<const PresetModel> model;
    ProgramRef program;
    Knobs knobs;
    Turns turns;
    Values own;  // the preset's, before anything moves them
    Values told; // what the program has now

    /// `positions`: where the macros stand; those of the preset unless given.
    explicit Desk(std::shared_ptr<const PresetModel> preset, const Knobs::Positions* positions = nullptr);
};

/// Whether a key of a zone is moved by itself, so that its sound is not that of where all hands stand. [thread-safe]
inline bool moved_alone(const PresetModel& model, const Hands& hands, int zone, int key) noexcept {
    return !model.zones[static_cast<std::size_t>(zone)].native.shared && hands.touched(key);
}

/// What the sampler parameters of a desk are: the preset's own; in their place in all zones those that the host has
/// taken over; in their place what macros say. [audio-thread]
void work_out(const Desk& desk, const HostParameters& host, Values& values) noexcept;

} // namespace producergan::plugin
