#pragma once
#include <vector>

#include "../place.hpp"
#include "../preset_model.hpp"

namespace producergan::plugin {

/// A key of a preset, and where its sounds are.
struct KeySounds {
    int key = 0;
    int zone = 0;              // the first that has it
    bool shared = false;       // its sound is that of the whole zone
    bool locked = false;       // in every zone that has it
    std::vector<Place> places; // all of its sounds: zones, layers, siblings
    std::size_t usual = 0;     // the place that an ordinary stroke plays
};

/// The keys that a preset maps, from the lowest to the highest.
struct KeyMap {
    std::vector<KeySounds> keys;
    bool pads = false; // few keys, each with a sound of its own

    KeyMap() = default;
    explicit KeyMap(const PresetModel& model);

    const KeySounds* find(int key) const; // null if it plays nothing
    /// The key that comes so many after a key; the nearest end where there is none.
    int step(int key, int by) const;
};

inline constexpr int most_pads = 32;
inline constexpr int usual_velocity = 100; // of an ordinary stroke

/// A velocity that plays a variant's layer: an ordinary stroke's where that does.
int velocity_of(const Zone& zone, int variant);

juce::String note_name(int key); // 60 is "C4"

} // namespace producergan::plugin
