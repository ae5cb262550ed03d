#pragma once
#include <juce_audio_processors/juce_audio_processors.h>

#include "../host_parameters.hpp"
#include "look.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// A knob on a parameter of the host: gestures, typing with arrow keys, a double click or Backspace for its resting
/// value.
class Knob final : public juce::Slider {
public:
    explicit Knob(HostParameter& parameter);
    ~Knob() override; // ends a movement that the mouse is in

    HostParameter& parameter() { return parameter_; }
    std::function<void()> on_move; // however it was moved
    std::function<void()> on_rest; // sets it back, where that is more than a value

    void rest();
    void valueChanged() override;
    bool keyPressed(const juce::KeyPress& press) override;
    void startedDragging() override { dragged_ = true; }
    void stoppedDragging() override { dragged_ = false; }
    void mouseDoubleClick(const juce::MouseEvent& event) override;
    void focusGained(FocusChangeType) override { repaint(); }
    void focusLost(FocusChangeType) override { repaint(); }
    void mouseEnter(const juce::MouseEvent& event) override;
    void mouseExit(const juce::MouseEvent& event) override;

private:
    HostParameter& parameter_;
    juce::SliderParameterAttachment attachment_;
    bool dragged_ = false; // or moved by a key: a gesture is open
};

/// One of the sampler's parameters with its name. Once it was moved it counts in the place of the preset's own value,
/// in all zones alike, which a mark says; a double click on its name, or Backspace, gives it back to the preset.
class LabelledControl : public juce::Component {
public:
    LabelledControl(Player& player, HostParameter& parameter);

    void refresh(); // whether it was moved
    void mouseDoubleClick(const juce::MouseEvent&) override { give_back(); }

protected:
    void give_back();
    juce::String help(const juce::String& how) const;
    void draw_label(juce::Graphics& g, juce::Rectangle<int> area) const;
    virtual void describe(const juce::String& sentence) = 0; // to screen readers

    Player& player_;
    HostParameter& parameter_;

private:
    const juce::String label_;
    bool moved_ = false;
};

/// A knob with its name and its value beside it.
class LabelledKnob final : public LabelledControl {
public:
    /// `listed`: it stands in a list, which the mouse's wheel scrolls.
    LabelledKnob(Player& player, HostParameter& parameter, bool listed);

    void paint(juce::Graphics& g) override;
    void resized() override;

private:
    void describe(const juce::String& sentence) override { knob_.setDescription(sentence); }

    Knob knob_;
};

/// A choice with its name above it.
class LabelledChoice final : public LabelledControl {
public:
    LabelledChoice(Player& player, HostParameter& parameter);

    void paint(juce::Graphics& g) override;
    void resized() override;

private:
    class Box final : public juce::ComboBox {
    public:
        explicit Box(LabelledChoice& owner) : owner_(owner) {}

    private:
        bool keyPressed(const juce::KeyPress& press) override;
        void focusGained(FocusChangeType) override { repaint(); }
        void focusLost(FocusChangeType) override { repaint(); }

        LabelledChoice& owner_;
    };
    void describe(const juce::String& sentence) override { box_.setDescription(sentence); }

    Box box_{*this};
    std::unique_ptr<juce::ComboBoxParameterAttachment> attachment_;
};

/// The value of a parameter with its unit.
juce::String value_text(const HostParameter& parameter);

} // namespace producergan::plugin
