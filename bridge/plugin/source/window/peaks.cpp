#include "peaks.hpp"

#include <algorithm>

#include "producergan/config.hpp"

namespace producergan::plugin {

namespace {

/// Adds a block to the pieces that it lies in; what was not added is silence.
void add(const Clip& clip, std::int64_t block, Peaks& peaks) {
    const std::int64_t begin = block * config::block_frames;
    const std::int64_t end = std::min<std::int64_t>(clip.frames(), begin + config::block_frames);
    for (std::int64_t from = begin, to = begin; from < end; from = to) {
        const std::int64_t piece = from * Peaks::count / clip.frames();
        to = std::min(end, ((piece + 1) * clip.frames() + Peaks::count - 1) / Peaks::count); // the next one's first
        float& low = peaks.low[static_cast<std::size_t>(piece)];
        float& high = peaks.high[static_cast<std::size_t>(piece)];
        for (int c = 0; c < clip.channel_count(); ++c) {
            const auto [least, most] = std::minmax_element(clip.channel(c) + from, clip.channel(c) + to);
            low = std::min(low, *least);
            high = std::max(high, *most);
        }
    }
}

} // namespace

float Peaks::loudest() const {
    return std::max(*std::max_element(high.begin(), high.end()), -*std::min_element(low.begin(), low.end()));
}

void draw_wave(juce::Graphics& g, juce::Rectangle<float> area, const Peaks& peaks, bool downwards) {
    const float length = downwards ? area.getHeight() : area.getWidth();
    const int points = juce::jlimit(2, Peaks::count, static_cast<int>(length));
    const float half = (downwards ? area.getWidth() : area.getHeight()) / 2.0f;
    const float scale = half / std::max(0.25f, peaks.loudest());
    const auto place = [&](int point, float sample) {
        const float along = length * static_cast<float>(point) / static_cast<float>(points - 1);
        return downwards ? juce::Point<float>(area.getCentreX() - sample * scale, area.getY() + along)
                         : juce::Point<float>(area.getX() + along, area.getCentreY() - sample * scale);
    };
    const auto extreme = [&](int point, const auto& row, auto pick) {
        const int first = point * Peaks::count / points,
                  last = std::max(first + 1, (point + 1) * Peaks::count / points);
        float found = row[static_cast<std::size_t>(first)];
        for (int i = first; i < last; ++i)
            found = pick(found, row[static_cast<std::size_t>(i)]);
        return found;
    };
    const float thinnest = 0.4f / scale; // silence is a thin line
    juce::Path shape;
    for (int i = 0; i < points; ++i) {
        const auto at =
            place(i, std::max(thinnest, extreme(i, peaks.high, [](float a, float b) { return std::max(a, b); })));
        i == 0 ? shape.startNewSubPath(at) : shape.lineTo(at);
    }
    for (int i = points; i-- > 0;)
        shape.lineTo(
            place(i, std::min(-thinnest, extreme(i, peaks.low, [](float a, float b) { return std::min(a, b); }))));
    shape.closeSubPath();
    g.fillPath(shape);
}

const Peaks* PeakCache::of(const ClipRef& clip) {
    if (clip == nullptr)
        return nullptr;
    auto found = entries_.find(clip->id());
    for (std::int64_t block = 0; block < clip->blocks(); ++block) {
        if (!clip->block_ready(block))
            continue;
        if (found == entries_.end()) {
            found = entries_.try_emplace(clip->id()).first;
            found->second.counted.resize(static_cast<std::size_t>(clip->blocks()));
        }
        Entry& entry = found->second;
        if (entry.counted[static_cast<std::size_t>(block)])
            continue;
        entry.counted[static_cast<std::size_t>(block)] = true;
        ++entry.peaks.ready;
        add(*clip, block, entry.peaks);
    }
    if (found == entries_.end())
        return nullptr;
    Entry& entry = found->second;
    entry.used = ++clock_;
    if (entries_.size() > most)
        entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    return &entry.peaks;
}

} // namespace producergan::plugin
