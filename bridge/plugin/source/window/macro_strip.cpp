#include "macro_strip.hpp"

namespace producergan::plugin {

namespace {

constexpr int name_height = 18;

} // namespace

MacroStrip::MacroStrip(Player& player) : Card("Macros"), player_(player) {
    for (std::size_t i = 0; i < knobs_.size(); ++i) {
        knobs_[i] = std::make_unique<Knob>(*player.processor.parameters.macros[i]);
        addAndMakeVisible(*knobs_[i]);
    }
    rebuild();
}

void MacroStrip::rebuild() {
    for (std::size_t i = 0; i < knobs_.size(); ++i) {
        const juce::String number = "Macro " + juce::String(i + 1);
        const juce::String given = player_.model != nullptr ? player_.model->macro_names[i] : juce::String();
        const bool used = player_.model != nullptr && player_.model->macros[i].used;
        names_[i] = given.isNotEmpty() ? given : number;
        Knob& knob = *knobs_[i];
        knob.setEnabled(used);
        knob.setTitle(given.isNotEmpty() ? given + ", " + number : number);
        knob.setDescription(used ? juce::String() : "Does nothing in this preset.");
        knob.setTooltip(names_[i] +
                        (used ? ": drag up or down; double-click to set it back." : " does nothing in this preset."));
        if (used)
            knob.setDoubleClickReturnValue(true, player_.model->macros[i].position);
    }
    repaint();
}

void MacroStrip::paint(juce::Graphics& g) {
    Card::paint(g);
    g.setFont(look::font(look::body_text));
    for (std::size_t i = 0; i < knobs_.size(); ++i) {
        const auto knob = knobs_[i]->getBounds();
        const int width = inside().getWidth() / static_cast<int>(knobs_.size()) - 4;
        const auto area =
            juce::Rectangle<int>(width, name_height).withCentre({knob.getCentreX(), 0}).withY(knob.getBottom() + 2);
        g.setColour(knobs_[i]->isEnabled() ? look::text : look::faint);
        g.drawFittedText(names_[i], area, juce::Justification::centred, 1, 0.7f);
    }
}

void MacroStrip::resized() {
    const auto area = inside().withTrimmedTop(-8);
    const int count = static_cast<int>(knobs_.size());
    const int size = juce::jmin(area.getHeight() - name_height - 2, area.getWidth() / count - 6, 84);
    for (int i = 0; i < count; ++i) {
        const auto cell = area.withX(area.getX() + i * area.getWidth() / count).withWidth(area.getWidth() / count);
        knobs_[static_cast<std::size_t>(i)]->setBounds(
            juce::Rectangle<int>(size, size)
                .withCentre(cell.getCentre())
                .withY(area.getY() + (area.getHeight() - size - name_height - 2) / 2));
    }
}

} // namespace producergan::plugin
