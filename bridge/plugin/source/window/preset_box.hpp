#pragma once
#include <memory>

#include "look.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// The preset's name: press it to choose another.
class PresetBox final : public juce::Button {
public:
    explicit PresetBox(Player& player);

    void refresh();
    void show_menu();
    void step(int by); // to a neighbour in the list

    void paintButton(juce::Graphics& g, bool over, bool down) override;
    bool keyPressed(const juce::KeyPress& press) override;

private:
    void open_file();

    Player& player_;
    juce::String name_, instrument_;
    std::unique_ptr<juce::FileChooser> chooser_;
};

} // namespace producergan::plugin
