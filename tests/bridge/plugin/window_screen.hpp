#pragma once
#include <juce_gui_basics/juce_gui_basics.h>

namespace producergan::plugin::test {

/// What the X server shows of a window: what was drawn, as it arrived.
juce::Image screen_of(juce::Component& window);

/// No window has the keyboard.
void take_focus_from_all();

} // namespace producergan::plugin::test
