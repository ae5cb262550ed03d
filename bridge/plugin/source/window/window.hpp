#pragma once
#include <vector>

#include "key_panel.hpp"
#include "keys_card.hpp"
#include "macro_strip.hpp"
#include "morph_pad.hpp"
#include "preset_box.hpp"
#include "sound_panel.hpp"
#include "status_bar.hpp"

namespace producergan::plugin {

/// The plugin's window. It looks at the session some 30 times a second while it can be seen, and draws what changed.
class Window final : public juce::AudioProcessorEditor, private juce::Timer {
public:
    explicit Window(Processor& processor);
    ~Window() override;

    void paint(juce::Graphics& g) override;
    void resized() override;
    std::unique_ptr<juce::ComponentTraverser> createKeyboardFocusTraverser() override;

    /// Shows at once what the timer would show.
    void poll();

    static constexpr int least_width = 760, least_height = 500, most_width = 2600, most_height = 1700;

private:
    void timerCallback() override;
    void refresh();
    void layout();

    static constexpr int poll_hz = 30;

    Player player_;
    Look look_;
    juce::Component content_; // laid out in its own units, then scaled
    PresetBox preset_;
    ArrowButton before_{look::Way::left, "Preset before", "Plays the preset before this one in the list."};
    ArrowButton after_{look::Way::right, "Next preset", "Plays the next preset of the list."};
    LabelledKnob master_;
    MacroStrip macros_;
    MorphCard morph_;
    KeysCard keys_;
    KeyPanel key_;
    SoundPanel sound_;
    juce::TextButton show_sound_{"Sound"}, show_morph_{"Morph"}; // where there is room for one of the two
    StatusBar status_;
    juce::TooltipWindow tooltips_{this, 700};
    bool morph_chosen_ = false;
    bool seen_any_ = false;
    unsigned seen_ = 0;
    std::vector<VoiceReport> voices_;
};

} // namespace producergan::plugin
