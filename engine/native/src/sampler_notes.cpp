// How notes begin: beside one another, or one at a time on a channel, where the new one takes over from the last.
#include "producergan/sampler.hpp"

namespace producergan {

Sampler::Voices Sampler::voices() const noexcept {
    return static_cast<Voices>(static_cast<int>(program_->get(PlayParam::voices)));
}

Priority Sampler::priority() const noexcept {
    return static_cast<Priority>(static_cast<int>(program_->get(PlayParam::priority)));
}

void Sampler::note_on(int channel, int key, int velocity) noexcept {
    counters_.add(Counter::notes);
    bool mapped = false;
    for (const Zone& zone : program_->zones)
        mapped |= zone.notes[static_cast<std::size_t>(key)];
    if (!mapped) // it neither takes over nor waits to sound
        return;
    HeldKeys& held_keys = keys(channel);
    const bool another_down = held_keys.any_down();
    held_keys.strike(key, velocity);
    if (voices() == Voices::poly) {
        held_keys.playing = HeldKeys::none;
        play_beside(channel, key, velocity);
    } else if (held_keys.first(priority()) == key) { // else it is remembered until the others are let go
        take_over(channel, key, velocity, voices() == Voices::legato && another_down && held_keys.playing != key);
    }
}

/// A note beside those that sound. It ends first what it ends, so that its own layers do not choke one another.
void Sampler::play_beside(int channel, int key, int velocity) noexcept {
    each_voice([&](Voice& voice) {
        if (voice.mode() != Mode::one_shot && !voice.released() && voice.origin().channel == channel &&
            voice.origin().key == key)
            release(voice);
    });
    for (const Zone& zone : program_->zones)
        if (zone.notes[static_cast<std::size_t>(key)])
            choke(static_cast<int>(zone.get(ZoneParam::choke)));
    for (int zone = 0; zone < static_cast<int>(program_->zones.size()); ++zone)
        if (program_->zones[static_cast<std::size_t>(zone)].notes[static_cast<std::size_t>(key)])
            start_voice(zone, channel, key, velocity);
}

/// The channel's one note is this key's from now on. With `legato` the voices of its zones that sound go on as the new
/// note's; all others of the channel fade. The pitch of a chromatic zone glides from where the last note's had got to:
/// with a new attack from that of any earlier note, without one only from a note whose key is still down.
void Sampler::take_over(int channel, int key, int velocity, bool legato) noexcept {
    HeldKeys& held_keys = keys(channel);
    const bool glides = held_keys.playing != HeldKeys::none && (legato || voices() == Voices::mono);
    const double glide = glides ? reached(channel) - key : 0.0;
    std::bitset<places> kept;
    std::bitset<config::max_zones> begins;
    for (int zone = 0; zone < static_cast<int>(program_->zones.size()); ++zone) {
        if (!program_->zones[static_cast<std::size_t>(zone)].notes[static_cast<std::size_t>(key)])
            continue;
        const int place = legato ? continuing(zone, channel) : -1;
        if (place >= 0 && change_key(place, key, velocity))
            kept.set(static_cast<std::size_t>(place));
        else
            begins.set(static_cast<std::size_t>(zone));
    }
    for (int i = active_count_ - 1; i >= 0; --i) {
        const int place = active_[static_cast<std::size_t>(i)];
        if (voice(place).origin().channel == channel && !kept[static_cast<std::size_t>(place)])
            fade(place);
    }
    for (const Zone& zone : program_->zones)
        if (zone.notes[static_cast<std::size_t>(key)])
            choke(static_cast<int>(zone.get(ZoneParam::choke)), kept);
    for (int zone = 0; zone < static_cast<int>(program_->zones.size()); ++zone)
        if (begins[static_cast<std::size_t>(zone)])
            start_voice(zone, channel, key, velocity, glide);
    held_keys.playing = key;
}

/// The place of the voice that sounds the zone on this channel and may go on as another key's; −1 if there is none.
int Sampler::continuing(int zone, int channel) const noexcept {
    for (int i = active_count_ - 1; i >= 0; --i) {
        const int place = active_[static_cast<std::size_t>(i)];
        const Voice::Start& origin = voice(place).origin();
        if (origin.program == program_ && origin.zone == zone && origin.channel == channel && !voice(place).dying &&
            !voice(place).released())
            return place;
    }
    return -1;
}

/// The voice goes on as another key's note: at its pitch where keys share a clip, else on that key's clip from the
/// position it has reached. A key without a clip keeps it on the last one's until its own comes. False if the clip is
/// of another length, so that it has no such position.
bool Sampler::change_key(int place, int key, int velocity) noexcept {
    Voice& voice = this->voice(place);
    const Zone& zone = voice.zone();
    if (zone.shared) {
        voice.change_key(key, zone.root, voice.origin().variant, key - zone.root, glide_ticks());
        return true;
    }
    ClipSlot& slot = program_->slot(voice.origin().zone, key);
    const int variant = slot.next(velocity, zone);
    if (variant == ClipSlot::none) {
        counters_.add(Counter::starved);
        voice.change_key(key, key, zone.layer(velocity) * zone.siblings, 0.0, 0);
        return true;
    }
    const ClipRef& coming = slot.coming[static_cast<std::size_t>(variant)];
    const ClipRef& clip = coming ? coming : slot.clips[static_cast<std::size_t>(variant)];
    if (!voice.accepts(*clip))
        return false;
    voice.change_key(key, key, variant, 0.0, 0);
    voice.swap(clip);
    return true;
}

/// The pitch that the channel's last note has got to, as a key.
double Sampler::reached(int channel) const noexcept {
    const int last = keys(channel).playing;
    for (int i = active_count_ - 1; i >= 0; --i) {
        const Voice& voice = this->voice(active_[static_cast<std::size_t>(i)]);
        if (voice.zone().shared && voice.origin().channel == channel && voice.origin().key == last && !voice.dying)
            return last + voice.glide();
    }
    return last;
}

void Sampler::choke(int group, const std::bitset<places>& spared) noexcept {
    if (group == 0)
        return;
    for (int i = active_count_ - 1; i >= 0; --i) {
        const int place = active_[static_cast<std::size_t>(i)];
        if (!spared[static_cast<std::size_t>(place)] &&
            static_cast<int>(voice(place).zone().get(ZoneParam::choke)) == group)
            fade(place);
    }
}

} // namespace producergan
