// An engine that says what it likes, to a plugin that plays: frames made from the link's own table, right, wrong in one
// place, or nothing at all; clips beyond all measure. The plugin plays on, does not grow, and a good engine serves it
// afterwards.
//
// link_fuzz FRAMES SEED
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "fake_engine.hpp"
#include "junk.hpp"
#include "memory.hpp"
#include "processor.hpp"

using namespace producergan;
using namespace producergan::plugin;
using namespace producergan::test;

namespace {

constexpr int held = 36, batch = 300;
constexpr long growth = 24 << 20;                  // bytes of the second half
constexpr long most_bytes = std::int64_t{3} << 29; // ever: 1.5 GiB
constexpr Place held_place{0, held, 0};

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    std::fflush(nullptr);
    std::_Exit(1);
}

// ---- frames ------------------------------------------------------------------------------------------------------

/// A value that fits. Names of sounds are few, so that messages are about the same ones.
juce::var value(const link::Field& field, Random& random) {
    const auto whole = [&](double number) { return juce::var(static_cast<juce::int64>(number)); };
    switch (field.kind) {
    case link::Kind::integer:
        switch (below(random, 4)) {
        case 0:
            return whole(field.minimum);
        case 1:
            return whole(field.maximum);
        case 2:
            return whole(std::min(field.maximum, field.minimum + below(random, 4)));
        default:
            return whole(field.minimum + static_cast<double>(unit(random)) * (field.maximum - field.minimum));
        }
    case link::Kind::number:
        return field.minimum + static_cast<double>(unit(random)) * (field.maximum - field.minimum);
    case link::Kind::boolean:
        return chance(random, 0.5);
    case link::Kind::text: {
        const char* const texts[] = {"",       "a",         "cutoff",           "tune",    "exponential",
                                     "linear", "/dev/zero", "\xc3\xa9\xc3\xa9", "[[zone]]"};
        const juce::String text = juce::String::fromUTF8(texts[below(random, 9)]);
        if (field.minimum > 1)
            return juce::String::repeatedString("0", static_cast<int>(field.minimum));
        return static_cast<double>(text.getNumBytesAsUTF8()) < field.minimum ? juce::String("a") : text;
    }
    case link::Kind::sound:
        return juce::String::toHexString(
                   static_cast<juce::int64>(chance(random, 0.02) ? random() >> 1 : 0xabc0 + random() % 48))
            .paddedLeft('0', 32);
    case link::Kind::list: {
        const int most =
            static_cast<int>(std::min(field.maximum, field.minimum + below(random, chance(random, 0.02) ? 200 : 5)));
        juce::Array<juce::var> list;
        for (int i = 0; i < most; ++i)
            list.add(value(*field.element, random));
        return list;
    }
    case link::Kind::row: {
        juce::Array<juce::var> row;
        for (int i = 0; i < field.element_count; ++i)
            row.add(value(field.element[i], random));
        return row;
    }
    default: {
        auto* object = new juce::DynamicObject();
        const juce::var owner(object);
        if (field.kind == link::Kind::record) {
            for (int i = 0; i < field.element_count; ++i)
                object->setProperty(field.element[i].name.data(), value(field.element[i], random));
        } else {
            for (const char* name : {"mode", "tune", "cutoff", "none"})
                if (chance(random, 0.5))
                    object->setProperty(name, value(*field.element, random));
        }
        return owner;
    }
    }
}

struct Made {
    std::string bytes;
    bool fits = true;
};

Made make_frame(Random& random, juce::int64 serial, bool presets) {
    const double kind = static_cast<double>(unit(random));
    if (kind < 0.003) {
        std::string bytes(1 + random() % 300, '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(random());
        return {bytes, false};
    }
    const link::Message* message = nullptr;
    do
        message = &link::messages[random() % std::size(link::messages)];
    while (message->direction != link::Direction::to_client || message->type == "refused" ||
           (message->type == "program" && !presets));
    auto* object = new juce::DynamicObject();
    juce::var head(object);
    object->setProperty("type", message->type.data());
    for (int i = 0; i < message->field_count; ++i)
        object->setProperty(message->fields[i].name.data(), value(message->fields[i], random));
    if (object->hasProperty("serial") && chance(random, 0.7))
        object->setProperty("serial", serial);
    if (message->type == "set") {
        if (chance(random, 0.7))
            object->setProperty("zone", below(random, 3));
        if (!presets && static_cast<int>(head["key"]) == held)
            object->setProperty("key", held + 1);
    }
    if (message->type == "clip")
        object->setProperty("frames", 1 + below(random, 20000)); // of the huge ones there is another test
    std::vector<float> audio;
    if (message->body == link::Body::audio) {
        const int frames = chance(random, 0.5) ? 1024 : 1 + below(random, 5000);
        object->setProperty("frames", frames);
        object->setProperty("start", 1024 * below(random, 12) + (chance(random, 0.05) ? 1 : 0));
        audio.resize(static_cast<std::size_t>(frames * (1 + below(random, 2))));
        for (float& sample : audio)
            sample = unit(random) - 0.5f;
        if (kind < 0.006)
            audio[random() % audio.size()] = chance(random, 0.5) ? NAN : INFINITY;
        if (kind >= 0.006 && kind < 0.009)
            audio.resize(audio.size() / 2 + 1);
    }
    if (kind >= 0.009 && kind < 0.03)
        return {frame_of(changed_json(head, 1 + below(random, 2), random), audio), false};
    std::string bytes = frame_of(head, audio);
    if (kind >= 0.03 && kind < 0.035)
        bytes[random() % bytes.size()] ^= static_cast<char>(1 << below(random, 8));
    else if (kind >= 0.035 && kind < 0.038) {
        const std::uint32_t lengths[] = {0, 1, 3, 1 << 20, (1 << 20) + 1, 1u << 31, 0xffffffff};
        const std::uint32_t length = lengths[below(random, 7)];
        std::memcpy(bytes.data() + 4 * below(random, 2), &length, sizeof length);
    } else if (kind >= 0.038 && kind < 0.04) {
        bytes.resize(random() % bytes.size());
    }
    return {bytes, kind >= 0.04};
}

// ---- the plugin, playing -----------------------------------------------------------------------------------------

/// Plays one held loop all the time, in a thread of its own, and looks at what is heard.
class Player {
public:
    explicit Player(Processor& processor)
        : thread_([this, &processor] {
              constexpr int block = 256;
              juce::AudioBuffer<float> audio(2, block);
              juce::MidiBuffer midi;
              bool begun = false;
              int after = 0;
              while (!ending_) {
                  midi.clear();
                  if (strike.exchange(false)) {
                      midi.addEvent(juce::MidiMessage::noteOn(1, held, std::uint8_t{100}), 0);
                      begun = true;
                      after = 0;
                  }
                  processor.processBlock(audio, midi);
                  for (int channel = 0; channel < 2; ++channel)
                      for (int i = 0; i < block; ++i)
                          if (!std::isfinite(audio.getSample(channel, i)))
                              fail("a frame is no number");
                  if (begun && after++ > 8 && audio.getMagnitude(0, block) < 0.005f)
                      silent += 1;
                  blocks += 1;
                  juce::Thread::sleep(1);
              }
          }) {}
    ~Player() {
        ending_ = true;
        thread_.join();
    }

    std::atomic<bool> strike{false};
    std::atomic<int> silent{0}, blocks{0}; // blocks in which the held loop was not heard; all

private:
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

template <typename Condition>
bool wait_for(double seconds, Condition&& condition) {
    const double end = juce::Time::getMillisecondCounterHiRes() + 1000.0 * seconds;
    while (!condition())
        if (juce::Time::getMillisecondCounterHiRes() > end)
            return false;
        else
            juce::Thread::sleep(1);
    return true;
}

bool is_served(const Processor& processor) {
    const auto kind = processor.session.status().kind;
    return kind == Status::Kind::ready || kind == Status::Kind::rendering;
}

/// Answers what the plugin says until it is content; false if it goes.
bool greet(const Processor& processor, Peer& peer, FakeEngine& engine) {
    for (int i = 0; i < 2000 && !(engine.serial() > 0 && is_served(processor)); ++i)
        if (const juce::var message = peer.receive(5); !message.isVoid() && !engine.answer(peer, message))
            return false;
    return !peer.gone() && is_served(processor);
}

std::unique_ptr<Peer> accept_and_greet(const Processor& processor, const Listening& listening, FakeEngine& engine) {
    for (int i = 0; i < 20; ++i)
        if (auto peer = listening.accept(5000); peer != nullptr && greet(processor, *peer, engine))
            return peer;
    fail("the plugin does not come back");
}

/// A handshake that goes wrong in some way.
void rude_greeting(Peer& peer, Random& random) {
    peer.receive(2000);
    const auto welcome = record({{"type", "welcome"}, {"version", link::link_version}, {"engine", "test"}});
    switch (below(random, 6)) {
    case 0:
        peer.send(frame_of(record({{"type", "refused"}, {"reason", "No."}})));
        break;
    case 1:
        peer.send(frame_of(record({{"type", "settled"}, {"version", 0}})));
        break;
    case 2:
        peer.send(frame_of(changed_json(welcome, 2, random)));
        break;
    case 3:
        peer.send(frame_of(welcome).substr(0, 9));
        break;
    case 4:
        peer.send(std::string(64, '\xff'));
        break;
    default:
        break; // and gone
    }
}

int attack(const Processor& processor, const Listening& listening, FakeEngine& engine, int frames, Random& random,
           bool presets) {
    int connections = 0;
    while (frames > 0) {
        ++connections;
        if (chance(random, 0.05))
            if (const auto peer = listening.accept(5000); peer != nullptr)
                rude_greeting(*peer, random);
        const auto peer = accept_and_greet(processor, listening, engine);
        for (int left = batch; left > 0 && frames > 0 && !peer->gone(); --left) {
            const Made made = make_frame(random, engine.serial(), presets);
            --frames;
            if (!peer->send(made.bytes))
                break;
            if (!made.fits && chance(random, 0.3))
                break; // and whatever was begun is never ended
            if (left % 20 == 0)
                for (juce::var message = peer->receive(0); !message.isVoid(); message = peer->receive(0))
                    if (message["type"].toString() != "have" && message["type"].toString() != "open")
                        engine.answer(*peer, message);
        }
    }
    return connections;
}

/// Clips of the longest kind again and again, and more short ones than a message can name.
long bombs(const Processor& processor, const Listening& listening, FakeEngine& engine) {
    const auto clip = [](int number, int channels, int frames) {
        return frame_of(record({{"type", "clip"},
                                {"sound", juce::String::toHexString(0xb0000000 + number).paddedLeft('0', 32)},
                                {"channels", channels},
                                {"frames", frames},
                                {"sample_rate", 48000}}));
    };
    long most = 0;
    int number = 0;
    for (const int longs : {10, 200}) {
        const auto peer = accept_and_greet(processor, listening, engine);
        bool there = true;
        for (int i = 0; i < 20000 && there; ++i)
            there = peer->send(clip(++number, 1, 1));
        for (int i = 0; i < longs && there; ++i) {
            there = peer->send(clip(++number, 2, 1 << 22));
            most = std::max(most, resident_bytes());
        }
        for (int i = 0; i < 30 && there; ++i) { // longer than it takes until the plugin looks what it can give up
            peer->receive(100);
            most = std::max(most, resident_bytes());
        }
    }
    return most;
}

} // namespace

int main(int argc, char** argv) {
    const int frames = argc > 1 ? std::atoi(argv[1]) : 10000;
    Random random(argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1);
    const juce::ScopedJuceInitialiser_GUI juce;
    LinkClient::retry_ms = 1;
    const Listening listening;
    Processor processor;
    processor.setRateAndBufferSizeDetails(48000.0, 256);
    processor.prepareToPlay(48000.0, 256);
    FakeEngine engine(random());
    Player player(processor);
    accept_and_greet(processor, listening, engine);
    if (!wait_for(5.0,
                  [&] { return processor.session.clip(held_place) != nullptr && processor.rig.desk() != nullptr; }))
        fail("the preset does not come");
    player.strike = true;
    int connections = 0;
    long before = 0;
    for (int quarter = 0; quarter < 4; ++quarter) {
        if (quarter == 2)
            before = resident_bytes();
        connections += attack(processor, listening, engine, frames / 4, random, false);
    }
    const long grown = resident_bytes() - before;
    if (player.silent > 0)
        fail("the loop that was held was not heard all the time");
    const int heard = player.blocks;
    connections +=
        attack(processor, listening, engine, frames / 10, random, true); // other presets, nobody knows how loud
    const long most = bombs(processor, listening, engine);

    processor.session.choose("good"); // an engine as it should be
    const auto peer = accept_and_greet(processor, listening, engine);
    for (int i = 0; i < 400; ++i)
        if (const juce::var message = peer->receive(2); !message.isVoid())
            engine.answer(*peer, message);
    engine.renew(*peer, held_place);
    const auto newest = engine.sound(held_place);
    if (!wait_for(5.0, [&] {
            const ClipRef clip = processor.session.clip(held_place);
            return clip != nullptr && juce::String(clip->name()) == newest;
        }))
        fail("a good engine does not serve it afterwards");
    player.silent = 0;
    player.strike = true;
    const int now = player.blocks;
    wait_for(5.0, [&] { return player.blocks > now + 100; });
    if (player.silent > 0)
        fail("what a good engine sent is not heard");
    std::printf(
        "%d frames and %d, %d connections, %d blocks with the held loop in each, grown by %.1f MiB, %.0f MiB at most\n",
        frames, frames / 10, connections, heard, static_cast<double>(grown) / 1048576.0,
        static_cast<double>(most) / 1048576.0);
    if (grown > growth && !sanitized)
        fail("it grows");
    if (most > most_bytes && !sanitized)
        fail("it takes more memory than it may");
}
