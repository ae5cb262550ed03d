#include "preset_box.hpp"

#include <algorithm>

namespace producergan::plugin {

namespace {

constexpr const char* about = "ProducerGAN " JucePlugin_VersionString
                              ". The plugin is free software under the GPL, version 3; its own sources are MIT.";

} // namespace

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
    if (name_ != name) {
        if (!awaited_.contains(name)) // a project's, for example
            chosen_ = {};
        if (awaited_.isEmpty() || awaited_[awaited_.size() - 1] == name || chosen_.isEmpty())
            awaited_.clear();
    }
    name_ = name;
    instrument_ = instrument;
    setTitle("Preset: " + name);
    setDescription(instrument.isEmpty() ? juce::String() : "Instrument: " + instrument);
    repaint();
}

juce::String PresetBox::getTooltip() {
    const auto presets = player_.processor.session.presets();
    const int shown = now(presets);
    const juce::String words = shown < 0 ? juce::String() : presets[static_cast<std::size_t>(shown)].about;
    return words.isEmpty() ? Button::getTooltip() : words + "\n" + Button::getTooltip();
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

/// What was chosen counts from the click on; a preset that comes from elsewhere ends that.
void PresetBox::choose(const juce::String& path, const juce::String& name) {
    chosen_ = path;
    awaited_.add(name);
    player_.processor.choose(path);
}

/// The present preset's place in the list: that which was chosen, else the first of its name; −1: it is none of these.
int PresetBox::now(const std::vector<PresetEntry>& presets) const {
    const auto found = std::find_if(presets.begin(), presets.end(), [this](const PresetEntry& entry) {
        return chosen_.isNotEmpty() ? entry.path == chosen_
                                    : player_.model != nullptr && entry.name == player_.model->name;
    });
    return found == presets.end() ? -1 : static_cast<int>(found - presets.begin());
}

void PresetBox::show_menu() {
    player_.processor.session.ask_for_presets(); // for the next time: a new one may be there by then
    juce::PopupMenu menu;
    const auto presets = player_.processor.session.presets();
    const int shown = now(presets);
    const auto later = [this](auto action) {
        return [self = SafePointer<PresetBox>(this), action] {
            if (self != nullptr)
                action(*self);
        };
    };
    for (int i = 0; i < static_cast<int>(presets.size()); ++i) {
        const PresetEntry& entry = presets[static_cast<std::size_t>(i)]; // also the present one: to take up a change
        menu.addItem(entry.name, true, i == shown,
                     later([entry](PresetBox& box) { box.choose(entry.path, entry.name); }));
    }
    if (presets.empty())
        menu.addItem("No presets are known before the engine is there", false, false, nullptr);
    menu.addSeparator();
    menu.addItem(juce::String::fromUTF8("Open a preset or instrument\xe2\x80\xa6"),
                 later([](PresetBox& box) { box.open_file(); }));
    menu.addSeparator();
    menu.addItem("About ProducerGAN", later([](PresetBox& box) { box.player_.say(about); }));
    menu.showMenuAsync(juce::PopupMenu::Options().withTargetComponent(this).withMinimumWidth(getWidth()));
}

void PresetBox::step(int by) {
    const auto presets = player_.processor.session.presets();
    const int count = static_cast<int>(presets.size());
    if (count == 0)
        return;
    const int from = now(presets);
    const int to = from < 0 ? (by > 0 ? 0 : count - 1) : juce::jlimit(0, count - 1, from + by);
    if (to != from)
        choose(presets[static_cast<std::size_t>(to)].path, presets[static_cast<std::size_t>(to)].name);
}

bool PresetBox::keyPressed(const juce::KeyPress& press) {
    if (!look::alone(press))
        return false;
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
    if (folder_ == juce::File())
        folder_ = juce::File::getSpecialLocation(juce::File::userHomeDirectory);
    chooser_ = std::make_unique<juce::FileChooser>("Open a preset or instrument", folder_, "*.toml;*.onnx");
    chooser_->launchAsync(juce::FileBrowserComponent::openMode | juce::FileBrowserComponent::canSelectFiles,
                          [self = SafePointer<PresetBox>(this)](const juce::FileChooser& chooser) {
                              const juce::File file = chooser.getResult();
                              if (self == nullptr || !file.existsAsFile())
                                  return;
                              self->folder_ = file.getParentDirectory();
                              self->choose(file.getFullPathName(), file.getFileNameWithoutExtension());
                          });
}

} // namespace producergan::plugin
