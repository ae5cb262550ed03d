#pragma once
// Clips, programs and events at random, for the test programs.
#include <array>
#include <bitset>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "producergan/event_ring.hpp"
#include "producergan/knobs.hpp"
#include "producergan/sampler.hpp"

namespace producergan::test {

using Random = std::mt19937_64;

inline int below(Random& random, int limit) { return static_cast<int>(random() % static_cast<std::uint64_t>(limit)); }

inline float unit(Random& random) { return static_cast<float>(random() >> 40) * 0x1p-24f; }

inline float within(Random& random, const ParameterInfo& info) {
    if (info.curve == "choice" || info.curve == "integer")
        return static_cast<float>(info.minimum + below(random, static_cast<int>(info.maximum - info.minimum) + 1));
    return static_cast<float>(info.minimum + static_cast<double>(unit(random)) * (info.maximum - info.minimum));
}

inline bool chance(Random& random, double share) { return unit(random) < share; }

/// An event ring and the memory that it lies in.
struct RingInMemory {
    std::vector<std::byte> memory = std::vector<std::byte>(EventRing::bytes() + 64);
    EventRing ring{aligned(), true};

private:
    void* aligned() {
        void* start = memory.data();
        std::size_t space = memory.size();
        return std::align(64, EventRing::bytes(), start, space);
    }
};

/// Random audio in a block; with a chance of `bad_numbers` one frame of it is none.
inline void write_block(Clip& clip, std::int64_t block, Random& random, double bad_numbers) {
    const std::int64_t start = block * config::block_frames;
    const std::int64_t frames = std::min<std::int64_t>(config::block_frames, clip.frames() - start);
    std::vector<float> audio(static_cast<std::size_t>(frames * clip.channel_count()));
    for (float& sample : audio)
        sample = 2.0f * unit(random) - 1.0f;
    if (chance(random, bad_numbers)) {
        const float bad[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 3e38f,
                             -std::numeric_limits<float>::infinity(), 1e-40f};
        audio[random() % audio.size()] = bad[below(random, 5)];
    }
    clip.write(start, audio.data(), frames, frames);
}

/// A clip of any legal shape with about `ready` of its blocks written.
inline ClipRef make_clip(Random& random, double ready, double bad_numbers) {
    static std::uint64_t identity = 0;
    const double rates[] = {1000, 8000, 16000, 44100, 48000, 96000, 768000};
    const int lengths[] = {1, 2, 63, 1023, 1024, 1025, 4096, 16384, 20000};
    auto clip = std::make_shared<Clip>(++identity, 1 + below(random, 2), lengths[below(random, 9)],
                                       chance(random, 0.7) ? 16000.0 : rates[below(random, 7)]);
    for (std::int64_t block = 0; block < clip->blocks(); ++block)
        if (chance(random, ready))
            write_block(*clip, block, random, bad_numbers);
    return clip;
}

/// Up to `zones` zones with random notes and parameters, their slots filled from `clips`.
inline ProgramRef make_program(Random& random, int zones, const std::vector<ClipRef>& clips) {
    std::vector<Zone> list(static_cast<std::size_t>(below(random, zones + 1)));
    for (Zone& zone : list) {
        const double density = unit(random);
        for (std::size_t note = 0; note < zone.notes.size(); ++note)
            zone.notes[note] = chance(random, density);
        zone.shared = chance(random, 0.4);
        zone.root = below(random, config::keys);
        zone.siblings = chance(random, 0.5) ? 1 : 1 + below(random, config::max_siblings);
        zone.layers = chance(random, 0.5) ? 1 : 1 + below(random, config::max_layers);
        for (std::size_t i = 0; i < zone_param_count; ++i)
            if (chance(random, 0.4))
                zone.parameters[i] = within(random, zone_parameters[i]);
        if (chance(random, 0.5))
            zone.parameters[static_cast<std::size_t>(ZoneParam::filter)] = static_cast<float>(1 + below(random, 3));
    }
    auto program = std::make_shared<Program>(std::move(list));
    for (std::size_t i = 0; i < play_param_count; ++i)
        if (chance(random, 0.4))
            program->play[i] = within(random, play_parameters[i]);
    if (chance(random, 0.7))
        program->play[static_cast<std::size_t>(PlayParam::channel)] = 0;
    for (int i = 0; i < 4; ++i)
        program->claimed.set(static_cast<std::size_t>(below(random, 120)), chance(random, 0.5));
    if (!clips.empty())
        for (ClipSlot& slot : program->table)
            for (ClipRef& clip : slot.clips)
                if (chance(random, 0.3))
                    clip = clips[random() % clips.size()];
    return program;
}

/// Any parameter of any zone, or of one that there is not, to any value; now and then to what is no number.
inline void set_something(Sampler& sampler, Random& random) {
    const Scope scope = chance(random, 0.8) ? Scope::zone : Scope::play;
    const int parameter = below(random, parameter_count(scope));
    const float value = 1.2f * within(random, parameter_info(scope, parameter));
    sampler.set_parameter_now(scope, below(random, 8) - 1, parameter,
                              chance(random, 0.1) ? std::numeric_limits<float>::quiet_NaN() : value);
}

/// Macros under any controller that move a few parameters, now and then between numbers that make no sense.
inline Macros make_macros(Random& random) {
    constexpr std::array<int, 10> controllers{
        1, 7, 10, 64, 74, 6, MacroInfo::no_controller, MacroInfo::pressure, MacroInfo::poly_pressure, 129};
    const auto number = [&](double low, double high) { return low + static_cast<double>(unit(random)) * (high - low); };
    Macros macros;
    for (MacroInfo& macro : macros) {
        macro.position = number(0.0, 1.0);
        macro.controller = controllers[random() % controllers.size()];
        macro.minimum = number(0.0, 1.0);
        macro.maximum = number(0.0, 1.0);
        macro.pick_up = chance(random, 0.3);
        macro.used = chance(random, 0.9);
        for (int i = below(random, 4); i > 0; --i) {
            ParameterTarget target;
            target.scope = chance(random, 0.8) ? Scope::zone : Scope::play;
            target.zone = below(random, 7) - 1;
            target.parameter = below(random, parameter_count(target.scope));
            target.low = number(-2.0, 50.0);
            target.high = number(-2.0, 50.0);
            target.exponential = chance(random, 0.5);
            macro.targets.push_back(target);
        }
    }
    return macros;
}

/// Knobs under the same MIDI, and a host that automates one now and then: what they say is set. [audio-thread]
inline void turn(Knobs& knobs, Sampler& sampler, const Event* events, int count, Random& random) {
    bool moved = chance(random, 0.1) && knobs.set(below(random, config::macros), static_cast<double>(unit(random)));
    for (int i = 0; i < count; ++i)
        moved |= knobs.handle(events[i].status, events[i].data1, events[i].data2);
    if (moved)
        knobs.each_value([&](Scope scope, int zone, int parameter, double value) {
            sampler.set_parameter_now(scope, zone, parameter, static_cast<float>(value));
        });
}

/// A few controllers, the pedals among them, that a macro may claim.
inline std::bitset<128> some_controllers(Random& random) {
    std::bitset<128> controllers;
    for (const std::size_t controller : {1, 7, 64, 66, 74})
        controllers.set(controller, chance(random, 0.2));
    return controllers;
}

/// Mostly notes and the controllers that mean something; now and then any three bytes.
inline Event make_event(Random& random, int frames) {
    Event event;
    event.offset = chance(random, 0.01) ? below(random, 3 * frames + 1) - frames : below(random, frames + 1);
    const int channel = chance(random, 0.7) ? 0 : below(random, 16);
    constexpr std::array<std::uint8_t, 24> controllers{6,  7,  10, 11, 38,  64,  66,  66,  71,  72,  73,  74,
                                                       96, 97, 98, 99, 100, 101, 120, 121, 123, 126, 127, 1};
    constexpr std::array<std::uint8_t, 4> registered{0, 0, 6, 127}; // of those, the ones that mean something
    const auto data = [&] { return static_cast<std::uint8_t>(below(random, 128)); };
    const auto status = [&](int kind) { return static_cast<std::uint8_t>(kind | channel); };
    switch (below(random, 22)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
        event.status = status(0x90), event.data1 = data(), event.data2 = data();
        break;
    case 8:
    case 9:
    case 10:
    case 11:
        event.status = status(0x80), event.data1 = data(), event.data2 = data();
        break;
    case 12:
    case 13:
    case 14:
        event.status = status(0xe0), event.data1 = data(), event.data2 = data();
        break;
    case 15:
    case 16:
    case 17:
    case 18:
        event.status = status(0xb0), event.data1 = controllers[random() % controllers.size()];
        event.data2 = chance(random, 0.2) ? std::uint8_t{0} : data();
        if (event.data1 == 100 || event.data1 == 101)
            event.data2 = registered[random() % registered.size()];
        if ((event.data1 == 120 || event.data1 >= 126) && chance(random, 0.9))
            event.data1 = 64;
        break;
    case 19:
        event.status = status(0xa0), event.data1 = data(), event.data2 = data();
        break;
    case 20:
        event.status = status(0xd0), event.data1 = data(), event.data2 = static_cast<std::uint8_t>(random());
        break;
    default:
        event.status = static_cast<std::uint8_t>(random()), event.data1 = static_cast<std::uint8_t>(random());
        event.data2 = static_cast<std::uint8_t>(random());
    }
    return event;
}

} // namespace producergan::test
