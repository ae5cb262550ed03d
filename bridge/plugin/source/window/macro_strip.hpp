#pragma once
#include <array>
#include <memory>

#include "knob.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// The eight macros of a preset, with the names that it gives them.
class MacroStrip final : public Card {
public:
    explicit MacroStrip(Player& player);

    void rebuild(); // another preset
    void paint(juce::Graphics& g) override;
    void resized() override;

private:
    Player& player_;
    std::array<std::unique_ptr<Knob>, config::macros> knobs_;
    std::array<juce::String, config::macros> names_;
};

} // namespace producergan::plugin
