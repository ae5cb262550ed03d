// A host that plays the plugin at the pace of an audio device, while somebody else does what he likes to the engine:
// one held note, one-shots again and again. Tells each change of the plugin's status as a line of JSON.
//
// host AUDIO [0 turn]    standard input: `play` begins to play, `stop` ends; AUDIO takes what was heard, float32,
//                        stereo; `turn`: controller 1 is turned all the time
// host AUDIO FRAMES      plays so many frames as soon as it is told to `play`, as fast as it can, and ends
// host bounce PATIENCE   standard input: `play` renders a second offline and tells its peak, `turn` puts the first
// macro
//                        elsewhere, `stop` ends; PATIENCE in ms
// host scan              does what a host does that only looks which plugins there are
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "processor.hpp"

using namespace producergan;
using namespace producergan::plugin;

namespace {

constexpr double rate = 48000.0;
constexpr int block = 256, held_note = 36, first_struck = 68, last_struck = 79;
constexpr int strike_every = 4800, strike_length = 2400; // frames
constexpr int turn_every = 1440;                         // frames
constexpr int after_blocks = 400;                        // more than the longest note lasts
constexpr int before_blocks = 40;                        // until what has come is in the sampler's table

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

const char* name_of(Status::Kind kind) {
    constexpr std::array names{"ready", "starting", "rendering", "missing", "frozen", "failed"};
    return names[static_cast<std::size_t>(kind)];
}

/// The audio thread, and what it found.
struct Player {
    Player(Processor& played, std::int64_t wanted, bool turned) : processor(played), frames(wanted), turning(turned) {
        heard.reserve(std::size_t{1} << 26);
    }

    Processor& processor;
    const std::int64_t frames; // to play; 0: until it is told to end
    const bool turning;
    std::atomic<bool> playing{false}, ending{false}, ended{false};
    std::vector<float> heard;
    long waits = 0;          // times that the thread gave up its core inside of the plugin
    double longest_ms = 0.0; // in the plugin, of one block
    int hung = 0;            // voices that still sound when all was let go

    void run() {
        juce::AudioBuffer<float> audio(2, block);
        juce::MidiBuffer midi;
        midi.ensureSize(4096);
        auto next = std::chrono::steady_clock::now();
        std::int64_t frame = -1; // of what is played; −1 before
        int before = 0, after = 0;
        while (after < after_blocks) {
            midi.clear();
            if (frames > 0 ? frame >= frames : ending.load()) {
                if (after++ == 0 && frame >= 0)
                    midi.addEvent(juce::MidiMessage::noteOff(1, held_note), 0);
            } else if (playing.load() && ++before > before_blocks) {
                frame = std::max<std::int64_t>(frame, 0);
                play(midi, frame);
                frame += block;
            }
            process(audio, midi);
            if (frame >= 0 && after == 0)
                for (int i = 0; i < block; ++i)
                    for (int channel = 0; channel < 2; ++channel)
                        heard.push_back(audio.getSample(channel, i));
            if (frames > 0 && frame >= 0)
                continue;
            next += std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * block / rate));
            std::this_thread::sleep_until(next);
        }
        std::vector<VoiceReport> voices;
        processor.rig.sampler.snapshot().read(voices);
        hung = static_cast<int>(voices.size());
        ended = true;
    }

private:
    void play(juce::MidiBuffer& midi, std::int64_t from) const {
        if (from == 0)
            midi.addEvent(juce::MidiMessage::noteOn(1, held_note, std::uint8_t{100}), 0);
        for (int i = 0; i < block; ++i) {
            const std::int64_t frame = from + i + 1; // the first one a little later than the held note
            const int note = first_struck + static_cast<int>(frame / strike_every % (last_struck - first_struck + 1));
            if (frame % strike_every == 0)
                midi.addEvent(juce::MidiMessage::noteOn(1, note, std::uint8_t{90}), i);
            else if (frame % strike_every == strike_length)
                midi.addEvent(juce::MidiMessage::noteOff(1, note), i);
            if (turning && frame % turn_every == 0)
                midi.addEvent(juce::MidiMessage::controllerEvent(1, 1, static_cast<int>(frame / turn_every * 5 % 128)),
                              i);
        }
    }

    void process(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) {
        rusage before{}, after{};
        const double begin = seconds();
        ::getrusage(RUSAGE_THREAD, &before);
        processor.processBlock(audio, midi);
        ::getrusage(RUSAGE_THREAD, &after);
        waits += after.ru_nvcsw - before.ru_nvcsw;
        longest_ms = std::max(longest_ms, 1000.0 * (seconds() - begin));
    }
};

/// Looks at the plugin as its window would.
class Watch : private juce::Timer {
public:
    Watch(Processor& watched, const std::atomic<bool>& ended) : processor_(watched), ended_(ended) { startTimer(2); }

private:
    void timerCallback() override {
        const Status status = processor_.session.status();
        const juce::String now = name_of(status.kind) + (": " + status.sentence);
        if (now != told_) {
            auto* line = new juce::DynamicObject();
            line->setProperty("status", name_of(status.kind));
            line->setProperty("sentence", status.sentence);
            line->setProperty("seconds", seconds());
            std::cout << juce::JSON::toString(line, true) << std::endl;
            told_ = now;
        }
        if (ended_.load())
            juce::MessageManager::getInstance()->stopDispatchLoop();
    }

    Processor& processor_;
    const std::atomic<bool>& ended_;
    juce::String told_;
};

/// A plugin is made, asked what it is, readied, and goes away without having played.
int scan() {
    juce::MemoryBlock state;
    for (int i = 0; i < 3; ++i) {
        Processor processor;
        processor.setRateAndBufferSizeDetails(rate, block);
        processor.prepareToPlay(rate, block);
        processor.getStateInformation(state);
        processor.setStateInformation(state.getData(), static_cast<int>(state.getSize()));
        juce::Thread::sleep(400); // longer than it takes to try and find an engine
    }
    return 0;
}

/// Renders offline whenever it is told to.
int bounce(int patience_ms) {
    Session::patience_ms = patience_ms;
    Processor processor;
    processor.setNonRealtime(true);
    std::atomic<bool> ended{false};
    const Watch watch(processor, ended);
    std::thread commands([&] {
        juce::AudioBuffer<float> audio(2, block);
        juce::MidiBuffer midi;
        for (std::string line; std::getline(std::cin, line) && line != "stop";) {
            if (line == "turn") {
                processor.parameters.macros[0]->setValueNotifyingHost(1.0f);
                continue;
            }
            processor.setRateAndBufferSizeDetails(rate, block);
            processor.prepareToPlay(rate, block);
            processor.reset();
            float peak = 0.0f;
            for (int frame = 0; frame < rate; frame += block) {
                midi.clear();
                if (frame == 0)
                    midi.addEvent(juce::MidiMessage::noteOn(1, held_note, std::uint8_t{100}), 0);
                audio.clear();
                processor.processBlock(audio, midi);
                peak = std::max(peak, audio.getMagnitude(0, block));
            }
            const Status status = processor.session.status();
            auto* told = new juce::DynamicObject();
            told->setProperty("status", "bounced");
            told->setProperty("sentence", status.kind == Status::Kind::failed ? status.sentence : juce::String());
            told->setProperty("peak", peak);
            std::cout << juce::JSON::toString(told, true) << std::endl;
        }
        ended = true;
    });
    juce::MessageManager::getInstance()->runDispatchLoop();
    commands.join();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const juce::ScopedJuceInitialiser_GUI juce;
    if (argc > 1 && std::string(argv[1]) == "scan")
        return scan();
    if (argc > 2 && std::string(argv[1]) == "bounce")
        return bounce(std::atoi(argv[2]));
    auto processor = std::make_unique<Processor>();
    processor->setRateAndBufferSizeDetails(rate, block);
    processor->prepareToPlay(rate, block);
    Player player(*processor, argc > 2 ? std::atoll(argv[2]) : 0, argc > 3);
    const Watch watch(*processor, player.ended);
    std::thread audio([&] { player.run(); });
    std::thread commands([&] {
        for (std::string line; std::getline(std::cin, line) && line != "stop";)
            if (line == "play")
                player.playing = true;
        player.ending = true;
    });
    juce::MessageManager::getInstance()->runDispatchLoop();
    audio.join();
    commands.join();
    int bad = 0;
    for (const float sample : player.heard)
        bad += std::isfinite(sample) ? 0 : 1;
    if (argc > 1)
        std::ofstream(argv[1], std::ios::binary)
            .write(reinterpret_cast<const char*>(player.heard.data()),
                   static_cast<std::streamsize>(player.heard.size() * sizeof(float)));
    std::printf("{\"frames\": %zu, \"not_finite\": %d, \"hung\": %d, \"waits\": %ld, \"longest_ms\": %.3f}\n",
                player.heard.size() / 2, bad, player.hung, player.waits, player.longest_ms);
}
