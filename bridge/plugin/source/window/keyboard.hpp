#pragma once
#include <bitset>

#include "look.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// A piano keyboard with the sounds over it: a key's own runs down over the key, one that many keys share runs across
/// them. Wider than its view where keys would get too narrow.
class Keyboard final : public juce::Component, public juce::SettableTooltipClient {
public:
    explicit Keyboard(Player& player);
    ~Keyboard() override; // lets go of what is held

    void rebuild();
    void refresh(); // draws the keys anew whose sounds or locks changed
    void show(const std::bitset<128>& sounding, int last);
    int natural_width() const; // the least that can be played on

    void paint(juce::Graphics& g) override;
    void mouseDown(const juce::MouseEvent& event) override;
    void mouseDrag(const juce::MouseEvent& event) override;
    void mouseUp(const juce::MouseEvent& event) override;
    bool keyPressed(const juce::KeyPress& press) override;
    bool keyStateChanged(bool down) override;
    void focusGained(FocusChangeType cause) override;
    void focusLost(FocusChangeType cause) override;
    std::unique_ptr<juce::AccessibilityHandler> createAccessibilityHandler() override;

private:
    struct Drawn { // of a key
        ClipRef clip;
        std::int64_t ready = -1; // blocks
        bool locked = false;
        bool operator==(const Drawn&) const = default;
    };
    struct Span { // keys next to one another whose zone shares one sound
        int first = 0, last = 0, zone = 0;
        Place place;
    };

    juce::Rectangle<float> key_area(int key) const; // on the keyboard
    juce::Rectangle<float> lane(int key) const;     // over it
    juce::Rectangle<float> waves() const;
    int key_at(juce::Point<float> at) const; // −1: none that sounds
    void press(int key, int velocity);
    void let_go();
    void reveal(int key);
    void repaint_key(int key);
    void paint_spans(juce::Graphics& g);
    void paint_columns(juce::Graphics& g);
    void paint_keys(juce::Graphics& g);

    Player& player_;
    std::vector<Span> spans_;
    std::vector<Drawn> drawn_;   // of each of the preset's keys
    int first_ = 48, last_ = 72; // shown, white keys both
    std::bitset<128> sounding_;
    int last_played_ = -1, chosen_ = -1, pressed_ = -1, struck_by_space_ = -1;
    bool dragged_ = false;
};

} // namespace producergan::plugin
