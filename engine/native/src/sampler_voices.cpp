// The sampler's voices: how they start, who makes room, and what they are told at each tick.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "producergan/decibels.hpp"
#include "producergan/sampler.hpp"

namespace producergan {

VoiceTargets Sampler::targets(const Zone& zone, int channel, int key, int clip_channels) const noexcept {
    const Expression said = midi_.expression(channel, key);
    VoiceTargets result;
    const float decibels = zone.get(ZoneParam::gain_db) + said.pressure * zone.get(ZoneParam::pressure_gain_db);
    const float gain = gain_of_decibels(decibels) * said.gain;
    const float pan = std::clamp(zone.get(ZoneParam::pan) + said.pan, -1.0f, 1.0f);
    if (clip_channels == 1) { // equal power, the middle at full level
        const float angle = (pan + 1.0f) * (std::numbers::pi_v<float> / 4.0f);
        result.left = pan == 0.0f ? gain : gain * std::numbers::sqrt2_v<float> * std::cos(angle);
        result.right = pan == 0.0f ? gain : gain * std::numbers::sqrt2_v<float> * std::sin(angle);
    } else { // balance
        result.left = gain * std::min(1.0f, 1.0f - pan);
        result.right = gain * std::min(1.0f, 1.0f + pan);
    }
    result.semitones = static_cast<double>(zone.get(ZoneParam::tune)) + said.semitones;
    result.cutoff_octaves = said.cutoff_octaves + said.pressure * zone.get(ZoneParam::pressure_cutoff);
    result.resonance = said.resonance;
    return result;
}

VoiceTargets Sampler::targets(const Voice& voice) const noexcept {
    return targets(voice.zone(), voice.origin().channel, voice.origin().key, voice.clip()->channel_count());
}

int Sampler::glide_ticks() const noexcept {
    const double seconds = static_cast<double>(program_->get(PlayParam::glide));
    return static_cast<int>(std::lround(seconds * sample_rate_ / config::tick_frames));
}

/// `glide`: semitones off its pitch at which it begins, where its zone is chromatic.
void Sampler::start_voice(int zone_index, int channel, int key, int velocity, double glide) noexcept {
    const Zone& zone = program_->zones[static_cast<std::size_t>(zone_index)];
    const int slot_key = zone.slot_key(key);
    ClipSlot& slot = program_->slot(zone_index, slot_key);
    const int variant = slot.next(velocity, zone);
    if (variant == ClipSlot::none) {
        counters_.add(Counter::starved);
        return;
    }
    make_room();
    const int place = free_place();

    Voice::Start start;
    start.program = program_;
    start.clip = slot.clips[static_cast<std::size_t>(variant)];
    start.zone = zone_index;
    start.key = key;
    start.slot_key = slot_key;
    start.variant = variant;
    start.channel = channel;
    start.output = static_cast<int>(zone.get(ZoneParam::output)) - 1;
    const float track = zone.get(ZoneParam::velocity_track);
    start.velocity_gain =
        1.0f - track + track * std::pow(static_cast<float>(velocity) / 127.0f, zone.get(ZoneParam::velocity_curve));
    start.velocity = static_cast<float>(velocity) / 127.0f;
    start.semitones = zone.shared ? key - zone.root : 0;
    start.attack_factor = midi_.attack_factor(channel);
    start.glide_ticks = glide_ticks();
    start.glide = zone.shared && start.glide_ticks > 0 ? glide : 0.0;
    start.id = ++voice_count_;
    start.frame = clock_;
    const VoiceTargets wishes = targets(zone, channel, key, start.clip->channel_count());
    Voice& voice = this->voice(place);
    voice.start(std::move(start), wishes, context());
    if (const ClipRef& coming = slot.coming[static_cast<std::size_t>(variant)])
        voice.swap(coming); // it came before the note, its onset has not
    active_[static_cast<std::size_t>(active_count_++)] = place;
}

/// Steals voices until one more fits the polyphony: first released ones, then quiet and old ones, and those that are
/// so young that they may belong to the same chord last of all, the oldest of them first.
void Sampler::make_room() noexcept {
    const int polyphony = std::clamp(static_cast<int>(program_->get(PlayParam::polyphony)), 1, config::max_voices);
    for (;;) {
        int sounding = 0;
        int victim = -1;
        double best = 0.0;
        for (int i = 0; i < active_count_; ++i) {
            const int place = active_[static_cast<std::size_t>(i)];
            const Voice& voice = this->voice(place);
            if (voice.dying)
                continue;
            ++sounding;
            const auto age = static_cast<double>(clock_ - voice.origin().frame);
            double score; // higher is stolen sooner
            if (voice.released())
                score = 2e6;
            else if (age >= static_cast<double>(young_frames_))
                score = 1e6;
            else
                score = 0.0;
            score += age / sample_rate_; // a second of age weighs as much as 6 dB
            if (score >= 1e6)
                score -= 20.0 * std::log10(static_cast<double>(voice.level()) + 1e-6) / 6.0;
            if (victim < 0 || score > best) {
                victim = place;
                best = score;
            }
        }
        if (sounding < polyphony)
            return;
        counters_.add(Counter::steals);
        fade(victim);
    }
}

void Sampler::fade(int place) noexcept {
    if (voice(place).rendered() == 0)
        end_voice(place); // has made no sound yet: nothing to fade
    else
        voice(place).kill(kill_frames_);
}

/// A place for a new voice. If none is left in the reserve, the quietest dying voice is cut short.
int Sampler::free_place() noexcept {
    int dying = 0, quietest = -1;
    for (int i = 0; i < active_count_; ++i) {
        const int place = active_[static_cast<std::size_t>(i)];
        const Voice& voice = this->voice(place);
        if (!voice.dying)
            continue;
        ++dying;
        if (quietest < 0 || voice.level() < this->voice(quietest).level())
            quietest = place;
    }
    const int polyphony = std::clamp(static_cast<int>(program_->get(PlayParam::polyphony)), 1, config::max_voices);
    if (dying > polyphony || active_count_ == places)
        cut(quietest);
    for (int place = 0; place < places; ++place)
        if (!voice(place).active)
            return place;
    return 0; // cannot be: there are twice as many places as sounding voices
}

/// A voice falls silent now; its last frame is faded to nothing over the next millisecond in its stead, and once only.
void Sampler::leave_residue(Voice& voice) noexcept {
    Residue& residue = residues_[static_cast<std::size_t>(voice.origin().output)];
    residue.frames = residue_frames_;
    for (int i = 0; i < residue_frames_; ++i) {
        const float share = 1.0f - static_cast<float>(i + 1) / static_cast<float>(residue_frames_ + 1);
        const auto at = static_cast<std::size_t>((residue_at_ + i) & (residue_size - 1));
        residue.left[at] += voice.last_left * share;
        residue.right[at] += voice.last_right * share;
    }
    voice.last_left = voice.last_right = 0.0f;
}

void Sampler::cut(int place) noexcept {
    leave_residue(voice(place));
    end_voice(place);
}

void Sampler::end_voice(int place) noexcept {
    voice(place).clear();
    const auto begin = active_.begin(), end = active_.begin() + active_count_;
    active_count_ = static_cast<int>(std::remove(begin, end, place) - begin);
}

} // namespace producergan
