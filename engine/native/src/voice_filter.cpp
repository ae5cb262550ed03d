#include "producergan/voice_filter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "producergan/smoothing.hpp"

namespace producergan {

VoiceFilter::Setting VoiceFilter::wanted(const Zone& zone, int key, const Offsets& offsets) noexcept {
    if (const float hertz = zone.get(ZoneParam::cutoff); hertz != zone_cutoff_) {
        zone_cutoff_ = hertz;
        zone_octaves_ = std::log2(hertz);
    }
    return {zone_octaves_ + offsets.cutoff_octaves +
                zone.get(ZoneParam::filter_track) * static_cast<float>(key - 60) / 12.0f,
            std::clamp(zone.get(ZoneParam::resonance) + offsets.resonance, 0.0f, 1.0f),
            zone.get(ZoneParam::filter_envelope)};
}

float VoiceFilter::cutoff(double sample_rate) const noexcept {
    const float hertz = std::exp2(setting_.octaves + velocity_octaves_ + setting_.envelope * level_);
    return std::clamp(hertz, config::filter_lowest_hertz,
                      config::filter_highest_share * static_cast<float>(sample_rate));
}

void VoiceFilter::start(const Zone& zone, int key, float velocity, const Offsets& offsets,
                        double sample_rate) noexcept {
    filter_ = {};
    const auto type = static_cast<Filter::Type>(static_cast<int>(zone.get(ZoneParam::filter)));
    if (type == Filter::Type::off)
        return;
    const auto frames = [&](ZoneParam id) { return std::llround(static_cast<double>(zone.get(id)) * sample_rate); };
    Envelope::Shape shape;
    shape.attack = frames(ZoneParam::filter_attack);
    shape.decay = frames(ZoneParam::filter_decay);
    shape.sustain = zone.get(ZoneParam::filter_sustain);
    shape.release = frames(ZoneParam::filter_release);
    envelope_.start(shape);
    level_ = envelope_.advance(1);
    velocity_octaves_ = zone.get(ZoneParam::filter_velocity) * velocity;
    setting_ = wanted(zone, key, offsets);
    filter_.start(type, cutoff(sample_rate), setting_.resonance, sample_rate);
}

void VoiceFilter::tick(const Zone& zone, int key, const Offsets& offsets, float smoothing,
                       double sample_rate) noexcept {
    if (!on())
        return;
    const Setting target = wanted(zone, key, offsets);
    const float level = std::exchange(level_, envelope_.advance(config::tick_frames));
    if (target == setting_ && level_ == level)
        return filter_.tick();
    setting_.octaves = toward(setting_.octaves, target.octaves, smoothing);
    setting_.resonance = toward(setting_.resonance, target.resonance, smoothing);
    setting_.envelope = toward(setting_.envelope, target.envelope, smoothing);
    filter_.tick(cutoff(sample_rate), setting_.resonance, sample_rate);
}

} // namespace producergan
