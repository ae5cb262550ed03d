#include "producergan/program.hpp"

#include <stdexcept>

namespace producergan {

namespace {

/// True if a note of this zone could begin on the clip and go on for the length of a block.
bool onset_ready(const Clip& clip, const Zone& zone) noexcept {
    const auto frames = static_cast<double>(clip.frames());
    const auto start = static_cast<std::int64_t>(static_cast<double>(zone.get(ZoneParam::start)) * frames);
    const auto left_out = static_cast<double>(zone.get(ZoneParam::humanise_start)) * clip.sample_rate();
    const std::int64_t length = config::block_frames + static_cast<std::int64_t>(left_out);
    if (zone.get(ZoneParam::reverse) < 0.5f)
        return clip.ready(start, start + length);
    const std::int64_t last = clip.frames() - 1 - start;
    return clip.ready(last - length, last);
}

} // namespace

void ClipSlot::put(int sibling, const ClipRef& clip, const Zone& zone) noexcept {
    newest(sibling, zone);
    coming[static_cast<std::size_t>(sibling)] = clip;
    newest(sibling, zone);
}

const ClipRef& ClipSlot::newest(int sibling, const Zone& zone) noexcept {
    ClipRef& now = clips[static_cast<std::size_t>(sibling)];
    ClipRef& next = coming[static_cast<std::size_t>(sibling)];
    if (next && (!now || onset_ready(*next, zone))) {
        now = std::move(next);
        next.reset();
    }
    return now;
}

Program::Program(std::vector<Zone> zone_list) : zones(std::move(zone_list)) {
    if (zones.size() > static_cast<std::size_t>(config::max_zones))
        throw std::invalid_argument("a program has at most 64 zones");
    for (const Zone& zone : zones) {
        if (zone.root < 0 || zone.root >= config::keys)
            throw std::invalid_argument("a zone's root lies between 0 and 127");
        if (zone.siblings < 1 || zone.siblings > config::max_siblings)
            throw std::invalid_argument("a zone has 1 to 8 siblings");
    }
    for (std::size_t i = 0; i < play_param_count; ++i)
        play[i] = play_parameters[i].default_value;
    table.resize(zones.size() * config::keys);
}

} // namespace producergan
