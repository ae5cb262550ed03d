#pragma once
#include <juce_core/juce_core.h>

#include <array>
#include <set>
#include <vector>

#include "place.hpp"
#include "producergan/knobs.hpp"
#include "producergan/program.hpp"

namespace producergan::plugin {

struct ZoneModel {
    juce::String name;
    std::vector<int> keys; // that a player may strike, ascending
    bool fresh = false;    // a clip that was played is followed by another
    bool path = false;     // it can be morphed
    std::set<int> locked;  // keys that keep their sound when seeds are drawn
    Zone native;           // with the preset's own parameters
};

/// What draws new seeds: a note, or a controller above 63.
struct Trigger {
    bool all = false; // keys, or the last one played
    bool note = false;
    int number = 0;
};

/// A preset as the engine's message `program` describes it: everything that playing needs but the clips.
///
/// Made from a message that was checked against the link's table. Never changed but for what `edited` says.
struct PresetModel {
    juce::var head;            // the message, its fields in the order of the table
    juce::String name, folder; // `folder`: from which the text names its instrument
    juce::String text;         // the preset's TOML as it stands
    juce::String instrument;   // its name
    juce::String digest;       // of its file
    double clip_seconds = 0.0;
    std::vector<ZoneModel> zones;
    std::array<float, play_param_count> play{};
    std::bitset<128> claimed;
    std::vector<Trigger> triggers;
    Macros macros;
    std::array<juce::String, config::macros> macro_names;
    std::array<bool, config::macros> moves_sounds{}; // the others move sampler parameters alone

    /// Raises LinkError if it cannot be played here.
    explicit PresetModel(const juce::var& program);

    /// A program with empty slots.
    ProgramRef program() const;

    /// Whether the clip table has such a slot.
    bool has(Place place) const;

    /// The same preset, whatever serial it was sent under.
    bool same_as(const PresetModel& other) const;

    /// What `edited` says.
    void edit(const juce::var& edited);

    /// The preset's own value of a sampler parameter, of its first zone where it is one of zones.
    float value(Scope scope, std::size_t index) const;

    /// Longest that a note goes on after it was let go, in seconds: a clip that plays to its end, or a release.
    double tail_seconds() const;
};

} // namespace producergan::plugin
