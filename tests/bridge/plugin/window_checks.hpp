#pragma once
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "processor.hpp"
#include "window/window.hpp"
#include "window_engine.hpp"

namespace producergan::plugin::test {

/// Hands out what waits for the message thread.
void pump();
void pump_for(int milliseconds);

/// Pumps until something is so; ends the program with a sentence if it does not come within ten seconds.
void wait_until(const char* what, const std::function<bool()>& so);

/// Ends the program with a sentence if something is not so.
void check(const char* what, bool so);

/// A component under another whose title begins so; ends the program if there is none.
juce::Component& find(juce::Component& under, const juce::String& title);

bool has(juce::Component& under, const juce::String& title);

template <typename Kind>
Kind& find_as(juce::Component& under, const juce::String& title) {
    auto* found = dynamic_cast<Kind*>(&find(under, title));
    check(("the control is of its kind: " + title).toRawUTF8(), found != nullptr);
    return *found;
}

/// A host's audio thread, that plays all keys in turn.
class Host {
public:
    explicit Host(Processor& processor);
    ~Host();

private:
    std::atomic<bool> ends_{false};
    std::thread thread_;
};

/// A block, in this thread.
void play_block(Processor& processor, const juce::MidiBuffer& midi = {});

/// The controls that a person can use but a screen reader cannot name, one a line; empty if there are none.
std::string nameless(juce::Component& under);

void check_controls(); // what each control does

} // namespace producergan::plugin::test
