#pragma once
#include <juce_core/juce_core.h>

#include "producergan/clip.hpp"

namespace producergan::plugin {

/// Tells the clips of this process apart. [thread-safe]
std::uint64_t new_clip_id();

/// A clip as it is kept in a project: FLAC, lossless at 16 or 24 bits a sample.
struct StoredClip {
    int bits = 24;
    juce::MemoryBlock data;
};

/// Packs a whole clip. Samples beyond [−1, 1] are cut off. [control-thread]
StoredClip pack(const Clip& clip, int bits);

/// A clip from its packed form; null if the data is not what the other arguments say. [control-thread]
ClipRef unpack(const void* data, std::size_t size, int channels, std::int64_t frames, double sample_rate,
               const std::string& name);

} // namespace producergan::plugin
