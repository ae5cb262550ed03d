#include "producergan/program.hpp"

#include <atomic>
#include <stdexcept>

#include "producergan/course.hpp"

namespace producergan {

namespace {

/// True if a note of this zone could begin on the clip and go on for the length of a block.
bool onset_ready(const Clip& clip, const Zone& zone) noexcept {
    const Course course = first_course(zone, clip.frames(), clip.sample_rate());
    const auto left_out = static_cast<double>(zone.get(ZoneParam::humanise_start)) * clip.sample_rate();
    return course.ready(clip, course.start, config::block_frames + static_cast<std::int64_t>(left_out), 0);
}

} // namespace

void ClipSlot::put(int variant, const ClipRef& clip, const Zone& zone) noexcept {
    newest(variant, zone);
    coming[static_cast<std::size_t>(variant)] = clip;
    newest(variant, zone);
}

int ClipSlot::next(int velocity, const Zone& zone) noexcept {
    const int wanted = zone.layer(velocity);
    for (const bool ready : {true, false})
        for (int distance = 0; distance < zone.layers; ++distance)
            for (const int layer : {wanted - distance, wanted + distance})
                if (layer >= 0 && layer < zone.layers)
                    if (const int variant = next_of_layer(layer, zone, ready); variant != none)
                        return variant;
    return none;
}

int ClipSlot::next_of_layer(int layer, const Zone& zone, bool ready) noexcept {
    int& last = last_[static_cast<std::size_t>(layer)];
    for (int i = 1; i <= zone.siblings; ++i) {
        const int sibling = (last + i) % zone.siblings;
        const int variant = layer * zone.siblings + sibling;
        const ClipRef& clip = newest(variant, zone);
        if (clip && (!ready || onset_ready(*clip, zone))) {
            last = sibling;
            return variant;
        }
    }
    return none;
}

const ClipRef& ClipSlot::newest(int variant, const Zone& zone) noexcept {
    ClipRef& now = clips[static_cast<std::size_t>(variant)];
    ClipRef& next = coming[static_cast<std::size_t>(variant)];
    if (next && (!now || onset_ready(*next, zone))) {
        now = std::move(next);
        next.reset();
    }
    return now;
}

std::uint64_t Program::next_id() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Program::Program(std::vector<Zone> zone_list) : zones(std::move(zone_list)) {
    if (zones.size() > static_cast<std::size_t>(config::max_zones))
        throw std::invalid_argument("a program has at most 64 zones");
    for (const Zone& zone : zones) {
        if (zone.root < 0 || zone.root >= config::keys)
            throw std::invalid_argument("a zone's root lies between 0 and 127");
        if (zone.siblings < 1 || zone.siblings > config::max_siblings)
            throw std::invalid_argument("a zone has 1 to 8 siblings");
        if (zone.layers < 1 || zone.layers > config::max_layers)
            throw std::invalid_argument("a zone has 1 to 4 velocity layers");
    }
    for (std::size_t i = 0; i < play_param_count; ++i)
        play[i] = static_cast<float>(play_parameters[i].default_value);
    table.resize(zones.size() * config::keys);
}

} // namespace producergan
