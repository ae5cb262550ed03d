#pragma once
#include <juce_audio_processors/juce_audio_processors.h>

#include "../host_parameters.hpp"
#include "look.hpp"

namespace producergan::plugin {

/// A knob on a parameter of the host: gestures, typing with arrow keys, a double click for its resting value.
class Knob final : public juce::Slider {
public:
    explicit Knob(HostParameter& parameter);

    HostParameter& parameter() { return parameter_; }
    std::function<void()> on_move; // however it was moved

    void valueChanged() override;
    bool keyPressed(const juce::KeyPress& press) override;
    void focusGained(FocusChangeType) override { repaint(); }
    void focusLost(FocusChangeType) override { repaint(); }
    void mouseEnter(const juce::MouseEvent& event) override;
    void mouseExit(const juce::MouseEvent& event) override;

private:
    HostParameter& parameter_;
    juce::SliderParameterAttachment attachment_;
};

/// A knob with its name and its value beside it.
class LabelledKnob final : public juce::Component {
public:
    explicit LabelledKnob(HostParameter& parameter);

    void paint(juce::Graphics& g) override;
    void resized() override;

private:
    Knob knob_;
    const juce::String label_;
};

/// A choice with its name above it.
class LabelledChoice final : public juce::Component {
public:
    explicit LabelledChoice(HostParameter& parameter);

    void paint(juce::Graphics& g) override;
    void resized() override;

private:
    class Box final : public juce::ComboBox {
        void focusGained(FocusChangeType) override { repaint(); }
        void focusLost(FocusChangeType) override { repaint(); }
    };
    Box box_;
    const juce::String label_;
    std::unique_ptr<juce::ComboBoxParameterAttachment> attachment_;
};

/// The value of a parameter with its unit.
juce::String value_text(const HostParameter& parameter);

} // namespace producergan::plugin
