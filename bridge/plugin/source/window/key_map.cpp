#include "key_map.hpp"

#include <juce_audio_basics/juce_audio_basics.h>

#include <algorithm>
#include <map>

namespace producergan::plugin {

KeyMap::KeyMap(const PresetModel& model) {
    std::map<int, KeySounds> found;
    bool own = true;
    for (std::size_t index = 0; index < model.zones.size(); ++index) {
        const ZoneModel& zone = model.zones[index];
        own &= !zone.native.shared;
        for (const int key : zone.keys) {
            const bool first = !found.contains(key);
            KeySounds& sounds = found[key];
            const bool locked = zone.native.shared ? !zone.locked.empty() : zone.locked.contains(key);
            sounds.locked = locked && (first || sounds.locked);
            if (first) {
                sounds.key = key;
                sounds.zone = static_cast<int>(index);
                sounds.shared = zone.native.shared;
                sounds.usual = static_cast<std::size_t>(zone.native.layer(usual_velocity) * zone.native.siblings);
            }
            for (int variant = 0; variant < zone.native.layers * zone.native.siblings; ++variant)
                sounds.places.push_back({static_cast<std::uint8_t>(index),
                                         static_cast<std::uint8_t>(zone.native.slot_key(key)),
                                         static_cast<std::uint8_t>(variant)});
        }
    }
    for (auto& [key, sounds] : found)
        keys.push_back(std::move(sounds));
    pads = own && keys.size() <= most_pads;
}

const KeySounds* KeyMap::find(int key) const {
    const auto found = std::lower_bound(keys.begin(), keys.end(), key,
                                        [](const KeySounds& sounds, int wanted) { return sounds.key < wanted; });
    return found != keys.end() && found->key == key ? &*found : nullptr;
}

int KeyMap::step(int key, int by) const {
    if (keys.empty())
        return key;
    const auto found = std::lower_bound(keys.begin(), keys.end(), key,
                                        [](const KeySounds& sounds, int wanted) { return sounds.key < wanted; });
    const int at = static_cast<int>(found - keys.begin()) + by;
    return keys[static_cast<std::size_t>(juce::jlimit(0, static_cast<int>(keys.size()) - 1, at))].key;
}

int velocity_of(const Zone& zone, int variant) {
    const int layer = variant / zone.siblings;
    return zone.layer(usual_velocity) == layer ? usual_velocity
                                               : juce::jlimit(1, 127, 1 + (2 * layer + 1) * 127 / (2 * zone.layers));
}

juce::String note_name(int key) { return juce::MidiMessage::getMidiNoteName(key, true, true, 4); }

} // namespace producergan::plugin
