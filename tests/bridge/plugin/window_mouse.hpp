#pragma once
#include <juce_gui_basics/juce_gui_basics.h>

namespace producergan::plugin::test {

/// A hand on the mouse over a window: what it does comes in as the screen's events do, and the window finds out itself
/// what lies under it. Places are in a control's own units; its middle where none is given.
class Mouse {
public:
    explicit Mouse(juce::Component& window) : window_(window) {}

    void press(juce::Component& on);
    void press(juce::Component& on, juce::Point<float> at, int button = juce::ModifierKeys::leftButtonModifier);
    void move(juce::Component& over, juce::Point<float> at); // with what is pressed held
    void release();
    void click(juce::Component& on, int times = 1);
    void wheel(juce::Component& over, float by);

private:
    void send(juce::Point<float> at, int buttons);

    juce::Component& window_;
    juce::Point<float> at_;
    int buttons_ = 0;
    juce::int64 time_ = juce::Time::currentTimeMillis();
};

/// A key that comes in as the screen's do; false if the window has no use for it, so that it is the host's.
bool type(juce::Component& window, const juce::KeyPress& press);

} // namespace producergan::plugin::test
