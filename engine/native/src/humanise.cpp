#include "producergan/humanise.hpp"

#include "producergan/decibels.hpp"

namespace producergan {

namespace {

/// Evenly from 0 to 1, by the finaliser of SplitMix64 (G. Steele and others, "Fast splittable pseudorandom number
/// generators", 2014).
double draw(std::uint64_t number) noexcept {
    std::uint64_t bits = number * 0x9e3779b97f4a7c15u;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    return static_cast<double>((bits ^ bits >> 31) >> 11) * 0x1p-53;
}

} // namespace

Humanised humanise(const Zone& zone, std::uint64_t voice) noexcept {
    const float decibels = zone.get(ZoneParam::humanise_gain_db);
    Humanised result;
    if (decibels > 0.0f)
        result.gain = gain_of_decibels(decibels * static_cast<float>(draw(3 * voice) - 0.5));
    result.semitones = static_cast<double>(zone.get(ZoneParam::humanise_tune)) * (2.0 * draw(3 * voice + 1) - 1.0);
    result.seconds = static_cast<double>(zone.get(ZoneParam::humanise_start)) * draw(3 * voice + 2);
    return result;
}

} // namespace producergan
