#pragma once
#include <bitset>
#include <memory>
#include <vector>

#include "look.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// A key with a sound of its own: press it to hear the sound, pull it out to take the sound along.
class Pad final : public juce::Button {
public:
    Pad(Player& player, int key);
    ~Pad() override; // lets go of it

    int key() const { return key_; }
    void refresh(); // what the preset says of the key, and its sound
    void show(bool sounding, bool last, bool chosen);

    std::function<void(int)> on_arrow; // so many pads on

    void paintButton(juce::Graphics& g, bool over, bool down) override;
    void buttonStateChanged() override;
    void mouseDown(const juce::MouseEvent& event) override;
    void mouseDrag(const juce::MouseEvent& event) override;
    void mouseUp(const juce::MouseEvent& event) override;
    bool keyPressed(const juce::KeyPress& press) override;
    void focusGained(FocusChangeType cause) override;

    int columns = 1; // of the grid, for the arrow keys

private:
    Player& player_;
    const int key_;
    ClipRef clip_;
    std::int64_t ready_ = -1; // of its blocks, when it was drawn
    bool sounding_ = false, last_ = false, chosen_ = false, locked_ = false;
    bool struck_ = false, dragged_ = false;
    int zone_ = 0;
};

/// The pads of a preset, the lowest key at the lower left as on hardware.
class PadGrid final : public juce::Component {
public:
    explicit PadGrid(Player& player);

    void rebuild(); // another preset
    void refresh();
    void show(const std::bitset<128>& sounding, int last);
    void resized() override;

private:
    void arrow(int key, int by);

    Player& player_;
    std::vector<std::unique_ptr<Pad>> pads_;
    int columns_ = 1;
};

} // namespace producergan::plugin
