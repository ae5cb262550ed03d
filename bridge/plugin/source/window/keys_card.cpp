#include "keys_card.hpp"

namespace producergan::plugin {

namespace {

constexpr int bar = 8;

} // namespace

KeysCard::KeysCard(Player& player) : Card("Pads"), player_(player), pads_(player), keyboard_(player) {
    undo_.onClick = [this] { player_.undo(); };
    new_sounds_.onClick = [this] { player_.new_sounds(); };
    for (juce::Button* button : {&undo_, &new_sounds_}) {
        button->setMouseClickGrabsKeyboardFocus(false);
        addAndMakeVisible(button);
    }
    view_.setViewedComponent(&keyboard_, false);
    view_.setScrollBarsShown(false, true);
    view_.setScrollBarThickness(bar);
    view_.setWantsKeyboardFocus(false);
    addChildComponent(view_);
    addChildComponent(pads_);
    rebuild();
}

void KeysCard::rebuild() {
    const bool any = !player_.keys.keys.empty();
    pads_.setVisible(any && player_.keys.pads);
    view_.setVisible(any && !player_.keys.pads);
    set_heading(player_.keys.pads || !any ? "Pads" : "Keys");
    pads_.rebuild();
    keyboard_.rebuild();
    resized();
    refresh();
}

void KeysCard::refresh() {
    const juce::String absent = player_.can_make ? juce::String() : " Needs the engine.";
    look::name(undo_, "Undo", "Takes back the last new sound, paste or lock." + absent);
    look::name(new_sounds_, "New sounds for all", "Gives all keys new sounds but those that are locked." + absent);
    undo_.setEnabled(player_.can_make);
    new_sounds_.setEnabled(player_.can_make);
    if (player_.keys.pads)
        pads_.refresh();
    else
        keyboard_.refresh();
    const juce::String empty = player_.keys.keys.empty() ? player_.status.sentence : juce::String();
    if (empty != empty_)
        repaint();
    empty_ = empty;
    setDescription(empty);
}

void KeysCard::show(const std::bitset<128>& sounding, int last) {
    if (player_.keys.pads)
        pads_.show(sounding, last);
    else
        keyboard_.show(sounding, last);
}

void KeysCard::paint(juce::Graphics& g) {
    Card::paint(g);
    if (empty_.isEmpty())
        return;
    g.setColour(look::dim);
    g.setFont(look::font(look::body_text));
    g.drawFittedText(empty_, inside().reduced(40, 10), juce::Justification::centred, 4, 1.0f);
}

void KeysCard::resized() {
    auto row = title_row().expanded(0, 3);
    new_sounds_.setBounds(row.removeFromRight(136));
    row.removeFromRight(6);
    undo_.setBounds(row.removeFromRight(64));
    pads_.setBounds(inside());
    const int natural = keyboard_.natural_width();
    const auto area = inside();
    view_.setBounds(area);
    keyboard_.setSize(juce::jmax(area.getWidth(), natural),
                      area.getHeight() - (natural > area.getWidth() ? bar + 2 : 0));
}

} // namespace producergan::plugin
