#pragma once
#include <juce_core/juce_core.h>

#include <vector>

#include "producergan/clip.hpp"

namespace producergan::plugin {

/// Where the WAV files that are dragged into hosts lie, the first of these that can be written to: the user's own
/// folders, since a host may refer to a file where it is for as long as the project lives. [thread-safe]
std::vector<juce::File> clip_folders();

/// Writes a whole clip as a WAV file of 24 bits, PRESET/PRESET-KEY-SOUND.wav in the first of the folders that takes it,
/// and says which file that is. One that is there whole is left as it is. Fails with a sentence. [thread-safe]
juce::Result write_clip_file(const Clip& clip, const juce::String& preset, int key,
                             const std::vector<juce::File>& folders, juce::File& file);

} // namespace producergan::plugin
