#include "window_presets.hpp"

#include <cmath>
#include <numeric>

#include "frame.hpp"
#include "json.hpp"

namespace producergan::plugin::test {

namespace {

juce::var list(const std::vector<int>& numbers) {
    juce::Array<juce::var> made;
    for (const int number : numbers)
        made.add(number);
    return made;
}

struct Macro {
    const char* name;
    double position;
    const char* parameter; // that it moves; "" where it moves sounds, null where it does nothing
    double low = 0.0, high = 1.0;
};

juce::var macros(const std::vector<Macro>& given) {
    juce::Array<juce::var> rows;
    for (int i = 0; i < 8; ++i) {
        const Macro macro =
            i < static_cast<int>(given.size()) ? given[static_cast<std::size_t>(i)] : Macro{"", 0.0, nullptr};
        juce::Array<juce::var> targets;
        if (macro.parameter != nullptr && *macro.parameter != 0)
            targets.add(object({{"zone", -1},
                                {"play", false},
                                {"id", macro.parameter},
                                {"low", macro.low},
                                {"high", macro.high},
                                {"curve", "linear"}}));
        rows.add(object({{"id", i + 1},
                         {"name", macro.name},
                         {"position", macro.position},
                         {"controller", i == 0 ? 1 : 15 + i},
                         {"minimum", 0.0},
                         {"maximum", 1.0},
                         {"used", macro.parameter != nullptr},
                         {"sounds", macro.parameter != nullptr && *macro.parameter == 0},
                         {"targets", targets}}));
    }
    return rows;
}

juce::var zone(const char* name, const std::vector<int>& keys, bool shared, int siblings, int layers, bool fresh,
               bool path, const std::vector<int>& locked, const juce::var& parameters) {
    return object({{"name", name},
                   {"keys", list(keys)},
                   {"shared", shared},
                   {"root", 60},
                   {"siblings", siblings},
                   {"layers", layers},
                   {"fresh", fresh},
                   {"path", path},
                   {"locked", list(locked)},
                   {"parameters", parameters}});
}

std::vector<int> range(int first, int last) {
    std::vector<int> keys(static_cast<std::size_t>(last - first + 1));
    std::iota(keys.begin(), keys.end(), first);
    return keys;
}

FakePreset preset(const char* name, const char* instrument, const juce::Array<juce::var>& zones,
                  const juce::var& macro_rows, const std::vector<int>& kinds) {
    FakePreset made;
    made.program = brought_up_to_date(object({{"serial", 1},
                                              {"name", name},
                                              {"text", juce::String("name = \"") + name + "\"\n"},
                                              {"instrument", object({{"name", instrument},
                                                                     {"sample_rate", clip_rate},
                                                                     {"channels", 1},
                                                                     {"clip_frames", clip_frames}})},
                                              {"zones", zones},
                                              {"play", object({{"master_gain_db", -6.0}})},
                                              {"macros", macro_rows}}),
                                      "program");
    for (int index = 0; index < zones.size(); ++index) {
        const juce::var& row = zones[index];
        const int variants = static_cast<int>(row["layers"]) * static_cast<int>(row["siblings"]);
        const juce::Array<juce::var> keys =
            row["shared"] ? juce::Array<juce::var>{row["root"]} : *row["keys"].getArray();
        for (const int key : keys)
            for (int variant = 0; variant < variants; ++variant)
                made.sounds[{static_cast<std::uint8_t>(index), static_cast<std::uint8_t>(key),
                             static_cast<std::uint8_t>(variant)}] =
                    sound_name(kinds[static_cast<std::size_t>(index)], 100 * key + variant);
    }
    return made;
}

} // namespace

std::string sound_name(int kind, int seed) {
    return juce::String::toHexString(seed).paddedLeft('0', 8).toStdString() +
           juce::String::toHexString(kind).paddedLeft('0', 24).toStdString();
}

/// Kind 0: a stroke; 1: a stroke of noise; 2: a sound that turns, with its seed, from noise into a tone.
std::vector<float> audio(const std::string& sound) {
    const int seed = juce::String(sound).substring(0, 8).getHexValue32();
    const int kind = juce::String(sound).substring(8).getHexValue32();
    juce::Random random(seed);
    const float pitch = 60.0f + 400.0f * random.nextFloat() * random.nextFloat();
    const float decay = kind == 2 ? 1.2f : 4.0f + 26.0f * random.nextFloat();
    const float noise = kind == 1   ? 0.9f
                        : kind == 2 ? 1.0f - static_cast<float>(seed % 12800) / 12800.0f
                                    : 0.5f * random.nextFloat();
    const float wobble = 3.0f + 9.0f * random.nextFloat();
    std::vector<float> samples(clip_frames);
    for (int i = 0; i < clip_frames; ++i) {
        const float t = static_cast<float>(i) / static_cast<float>(clip_rate);
        const float envelope =
            std::exp(-decay * t) * std::min(1.0f, t * 900.0f) * (0.8f + 0.2f * std::cos(6.28f * wobble * t));
        const float tone = std::sin(6.2832f * (pitch * t + 6.0f * (1.0f - std::exp(-30.0f * t))));
        samples[static_cast<std::size_t>(i)] =
            0.9f * envelope *
            ((1.0f - noise) * tone + noise * (2.0f * random.nextFloat() - 1.0f) * std::exp(-0.4f * decay * t));
    }
    return samples;
}

FakePreset drums() {
    const std::vector<int> kit{35, 36, 37, 38, 39, 40, 41, 43, 45, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59};
    return preset("Drums", "drums",
                  {zone("kit", kit, false, 1, 3, false, false, {36, 38, 49}, object({{"velocity_curve", 1.5}})),
                   zone("hats", {42, 44, 46}, false, 2, 1, true, false, {46},
                        object({{"choke", 1.0}, {"gain_db", -4.0}, {"pan", 0.2}}))},
                  macros({{"Mutate", 0.0, ""},
                          {"Brightness", 0.5, ""},
                          {"Warmth", 0.62, ""},
                          {"Tune", 0.5, "tune", -12.0, 12.0},
                          {"Snap", 0.2, "start", 0.0, 0.25},
                          {"Softer / harder", 0.5, ""},
                          {"Centre", 1.0, ""}}),
                  {0, 1});
}

FakePreset path(int first, int last) {
    return preset(
        "Path", "drums",
        {zone("way", range(first, last), false, 1, 1, false, true, {60}, object({{"mode", 2.0}, {"release", 0.3}}))},
        macros({{"Morph", 0.5, ""},
                {"Brightness", 0.5, ""},
                {"Attack", 0.0, "attack", 0.005, 2.0},
                {"Release", 0.5, "release", 0.02, 4.0}}),
        {2});
}

FakePreset loops(int channel) {
    FakePreset made =
        preset("100% Loops / held for as long as anybody likes to hold them down", "tones",
               {zone("loops", range(36, 43), false, 2, 3, false, false, {},
                     object({{"mode", 2.0}, {"release", 0.02}, {"gain_db", -4.0}})),
                zone("above", {43}, false, 1, 1, false, false, {}, object({{"mode", 2.0}, {"gain_db", -9.0}}))},
               macros({{"Mutate", 0.0, ""}}), {2, 0});
    made.program["play"].getDynamicObject()->setProperty("channel", channel);
    return made;
}

FakePreset tones() {
    return preset("Split", "tones",
                  {zone("keys", range(48, 96), true, 1, 1, false, false, {}, object({{"mode", 2.0}, {"filter", 1.0}})),
                   zone("drums", range(36, 47), false, 1, 1, false, false, {40}, object({}))},
                  macros({{"Morph", 0.3, ""}, {"Cutoff", 1.0, "cutoff", 100.0, 20000.0}}), {2, 0});
}

} // namespace producergan::plugin::test
