#include "producergan/program.hpp"

#include <stdexcept>

namespace producergan {

Program::Program(std::vector<Zone> zone_list) : zones(std::move(zone_list)) {
    if (zones.size() > static_cast<std::size_t>(config::max_zones))
        throw std::invalid_argument("a program has at most 64 zones");
    for (const Zone& zone : zones) {
        if (zone.low < 0 || zone.high >= config::keys || zone.low > zone.high || zone.root < 0 ||
            zone.root >= config::keys)
            throw std::invalid_argument("a zone's keys lie between 0 and 127, the lower first");
        if (zone.siblings < 1 || zone.siblings > config::max_siblings)
            throw std::invalid_argument("a zone has 1 to 8 siblings");
    }
    for (std::size_t i = 0; i < play_param_count; ++i)
        play[i] = play_parameters[i].default_value;
    table.resize(zones.size() * config::keys);
}

} // namespace producergan
