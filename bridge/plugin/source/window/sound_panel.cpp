#include "sound_panel.hpp"

namespace producergan::plugin {

namespace {

constexpr int row_height = 42, least_column = 112, bar = 8;

} // namespace

SoundPanel::SoundPanel(Player& player, const HostParameter* but) : Card("Sound") {
    for (HostParameter* parameter : player.processor.parameters.sampler) {
        if (parameter == but)
            continue;
        if (parameter->row().curve == "choice")
            controls_.push_back(std::make_unique<LabelledChoice>(player, *parameter));
        else
            controls_.push_back(std::make_unique<LabelledKnob>(player, *parameter, true));
        list_.addAndMakeVisible(*controls_.back());
    }
    view_.setViewedComponent(&list_, false);
    view_.setScrollBarsShown(true, false);
    view_.setScrollBarThickness(bar);
    view_.setWantsKeyboardFocus(false);
    addAndMakeVisible(view_);
}

void SoundPanel::refresh() {
    for (const auto& control : controls_)
        control->refresh();
}

void SoundPanel::resized() {
    const auto area = inside();
    view_.setBounds(area.withTrimmedRight(-bar));
    const int columns = juce::jmax(1, area.getWidth() / least_column);
    const int count = static_cast<int>(controls_.size()), rows = (count + columns - 1) / columns;
    const int width = area.getWidth() / columns;
    for (int i = 0; i < count; ++i)
        controls_[static_cast<std::size_t>(i)]->setBounds(i % columns * width, i / columns * row_height, width - 4,
                                                          row_height - 4);
    list_.setSize(area.getWidth(), rows * row_height);
}

} // namespace producergan::plugin
