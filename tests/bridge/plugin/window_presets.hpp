#pragma once
#include <juce_core/juce_core.h>

#include <map>
#include <string>
#include <vector>

#include "link_table.hpp"
#include "place.hpp"

namespace producergan::plugin::test {

/// A preset as an engine would describe it, with sounds that are worked out from their names.
struct FakePreset {
    juce::var program; // the message
    std::map<Place, std::string> sounds;
};

FakePreset drums(); // 25 keys with sounds of their own, one zone of them with two to a key; four are locked
FakePreset path(int first = 36, int last = 96); // keys along a path
FakePreset loops(int channel = 0); // 8 keys that sound as long as they are held, in three layers of two each
FakePreset tones();                // one sound over 61 keys, and drums below

/// A sound's name, made of a seed.
std::string sound_name(int kind, int seed);

/// A decaying stroke, [channels = 1][frames].
std::vector<float> audio(const std::string& sound);

inline constexpr int clip_frames = 16384, clip_rate = 44100;

} // namespace producergan::plugin::test
