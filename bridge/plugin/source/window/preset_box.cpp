#include "preset_box.hpp"

namespace producergan::plugin {

PresetBox::PresetBox(Player& player) : Button({}), player_(player) {
    setMouseClickGrabsKeyboardFocus(false);
    onClick = [this] { show_menu(); };
    setHelpText("Return opens the list of presets, the up and down keys go through it.");
    setTooltip("Chooses a preset, or opens a preset's or an instrument's file.");
    refresh();
}

void PresetBox::refresh() {
    const auto& model = player_.model;
    const juce::String name = model == nullptr ? "Choose a preset" : model->name.isEmpty() ? "Untitled" : model->name;
    const juce::String instrument = model == nullptr ? juce::String() : model->instrument;
    if (name == name_ && instrument == instrument_)
        return;
    name_ = name;
    instrument_ = instrument;
    setTitle("Preset: " + name);
    setDescription(instrument.isEmpty() ? juce::String() : "Instrument: " + instrument);
    repaint();
}

void PresetBox::paintButton(juce::Graphics& g, bool over, bool down) {
    const auto area = getLocalBounds().toFloat();
    g.setColour(over || down ? look::hovered : look::raised);
    g.fillRoundedRectangle(area, look::small_radius);
    auto words = getLocalBounds().reduced(12, 0).withTrimmedRight(18);
    g.setColour(look::text);
    g.setFont(look::font(look::large_text, true));
    const int width = juce::jmin(words.getWidth(), g.getCurrentFont().getStringWidth(name_) + 10);
    look::draw_line(g, name_, words.removeFromLeft(width), juce::Justification::centredLeft);
    if (instrument_.isNotEmpty() && words.getWidth() > 30) {
        g.setColour(look::dim);
        g.setFont(look::font(look::body_text));
        look::draw_line(g, instrument_, words, juce::Justification::centredLeft);
    }
    look::draw_arrow(g, {area.getRight() - 17.0f, area.getCentreY()}, look::Way::down);
    if (hasKeyboardFocus(false))
        look::draw_focus(g, area, look::small_radius);
}

void PresetBox::show_menu() {
    player_.processor.session.ask_for_presets(); // for the next time: a new one may be there by then
    juce::PopupMenu menu;
    const auto presets = player_.processor.session.presets();
    for (const PresetEntry& entry : presets) {
        const bool now = player_.model != nullptr && entry.name == player_.model->name;
        menu.addItem(entry.name, true, now, [self = SafePointer<PresetBox>(this), path = entry.path] {
            if (self != nullptr)
                self->player_.processor.session.choose(path);
        });
    }
    if (presets.empty())
        menu.addItem("No presets are known before the engine is there", false, false, nullptr);
    menu.addSeparator();
    menu.addItem(juce::String::fromUTF8("Open a preset or instrument\xe2\x80\xa6"),
                 [self = SafePointer<PresetBox>(this)] {
                     if (self != nullptr)
                         self->open_file();
                 });
    menu.showMenuAsync(juce::PopupMenu::Options().withTargetComponent(this).withMinimumWidth(getWidth()));
}

void PresetBox::step(int by) {
    const auto presets = player_.processor.session.presets();
    const int count = static_cast<int>(presets.size());
    if (count == 0)
        return;
    int now = by > 0 ? -1 : count;
    for (int i = 0; i < count; ++i)
        if (player_.model != nullptr && presets[static_cast<std::size_t>(i)].name == player_.model->name)
            now = i;
    const int to = juce::jlimit(0, count - 1, now + by);
    if (to != now)
        player_.processor.session.choose(presets[static_cast<std::size_t>(to)].path);
}

bool PresetBox::keyPressed(const juce::KeyPress& press) {
    if (press.isKeyCode(juce::KeyPress::spaceKey)) {
        triggerClick();
        return true;
    }
    for (const auto& [code, by] : {std::pair{juce::KeyPress::upKey, -1}, {juce::KeyPress::downKey, 1}})
        if (press.isKeyCode(code)) {
            step(by);
            return true;
        }
    return Button::keyPressed(press);
}

void PresetBox::open_file() {
    chooser_ = std::make_unique<juce::FileChooser>("Open a preset or instrument", juce::File(), "*.toml;*.onnx");
    chooser_->launchAsync(juce::FileBrowserComponent::openMode | juce::FileBrowserComponent::canSelectFiles,
                          [self = SafePointer<PresetBox>(this)](const juce::FileChooser& chooser) {
                              if (self != nullptr && chooser.getResult().existsAsFile())
                                  self->player_.processor.session.choose(chooser.getResult().getFullPathName());
                          });
}

} // namespace producergan::plugin
