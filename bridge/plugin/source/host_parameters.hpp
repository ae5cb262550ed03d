#pragma once
#include <juce_audio_processors/juce_audio_processors.h>

#include <array>
#include <atomic>
#include <cmath>
#include <optional>
#include <vector>

#include "producergan/config.hpp"
#include "producergan/parameters.hpp"

namespace producergan::plugin {

/// A parameter that the host shows and automates, and which the plugin moves too when a preset is loaded or a
/// controller moved: what the host says then is told apart from what it only repeats. A macro, for example:
///
///     a preset has it at 0.5           put: `shown_` and `value_` are 0.5
///     the next block, moved()          no movement, since that is what was shown; `seen_` is 0.5
///     the host says 0.5000001 back     so near to what was shown it is no movement either
///     automation says 0.8              `value_` is 0.8; moved() says 0.8, and `seen_` is that, `taken_` is set
///     follow(0.5), worked out before   `value_` is not what it was at the last call, `looked_`: nothing happens
///     follow(0.8), the next time       it is there already
///     a controller moves it to 0.3     follow(0.3) puts it: the host's knob goes there, and moved() says nothing
class HostParameter final : public juce::RangedAudioParameter {
public:
    /// `row`: a row of the sampler's table, or one like it; its id is the parameter's for ever. [setup]
    HostParameter(const ParameterInfo& row, std::size_t index, const juce::String& label, std::atomic<bool>& restated);

    /// The value in the row's unit if it was moved by anyone but the plugin since the last call. [audio-thread]
    std::optional<float> moved() noexcept;

    /// Shows a value in the row's unit to the host, as something that it need not say again; unless it was moved and
    /// the audio thread has not heard of it yet. [thread-safe]
    void show(float value);

    /// Shows where it has come by now, and is called again and again: unless the host has moved it since the last call,
    /// since `value` may be from before that. One thread at a time.
    void follow(float value);

    /// Whether the host or the window has moved it, so that its value counts and not the preset's. [thread-safe]
    bool taken_over() const noexcept { return taken_.load(std::memory_order_relaxed); }
    void take_over(float value); // from a project [thread-safe]
    void let_go() noexcept;      // [thread-safe]
    void give_back(float value); // lets go and shows the preset's value, whatever it was moved to [thread-safe]

    /// The value in the row's unit. [thread-safe]
    float plain() const noexcept { return range_.convertFrom0to1(value_.load(std::memory_order_relaxed)); }

    const ParameterInfo& row() const { return row_; }
    std::size_t index() const noexcept { return index_; } // of the row in its scope's table

    const juce::NormalisableRange<float>& getNormalisableRange() const override { return range_; }
    float getValue() const override { return value_.load(std::memory_order_relaxed); }
    void setValue(float value) override { // what is no number is no movement
        if (!std::isnan(value))
            value_.store(juce::jlimit(0.0f, 1.0f, value), std::memory_order_relaxed);
    }
    float getDefaultValue() const override { return default_; }
    int getNumSteps() const override;
    bool isDiscrete() const override { return row_.curve == "choice" || row_.curve == "integer"; }
    bool isBoolean() const override { return row_.choices == "off|on"; }
    juce::String getText(float value, int length) const override;
    float getValueForText(const juce::String& text) const override;

private:
    void put(float value);

    const ParameterInfo row_;
    const std::size_t index_;
    const juce::StringArray choices_;
    const juce::NormalisableRange<float> range_; // stepped and curved as the table says
    const float default_;
    std::atomic<bool>& restated_; // HostParameters'
    std::atomic<float> value_;
    std::atomic<float> shown_; // by the plugin; no number once the host has moved it elsewhere
    std::atomic<bool> taken_{false};
    std::atomic<float> seen_;   // by the audio thread
    std::atomic<float> looked_; // at the last call of `follow`
};

/// All that a host can automate: bypass, the macros, the morph pad and the main parameters of the sampler's one table.
struct HostParameters {
    explicit HostParameters(juce::AudioProcessor& processor); // [setup]

    std::array<HostParameter*, config::macros> macros{};
    std::array<HostParameter*, 2> morph{};
    std::vector<HostParameter*> sampler; // play parameters, then those of zones
    HostParameter* bypass = nullptr;
    std::atomic<bool> restated{false}; // who counts, host or preset, was said anew: to be worked out

    std::vector<HostParameter*> all() const;
};

} // namespace producergan::plugin
