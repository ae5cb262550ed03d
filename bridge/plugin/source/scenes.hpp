#pragma once
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "place.hpp"

namespace producergan::plugin {

/// Where the player's hands stand, as far as it decides which sounds are played: eight macros and the morph pad, 0
/// to 1. Macros that move sampler parameters alone stand at 0 here.
using Stand = std::array<float, 10>;

/// Which sound each slot had where: what came from the engine is remembered, so that it can be played without one.
///
/// A `turn` says how often a slot of a `fresh` zone was played before; in all other zones it is 0. One thread at a
/// time.
class Scenes {
public:
    struct Sight {
        Place place;
        int turn = 0;
        auto operator<=>(const Sight&) const = default;
    };
    using Sounds = std::map<Sight, SoundName>;

    void put(const Stand& stand, Sight sight, const SoundName& sound);

    /// The sound of this very stand and turn; empty if it is not known.
    SoundName find(const Stand& stand, Sight sight);

    /// The sound of the nearest stand at which the slot is known; of its known turns the one that comes round.
    SoundName nearest(const Stand& stand, Sight sight);

    /// Forgets stands, those used longest ago first, until what is left has no more than so many sounds and stands.
    /// `kept` is never forgotten.
    void prune(const Stand& kept, std::size_t most_sounds, std::size_t most_stands);

    /// Forgets all sounds but these.
    void keep(const std::set<SoundName>& names);

    std::size_t stands() const { return scenes_.size(); }

    std::set<SoundName> sounds() const;
    void clear();

    /// The stands, those used last first.
    std::vector<std::pair<Stand, const Sounds*>> all() const;

private:
    struct Scene {
        Sounds sounds;
        std::uint64_t used = 0;
    };
    std::map<Stand, Scene> scenes_;
    std::uint64_t clock_ = 0;
};

} // namespace producergan::plugin
