#pragma once
#include <compare>
#include <cstdint>
#include <string>

namespace producergan::plugin {

/// A slot of the clip table: the key is the zone's slot key, the variant is layer · siblings + sibling.
struct Place {
    std::uint8_t zone = 0, key = 0, variant = 0;
    auto operator<=>(const Place&) const = default;
};

/// What the engine names a sound by: 32 hexadecimal digits. Empty: none.
using SoundName = std::string;

} // namespace producergan::plugin
