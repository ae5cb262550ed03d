#pragma once
#include <array>
#include <memory>

#include "look.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// A field with a point in it that moves two parameters of the host: across and up.
class MorphPad final : public juce::Component, public juce::SettableTooltipClient {
public:
    explicit MorphPad(HostParameters& parameters);
    ~MorphPad() override; // ends a movement that the mouse is in

    juce::Point<float> position() const { return {at_[0], at_[1]}; }

    void paint(juce::Graphics& g) override;
    void mouseDown(const juce::MouseEvent& event) override;
    void mouseDrag(const juce::MouseEvent& event) override;
    void mouseUp(const juce::MouseEvent& event) override;
    void mouseDoubleClick(const juce::MouseEvent& event) override;
    bool keyPressed(const juce::KeyPress& press) override;
    void focusGained(FocusChangeType) override { repaint(); }
    void focusLost(FocusChangeType) override { repaint(); }
    void enablementChanged() override { repaint(); }
    std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override;

private:
    juce::Rectangle<float> field() const;
    juce::Point<float> point() const;
    void move_to(juce::Point<float> place);
    void end_drag();
    void show(std::size_t axis, float value);

    std::array<std::unique_ptr<juce::ParameterAttachment>, 2> attachments_;
    std::array<float, 2> at_{}, rest_{};
    bool dragged_ = false;
};

/// The morph pad in its frame.
class MorphCard final : public Card {
public:
    explicit MorphCard(Player& player);

    void rebuild();                                // another preset
    bool used() const { return pad_.isEnabled(); } // a zone is a path: elsewhere there is nothing to move between
    void resized() override;

private:
    Player& player_;
    MorphPad pad_;
};

} // namespace producergan::plugin
