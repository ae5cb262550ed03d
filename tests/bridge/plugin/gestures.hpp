#pragma once
#include <juce_audio_processors/juce_audio_processors.h>

namespace producergan::plugin::test {

/// Counts the gestures that a host is told of. [message-thread]
struct Gestures : juce::AudioProcessorListener {
    int begun = 0, ended = 0;
    void audioProcessorParameterChanged(juce::AudioProcessor*, int, float) override {}
    void audioProcessorChanged(juce::AudioProcessor*, const ChangeDetails&) override {}
    void audioProcessorParameterChangeGestureBegin(juce::AudioProcessor*, int) override { ++begun; }
    void audioProcessorParameterChangeGestureEnd(juce::AudioProcessor*, int) override { ++ended; }
};

} // namespace producergan::plugin::test
