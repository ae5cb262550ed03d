// The plugin in the hands of a host that does everything wrong: rates, blocks, buses, parameters, MIDI, offline or not;
// and projects that are damaged in every way.
//
// fuzz play BLOCKS SEED
// fuzz state PROJECTS SEED
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "fake_engine.hpp"
#include "junk.hpp"
#include "memory.hpp"
#include "processor.hpp"

using namespace producergan;
using namespace producergan::plugin;
using namespace producergan::test;

namespace {

constexpr int longest = 8192;
constexpr long growth = 48 << 20; // bytes of the second half: clips and states of different sizes come and go

[[noreturn]] void fail(const char* form, ...) {
    std::va_list values;
    va_start(values, form);
    std::vfprintf(stderr, form, values);
    va_end(values);
    std::fputc('\n', stderr);
    std::fflush(nullptr);
    std::_Exit(1);
}

/// A plugin and the memory that it plays into.
struct Bench {
    Processor processor;
    juce::AudioBuffer<float> audio{2 * config::outputs, longest};
    juce::MidiBuffer midi;
    double rate = 48000.0;

    explicit Bench() { prepare(48000.0, 512); }

    void prepare(double now, int block) {
        rate = now;
        processor.setRateAndBufferSizeDetails(rate, block);
        processor.prepareToPlay(rate, block);
    }

    /// Plays a block and looks at it; its loudest frame.
    float play(int frames, bool bypassed = false) {
        const int channels = processor.getTotalNumOutputChannels();
        juce::AudioBuffer<float> view(audio.getArrayOfWritePointers(), channels, frames);
        for (int channel = 0; channel < channels; ++channel)
            std::fill_n(view.getWritePointer(channel), frames, NAN);
        if (bypassed)
            processor.processBlockBypassed(view, midi);
        else
            processor.processBlock(view, midi);
        float loudest = 0.0f;
        for (int channel = 0; channel < channels; ++channel)
            for (int i = 0; i < frames; ++i) {
                const float sample = std::abs(view.getSample(channel, i));
                if (!std::isfinite(sample))
                    fail("frame %d of channel %d is no number, or was left unwritten", i, channel);
                loudest = std::max(loudest, sample);
            }
        midi.clear();
        return loudest;
    }

    int voices() {
        std::vector<VoiceReport> reports;
        processor.rig.sampler.snapshot().read(reports);
        return static_cast<int>(reports.size());
    }

    /// Until every sound of the preset is there; false if that does not come.
    bool ready(int blocks = 4000) {
        processor.session.wake();
        for (int i = 0; i < blocks; ++i) {
            play(64);
            const auto kind = processor.session.status().kind;
            if ((kind == Status::Kind::ready || kind == Status::Kind::rendering) && processor.rig.desk() != nullptr)
                return true;
            juce::Thread::sleep(2);
        }
        return false;
    }
};

/// Channel messages, bytes that are none, long ones; at any offset, of the block or not.
void fill(juce::MidiBuffer& midi, Random& random, int frames) {
    for (int i = below(random, chance(random, 0.01) ? 6000 : 16); i > 0; --i) {
        const Event event = make_event(random, std::max(1, frames));
        const std::uint8_t bytes[] = {event.status, event.data1, event.data2};
        const int offset = chance(random, 0.02) ? below(random, 100000) - 50000 : below(random, std::max(1, frames));
        midi.addEvent(bytes, 1 + below(random, 3), chance(random, 0.9) ? offset : 0);
        midi.addEvent(bytes, 3, offset);
    }
    if (chance(random, 0.02)) {
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(2 + below(random, 3000)));
        for (auto& byte : bytes)
            byte = static_cast<std::uint8_t>(random());
        midi.addEvent(bytes.data(), static_cast<int>(bytes.size()), below(random, std::max(1, frames)));
    }
}

void change_buses(Bench& bench, Random& random) {
    auto layout = bench.processor.getBusesLayout();
    const juce::AudioChannelSet sets[] = {juce::AudioChannelSet::stereo(), juce::AudioChannelSet::stereo(),
                                          juce::AudioChannelSet::disabled(), juce::AudioChannelSet::mono(),
                                          juce::AudioChannelSet::create5point1()};
    for (auto& bus : layout.outputBuses)
        if (chance(random, 0.3))
            bus = sets[below(random, 5)];
    bench.processor.setBusesLayout(layout);
}

void change_parameters(Processor& processor, Random& random) {
    for (HostParameter* parameter : processor.parameters.all()) {
        if (!chance(random, 0.02))
            continue;
        const float odd[] = {NAN, INFINITY, -INFINITY, -1.0f, 2.0f, 0.0f, 1.0f, 1e-40f};
        const float value = chance(random, 0.1) ? odd[below(random, 8)] : unit(random);
        parameter->setValue(parameter == processor.parameters.bypass && chance(random, 0.8) ? 0.0f : value);
        if (!std::isfinite(parameter->getValue()) || !std::isfinite(parameter->plain()))
            fail("%s is no number", parameter->getParameterID().toRawUTF8());
    }
}

void fuzz_play(int blocks, Random& random) {
    constexpr std::array rates{22050.0, 32000.0, 44100.0, 48000.0, 88200.0, 96000.0, 176400.0, 192000.0};
    constexpr std::array sizes{0, 1, 2, 31, 32, 33, 63, 64, 100, 127, 128, 441, 512, 1024, 2048, 4096, 8192};
    Serving serving(random());
    Bench bench;
    if (!bench.ready())
        fail("the engine did not come");
    juce::MemoryBlock project;
    int sounding = 0, offline = 0, wide = 0, presets = 0;
    long before = 0;
    for (int block = 0; block < blocks; ++block) {
        if (block == blocks / 2)
            before = resident_bytes();
        if (chance(random, 0.01))
            bench.prepare(rates[random() % rates.size()], sizes[random() % sizes.size()]);
        if (chance(random, bench.processor.isNonRealtime() ? 0.2 : 0.01)) {
            bench.processor.setNonRealtime(!bench.processor.isNonRealtime());
            if (chance(random, 0.5))
                bench.prepare(bench.rate, 512);
        }
        if (chance(random, 0.01))
            change_buses(bench, random);
        change_parameters(bench.processor, random);
        if (chance(random, 0.005))
            bench.processor.reset();
        if (chance(random, 0.1))
            bench.processor.strike(below(random, 140) - 6, below(random, 140) - 6);
        if (chance(random, 0.004))
            bench.processor.session.choose(chance(random, 0.2) ? juce::String::repeatedString("x", 5000)
                                                               : "preset " + juce::String(++presets));
        if (chance(random, 0.003))
            bench.processor.getStateInformation(project);
        if (chance(random, 0.003) && project.getSize() > 0)
            bench.processor.setStateInformation(project.getData(), static_cast<int>(project.getSize()));
        const int frames = chance(random, 0.3) ? sizes[random() % sizes.size()] : 64;
        fill(bench.midi, random, frames);
        sounding += bench.play(frames, chance(random, 0.02)) > 0.0f;
        offline += bench.processor.isNonRealtime();
        wide += bench.processor.getTotalNumOutputChannels() > 2;
        if (block % 16 == 0)
            juce::Thread::sleep(1); // the engine has a turn
    }
    const long grown = resident_bytes() - before;
    // Whatever was pressed is let go: nothing goes on for ever.
    bench.processor.setNonRealtime(false);
    bench.prepare(48000.0, longest);
    for (int channel = 1; channel <= 16; ++channel)
        for (const int note : {40, 70, 101})
            bench.midi.addEvent(juce::MidiMessage::noteOn(channel, note, std::uint8_t{100}), 0);
    bench.play(64);
    for (int channel = 1; channel <= 16; ++channel)
        for (const int note : {40, 70, 101})
            bench.midi.addEvent(juce::MidiMessage::noteOff(channel, note), 0);
    bench.play(0); // a block without frames, whose events count all the same
    for (HostParameter* parameter : bench.processor.parameters.sampler)
        if (parameter->getParameterID() == "release")
            parameter->setValue(0.0f);
    for (int i = 0; i < 600 && bench.voices() > 0; ++i)
        bench.play(longest);
    std::printf("%d blocks, %d with sound, %d offline, %d on more than two channels, %lld presets, grown by %.1f MiB, "
                "%d voices hang\n",
                blocks, sounding, offline, wide, static_cast<long long>(serving.engine.serial()),
                static_cast<double>(grown) / 1048576.0, bench.voices());
    if (bench.voices() > 0)
        fail("voices go on for ever");
    if (grown > growth && !sanitized)
        fail("it grows");
    if (sounding < blocks / 5 || offline == 0 || wide == 0 || serving.engine.serial() < 3)
        fail("the fuzzing did not reach what it is for");
}

// ---- projects ----------------------------------------------------------------------------------------------------

constexpr std::size_t prefix = 12;

std::string whole(const std::string& before, const std::string& head, const std::string& clips) {
    std::string state = before.substr(0, 8);
    put_length(state, head.size());
    return state + head + clips;
}

std::string damage(const std::string& state, Random& random) {
    std::uint32_t head_size = 0;
    std::memcpy(&head_size, state.data() + 8, sizeof head_size);
    const std::string head = state.substr(prefix, head_size), clips = state.substr(prefix + head_size);
    std::string damaged = state;
    const auto flip = [&](std::size_t from, std::size_t to) {
        for (int i = 1 + below(random, 8); i > 0; --i)
            damaged[from + random() % (to - from)] ^= static_cast<char>(1 << below(random, 8));
    };
    switch (below(random, 12)) {
    case 0: { // nothing of ours
        std::string bytes(random() % 3000, '\0');
        for (char& byte : bytes)
            byte = static_cast<char>(random());
        return chance(random, 0.5) ? bytes : state.substr(0, prefix) + bytes;
    }
    case 1:
        return state.substr(0, random() % (chance(random, 0.5) ? prefix + 8 : state.size()));
    case 2:
        flip(0, prefix);
        return damaged;
    case 3:
        flip(prefix, prefix + head_size);
        return damaged;
    case 4: // the first bytes of a clip say how long it is
        flip(prefix + head_size, chance(random, 0.5) ? prefix + head_size + 42 : state.size());
        return damaged;
    case 5: { // a clip that says that it is huge: the last 36 bits of a FLAC header's numbers, and the head the same
        for (int i = 21; i < 26; ++i)
            damaged[prefix + head_size + static_cast<std::size_t>(i)] |= static_cast<char>(i == 21 ? 0x0f : 0xff);
        const std::string frames = "," + std::to_string(FakeEngine::frames) + ",", huge = ",4194304,";
        std::string lying = head;
        if (const auto at = lying.find(frames, lying.find("\"clips\"")); at != std::string::npos && chance(random, 0.5))
            lying.replace(at, frames.size(), huge);
        return whole(damaged, lying, damaged.substr(prefix + head_size));
    }
    case 6: { // nested beyond all measure, in quotes of either kind
        const std::size_t deep = 1 + random() % 300000;
        const char* const opens[] = {"[", "{\"a\":", "['\"',", "[\"'\","};
        std::string nested;
        for (const char* open = opens[below(random, 4)]; nested.size() < deep;)
            nested += open;
        return whole(state, "{\"preset\":'\"',\"program\":" + nested, clips);
    }
    case 7: // of the future
        damaged[4] = static_cast<char>(2 + below(random, 200));
        return damaged;
    case 8: // clips of others
        return whole(state, head, clips.substr(std::min<std::size_t>(clips.size(), random() % 5000)) + clips);
    default:
        return whole(state, changed_json(juce::JSON::parse(juce::String(head)), 1 + below(random, 3), random), clips);
    }
}

void fuzz_state(int projects, Random& random) {
    Serving serving(random(), false);
    Bench bench;
    if (!bench.ready())
        fail("the engine did not come");
    for (int i = 0; i < 50; ++i) {
        bench.play(512);
        juce::Thread::sleep(2);
    }
    juce::MemoryBlock good;
    bench.processor.getStateInformation(good);
    const std::string state(static_cast<const char*>(good.getData()), good.getSize());
    if (state.size() < 50000)
        fail("the project holds no clips: %zu bytes", state.size());
    int refused = 0, taken = 0, sounding = 0;
    long before = 0;
    double slowest = 0.0;
    for (int i = 0; i < projects; ++i) {
        if (i == projects / 2)
            before = resident_bytes();
        const std::string damaged = damage(state, random);
        const double begin = juce::Time::getMillisecondCounterHiRes();
        bench.processor.setStateInformation(damaged.data(), static_cast<int>(damaged.size()));
        slowest = std::max(slowest, juce::Time::getMillisecondCounterHiRes() - begin);
        (bench.processor.state_trouble().isEmpty() ? taken : refused) += 1;
        for (const int note : {36, 50, 70, 101})
            bench.midi.addEvent(juce::MidiMessage::noteOn(1, note, std::uint8_t{100}), 0);
        bench.play(64);
        bench.play(256);
        juce::MemoryBlock saved;
        bench.processor.getStateInformation(saved);
        if (i % 10 != 9)
            continue;
        bench.processor.setStateInformation(good.getData(), static_cast<int>(good.getSize()));
        if (bench.processor.state_trouble().isNotEmpty())
            fail("after %d damaged projects a good one is refused: %s", i, bench.processor.state_trouble().toRawUTF8());
        bench.play(64);
        bench.midi.addEvent(juce::MidiMessage::noteOn(1, 36, std::uint8_t{100}), 0);
        if (!(bench.play(2048) > 0.0f))
            fail("after %d damaged projects a good one is silent", i);
        ++sounding;
    }
    const long grown = resident_bytes() - before;
    std::printf("%d projects: %d refused, %d taken, %d good ones between them sound; the slowest took %.0f ms; grown "
                "by %.1f MiB\n",
                projects, refused, taken, sounding, slowest, static_cast<double>(grown) / 1048576.0);
    if (slowest > (sanitized ? 20000.0 : 5000.0))
        fail("a damaged project took too long");
    if (grown > growth && !sanitized)
        fail("it grows");
    if (!bench.ready())
        fail("the engine does not serve it afterwards: %s", bench.processor.session.status().sentence.toRawUTF8());
    if (refused == 0 || taken == 0)
        fail("the fuzzing did not reach what it is for");
}

} // namespace

int main(int argc, char** argv) {
    const juce::ScopedJuceInitialiser_GUI juce;
    const std::string what = argc > 1 ? argv[1] : "play";
    const int count = argc > 2 ? std::atoi(argv[2]) : 1000;
    Random random(argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1);
    if (what == "play")
        fuzz_play(count, random);
    else
        fuzz_state(count, random);
}
