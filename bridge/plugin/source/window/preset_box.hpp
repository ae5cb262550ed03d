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

    juce::String getTooltip() override; // with what the present preset says of itself
    void paintButton(juce::Graphics& g, bool over, bool down) override;
    bool keyPressed(const juce::KeyPress& press) override;

private:
    void open_file();
    void choose(const juce::String& path, const juce::String& name);
    int now(const std::vector<PresetEntry>& presets) const;

    Player& player_;
    juce::String name_, instrument_;
    juce::String chosen_;       // the path of what was chosen last; empty where that is over
    juce::StringArray awaited_; // the names of what was chosen since a preset came, the last of them that of `chosen_`
    juce::File folder_;         // where a file was opened last
    std::unique_ptr<juce::FileChooser> chooser_;
};

} // namespace producergan::plugin
