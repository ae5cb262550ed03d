#pragma once
#include <juce_graphics/juce_graphics.h>

#include <array>
#include <map>
#include <vector>

#include "producergan/clip.hpp"

namespace producergan::plugin {

/// The lowest and highest sample of each of so many equal pieces of a clip, over all channels.
struct Peaks {
    static constexpr int count = 320;
    std::array<float, count> low{}, high{};
    std::int64_t ready = 0; // blocks of the clip that were there

    float loudest() const;
};

/// Draws a clip from left to right, or from top to bottom; soft ones are enlarged, up to four times.
void draw_wave(juce::Graphics& g, juce::Rectangle<float> area, const Peaks& peaks, bool downwards = false);

/// The peaks of the clips that are shown, worked out once for each of their blocks. [message-thread]
class PeakCache {
public:
    /// Null where no clip is, or nothing of it yet. Valid until the next call.
    const Peaks* of(const ClipRef& clip);

private:
    struct Entry {
        Peaks peaks;
        std::vector<bool> counted; // blocks
        std::uint64_t used = 0;
    };
    static constexpr std::size_t most = 512; // clips
    std::map<std::uint64_t, Entry> entries_; // by the clip's id
    std::uint64_t clock_ = 0;
};

} // namespace producergan::plugin
