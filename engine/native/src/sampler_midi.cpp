// What MIDI messages mean to the sampler: controllers, pedals and the ends of notes.
#include <cmath>

#include "producergan/sampler.hpp"

namespace producergan {

void Sampler::handle(const Event& event) noexcept {
    const int kind = event.status & 0xf0;
    const int channel = event.status & 0x0f;
    const bool one_byte = kind == 0xc0 || kind == 0xd0; // of data: whatever stands behind it is not part of the message
    if (event.status < 0x80 || event.data1 > 127 || (event.data2 > 127 && !one_byte))
        return;
    const int only = static_cast<int>(program_->get(PlayParam::channel));
    const bool lets_go = kind == 0x80 || (kind == 0x90 && event.data2 == 0);
    if (only != 0 && channel != only - 1 && !lets_go) // a key that was held when the filter changed is let go
        return;
    switch (kind) {
    case 0x80:
        let_go(channel, event.data1, event.data2);
        break;
    case 0x90:
        if (event.data2 == 0)
            let_go(channel, event.data1, usual_release);
        else
            note_on(channel, event.data1, event.data2);
        break;
    case 0xa0:
        midi_.channel(channel).key_pressure[event.data1] = static_cast<float>(event.data2) / 127.0f;
        break;
    case 0xb0:
        if (event.data1 >= 120 || !program_->claimed[event.data1])
            control(channel, event.data1, event.data2);
        break;
    case 0xd0:
        midi_.channel(channel).pressure = static_cast<float>(event.data1) / 127.0f;
        break;
    case 0xe0:
        midi_.channel(channel).pitch_bend(event.data1, event.data2);
        break;
    default: // a program change is the control side's; what is no channel message means nothing here
        break;
    }
}

void Sampler::control(int channel, int controller, int value) noexcept {
    const auto each_reached = [&](auto act) {
        for (int other = 0; other < config::channels; ++other)
            if (midi_.reaches(channel, other))
                act(other);
    };
    switch (controller) {
    case 64:
        midi_.control(channel, controller, value);
        release_unheld();
        break;
    case 66:
        if (value < 64)
            each_reached([&](int other) { keys(other).let_caught_go(); });
        else if (!midi_.channel(channel).sostenuto) // the moment it goes down
            each_reached([&](int other) { keys(other).catch_held(); });
        midi_.control(channel, controller, value);
        release_unheld();
        break;
    case 120: // all sound off, and with it the change between mono and poly, which the preset decides
    case 126:
    case 127:
        each_reached([&](int other) { keys(other).lift_all(); });
        each_voice([&](Voice& voice) {
            if (midi_.reaches(channel, voice.origin().channel))
                voice.kill(kill_frames_);
        });
        break;
    case 121:
        each_reached([&](int other) {
            midi_.channel(other).reset_controllers();
            keys(other).let_caught_go();
        });
        release_unheld();
        break;
    case 122: // local control is the keyboard's
        break;
    case 123: // all notes off, pedals respected; the change of omni mode means the same first of all
    case 124:
    case 125:
        each_reached([&](int other) { keys(other).lift_all(); });
        release_unheld();
        break;
    default:
        if (const int concerned = midi_.control(channel, controller, value); concerned > 0) {
            for (int other = 0; other < concerned; ++other) {
                keys(other).lift_all();
                keys(other).let_caught_go();
            }
            release_unheld();
        }
    }
}

void Sampler::let_go(int channel, int key, int velocity) noexcept {
    keys(channel).lift(key);
    release_unheld(velocity);
}

bool Sampler::held(int channel, int key) const noexcept { return midi_.sustain(channel) || keys(channel).holds(key); }

/// Ends every note that neither its key nor a pedal holds any more. A channel with one note at a time goes back to a
/// key that is still down instead.
void Sampler::release_unheld(int velocity) noexcept {
    if (voices() != Voices::poly)
        for (int channel = 0; channel < config::channels; ++channel) {
            const HeldKeys& held_keys = keys(channel);
            const int next = held_keys.first(priority());
            if (next != HeldKeys::none && held_keys.playing != HeldKeys::none && !held(channel, held_keys.playing))
                take_over(channel, next, held_keys.velocity(next), voices() == Voices::legato);
        }
    each_voice([&](Voice& voice) {
        if (!voice.released() && !held(voice.origin().channel, voice.origin().key))
            release(voice, velocity);
    });
}

/// A key let go fast shortens the zone's release, one let go slowly lengthens it, by the same factor at the ends as the
/// release controller; the zone's share of it is `release_velocity`. 64 is neutral, and so is 0, which keyboards send
/// that do not measure it. A note that a pedal held ends in its usual time: the pedal let it go, not the finger.
void Sampler::release(Voice& voice, int velocity) noexcept {
    if (voice.mode() == Mode::one_shot) // at each end of any note there may be many of them
        return;
    const double share = static_cast<double>(voice.zone().get(ZoneParam::release_velocity));
    const double speed = velocity == 0 ? 0.0 : (velocity - usual_release) / 63.0;
    voice.release(midi_.release_factor(voice.origin().channel) *
                  std::pow(config::controller_time_factor, -share * speed));
}

} // namespace producergan
