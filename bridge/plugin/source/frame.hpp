#pragma once
#include <juce_core/juce_core.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "link_table.hpp"

namespace producergan::plugin {

/// What the other side sent is not what the link allows. The message is a sentence.
struct LinkError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A message of the link: its head, checked against the table, and the floats of its body.
struct Message {
    juce::String type;
    juce::var head;
    std::vector<float> body;
};

/// Raises LinkError unless the table allows this message.
void check_message(const juce::var& head, std::size_t body_bytes, link::Direction direction);

/// A message to the client as another version has it, brought up to this version's table: fields that it lacks have
/// what says nothing, those that the table does not know are left out.
juce::var brought_up_to_date(const juce::var& head, std::string_view type);

/// Whether brackets of a JSON text nest no deeper than the link allows: JUCE's parser calls itself for each.
bool shallow(const char* text, std::size_t size);

/// The bytes of a message that the client sends. Raises LinkError if the table does not know it so: a mistake of ours.
std::string frame(const juce::var& head);

/// Takes bytes as they come and gives the engine's messages. One thread at a time.
class FrameReader {
public:
    void feed(const char* data, std::size_t size);

    /// The next whole message; false if there is none yet. Raises LinkError on what the table does not allow; nothing
    /// can be read afterwards.
    bool next(Message& message);

private:
    std::vector<char> waiting_;
    std::size_t at_ = 0;
};

} // namespace producergan::plugin
