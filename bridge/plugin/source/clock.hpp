#pragma once
#include <juce_core/juce_core.h>

namespace producergan::plugin {

/// The time of a clock that only goes forward, in seconds. [thread-safe]
inline double seconds() { return juce::Time::getMillisecondCounterHiRes() / 1000.0; }

} // namespace producergan::plugin
