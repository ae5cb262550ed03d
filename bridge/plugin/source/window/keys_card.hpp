#pragma once
#include "keyboard.hpp"
#include "pads.hpp"

namespace producergan::plugin {

/// The keys that a preset plays, as pads or as a keyboard, and what is done to all of them.
class KeysCard final : public Card {
public:
    explicit KeysCard(Player& player);

    void rebuild(); // another preset
    void refresh(); // sounds or locks changed
    void show(const std::bitset<128>& sounding, int last);
    void paint(juce::Graphics& g) override;
    void resized() override;

private:
    Player& player_;
    PadGrid pads_;
    Keyboard keyboard_;
    juce::Viewport view_; // of the keyboard
    juce::TextButton undo_{"Undo"}, new_sounds_{"New sounds for all"};
    juce::String empty_; // what is said where there are no keys
};

} // namespace producergan::plugin
