#pragma once
#include <juce_gui_basics/juce_gui_basics.h>

#include "../processor.hpp"

namespace producergan::plugin {

class Window final : public juce::AudioProcessorEditor {
public:
    explicit Window(Processor& processor) : AudioProcessorEditor(processor) { setSize(processor.window_size.x, processor.window_size.y); }
};

} // namespace producergan::plugin
