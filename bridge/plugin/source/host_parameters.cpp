#include "host_parameters.hpp"

#include <cmath>
#include <limits>

namespace producergan::plugin {

namespace {

constexpr float same = 1e-6f;      // so near, a host says what it was shown
constexpr float time_power = 3.0f; // of a knob for times from 0 on: fine steps where times are short

juce::String text_of(std::string_view view) { return juce::String(view.data(), view.size()); }

juce::NormalisableRange<float> range_of(const ParameterInfo& row) {
    const auto low = static_cast<float>(row.minimum), high = static_cast<float>(row.maximum);
    if (row.curve == "choice" || row.curve == "integer")
        return {low, high, 1.0f};
    if (row.curve != "exponential")
        return {low, high};
    if (low > 0.0f)
        return {low, high, [](float a, float b, float x) { return a * std::pow(b / a, x); },
                [](float a, float b, float value) { return std::log(value / a) / std::log(b / a); }};
    return {low, high, [](float a, float b, float x) { return a + (b - a) * std::pow(x, time_power); },
            [](float a, float b, float value) { return std::pow((value - a) / (b - a), 1.0f / time_power); }};
}

} // namespace

HostParameter::HostParameter(const ParameterInfo& row, std::size_t index, const juce::String& label,
                             std::atomic<bool>& restated)
    : RangedAudioParameter({text_of(row.id), 1}, label,
                           juce::AudioProcessorParameterWithIDAttributes().withLabel(text_of(row.unit))),
      row_(row), index_(index), choices_(juce::StringArray::fromTokens(text_of(row.choices), "|", "")),
      range_(range_of(row)), default_(range_.convertTo0to1(static_cast<float>(row.default_value))), restated_(restated),
      value_(default_), shown_(default_), seen_(default_), looked_(default_) {}

std::optional<float> HostParameter::moved() noexcept {
    const float value = value_.load(std::memory_order_relaxed);
    if (value == seen_.load(std::memory_order_relaxed))
        return std::nullopt;
    seen_.store(value, std::memory_order_relaxed);
    float shown = shown_.load(std::memory_order_relaxed);
    if (std::abs(value - shown) < same)
        return std::nullopt;
    // From here on the host says something of its own, also where it comes back to what was shown before.
    shown_.compare_exchange_strong(shown, std::numeric_limits<float>::quiet_NaN(), std::memory_order_relaxed);
    taken_.store(true, std::memory_order_relaxed);
    return range_.snapToLegalValue(range_.convertFrom0to1(value));
}

void HostParameter::show(float value) {
    const float now = getValue();
    if (now == seen_.load(std::memory_order_relaxed) || now == shown_.load(std::memory_order_relaxed))
        put(value); // else a hand moved it, and the audio thread has not heard of it yet
}

void HostParameter::follow(float value) {
    const float now = getValue();
    if (looked_.exchange(now, std::memory_order_relaxed) != now)
        return;
    show(value);
    looked_.store(getValue(), std::memory_order_relaxed);
}

void HostParameter::put(float value) {
    const float normal = range_.convertTo0to1(range_.snapToLegalValue(value));
    shown_.store(normal, std::memory_order_relaxed);
    if (normal != getValue())
        setValueNotifyingHost(normal);
}

void HostParameter::take_over(float value) {
    put(value);
    taken_.store(true, std::memory_order_relaxed);
    restated_.store(true, std::memory_order_release);
}

void HostParameter::let_go() noexcept {
    taken_.store(false, std::memory_order_relaxed);
    restated_.store(true, std::memory_order_release);
}

void HostParameter::give_back(float value) {
    put(value);
    let_go();
}

int HostParameter::getNumSteps() const {
    return isDiscrete() ? static_cast<int>(row_.maximum - row_.minimum) + 1
                        : juce::AudioProcessor::getDefaultNumParameterSteps();
}

juce::String HostParameter::getText(float value, int length) const {
    const float plain = range_.snapToLegalValue(range_.convertFrom0to1(juce::jlimit(0.0f, 1.0f, value)));
    juce::String text;
    if (!choices_.isEmpty())
        text = choices_[juce::jlimit(0, choices_.size() - 1, juce::roundToInt(plain))];
    else if (row_.curve == "integer" || std::abs(plain) >= 100.0f)
        text = juce::String(juce::roundToInt(plain));
    else
        text = juce::String(plain, std::abs(plain) >= 10.0f ? 1 : 2);
    return length > 0 ? text.substring(0, length) : text;
}

float HostParameter::getValueForText(const juce::String& text) const {
    if (const int choice = choices_.indexOf(text.trim(), true); choice >= 0)
        return range_.convertTo0to1(static_cast<float>(choice));
    return range_.convertTo0to1(range_.snapToLegalValue(text.getFloatValue()));
}

HostParameters::HostParameters(juce::AudioProcessor& processor) {
    const auto add = [&](const ParameterInfo& row, const juce::String& label, std::size_t index = 0) {
        auto* parameter = new HostParameter(row, index, label, restated); // the processor's from the next line on
        processor.addParameter(parameter);
        return parameter;
    };
    static constexpr std::array<std::string_view, config::macros> macro_ids{"macro_1", "macro_2", "macro_3", "macro_4",
                                                                            "macro_5", "macro_6", "macro_7", "macro_8"};
    const auto position = [](std::string_view id) {
        return ParameterInfo{id, id, "", 0, 1, 0, "linear", "", true, false, Scope::play};
    };
    for (std::size_t i = 0; i < macros.size(); ++i)
        macros[i] = add(position(macro_ids[i]), "Macro " + juce::String(i + 1));
    morph[0] = add(position("morph_x"), "Morph X");
    morph[1] = add(position("morph_y"), "Morph Y");
    const auto add_main = [&](const auto& table) {
        for (std::size_t i = 0; i < table.size(); ++i)
            if (table[i].main)
                sampler.push_back(add(table[i], text_of(table[i].label), i));
    };
    add_main(play_parameters);
    add_main(zone_parameters);
    bypass = add({"bypass", "Bypass", "", 0, 1, 0, "choice", "off|on", false, false, Scope::play}, "Bypass");
}

std::vector<HostParameter*> HostParameters::all() const {
    std::vector<HostParameter*> list(macros.begin(), macros.end());
    list.insert(list.end(), morph.begin(), morph.end());
    list.insert(list.end(), sampler.begin(), sampler.end());
    list.push_back(bypass);
    return list;
}

} // namespace producergan::plugin
