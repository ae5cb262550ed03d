#pragma once
#include "look.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// How things stand, what was said last, and how much the project keeps. A shape, a colour and a word for each state.
class StatusBar final : public juce::Component, public juce::SettableTooltipClient {
public:
    explicit StatusBar(Player& player);

    void refresh();
    void say(const juce::String& sentence); // until something else is said, or it was put away
    void dismiss();                         // what was said, and that something failed

    void paint(juce::Graphics& g) override;
    void resized() override;

private:
    void layout();

    Player& player_;
    Status status_;
    juce::String notice_, kept_;
    unsigned heard_; // of the session's notices, shown or put away
    juce::Rectangle<int> status_area_, notice_area_, kept_area_;
    juce::TextButton dismiss_{"OK"};
};

} // namespace producergan::plugin
