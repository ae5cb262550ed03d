#include "peaks.hpp"

#include <algorithm>

#include "producergan/config.hpp"

namespace producergan::plugin {

namespace {

/// Of the blocks that are there; what is not is silence.
void work_out(const Clip& clip, Peaks& peaks) {
    peaks.low.fill(0.0f);
    peaks.high.fill(0.0f);
    for (std::int64_t block = 0; block < clip.blocks(); ++block) {
        if (!clip.block_ready(block))
            continue;
        const std::int64_t begin = block * config::block_frames;
        const std::int64_t end = std::min<std::int64_t>(clip.frames(), begin + config::block_frames);
        for (int c = 0; c < clip.channel_count(); ++c)
            for (std::int64_t i = begin; i < end; ++i) {
                const auto piece = static_cast<std::size_t>(i * Peaks::count / clip.frames());
                const float sample = clip.channel(c)[i];
                peaks.low[piece] = std::min(peaks.low[piece], sample);
                peaks.high[piece] = std::max(peaks.high[piece], sample);
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
    std::int64_t ready = 0;
    for (std::int64_t block = 0; block < clip->blocks(); ++block)
        ready += clip->block_ready(block) ? 1 : 0;
    if (ready == 0)
        return nullptr;
    Entry& entry = entries_[clip->id()];
    entry.used = ++clock_;
    if (entry.peaks.ready != ready) {
        entry.peaks.ready = ready;
        work_out(*clip, entry.peaks);
    }
    if (entries_.size() > most)
        entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                        [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    return &entry.peaks;
}

} // namespace producergan::plugin
