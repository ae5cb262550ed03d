#include "processor.hpp"

#include <juce_audio_formats/juce_audio_formats.h>

#include <algorithm>

#include "window/window.hpp"

namespace producergan::plugin {

namespace {

constexpr int show_hz = 20; // how often hosts are shown what controllers moved

template <typename Buses>
Buses outputs() {
    auto buses = Buses().withOutput("Main", juce::AudioChannelSet::stereo(), true);
    for (int i = 2; i <= config::outputs; ++i)
        buses = buses.withOutput("Output " + juce::String(i), juce::AudioChannelSet::stereo(), false);
    return buses;
}

} // namespace

Processor::Processor() : AudioProcessor(outputs<BusesProperties>()), parameters(*this), rig(parameters), session(rig) {
    events_.reserve(config::max_events);
    startTimerHz(show_hz);
}

Processor::~Processor() {
    stopTimer();
    session.stop();
}

void Processor::prepareToPlay(double sample_rate, int) {
    sample_rate_ = juce::jlimit(8000.0, 768000.0, sample_rate);
    rig.prepare(sample_rate_);
    session.set_rate(sample_rate_);
    session.set_offline(isNonRealtime());
    bent_.fill(false);
    begun_ = false;
}

void Processor::reset() {
    hush_ = true; // hosts reset in whichever thread they like
    begun_ = false;
}

void Processor::setNonRealtime(bool offline) noexcept {
    if (offline == isNonRealtime())
        return; // JUCE's VST3 says it again with every block
    AudioProcessor::setNonRealtime(offline);
    session.set_offline(offline);
    begun_ = false;
}

bool Processor::isBusesLayoutSupported(const BusesLayout& layouts) const {
    if (!layouts.inputBuses.isEmpty() || layouts.getMainOutputChannelSet() != juce::AudioChannelSet::stereo())
        return false;
    return std::all_of(layouts.outputBuses.begin(), layouts.outputBuses.end(), [](const juce::AudioChannelSet& set) {
        return set.isDisabled() || set == juce::AudioChannelSet::stereo();
    });
}

// ---- audio -------------------------------------------------------------------------------------------------------

/// Keeps channel messages, sorted by offset: hosts send controllers and notes in an order of their own.
void Processor::add(int offset, const std::uint8_t* bytes, int size) {
    if (size < 2 || size > 3 || bytes[0] < 0x80 || bytes[0] >= 0xf0 || events_.size() >= config::max_events)
        return;
    Event event{offset, bytes[0], static_cast<std::uint8_t>(bytes[1] & 0x7f),
                size > 2 ? static_cast<std::uint8_t>(bytes[2] & 0x7f) : std::uint8_t{0}};
    if ((event.status & 0xf0) == 0xe0) {
        bool& bent = bent_[event.status & 0x0f];
        if (!bent && event.data1 == 0 && event.data2 == 0)
            return; // a host that begins with all controllers at 0: no movement of anybody's
        bent = true;
    }
    const auto place = std::upper_bound(events_.begin(), events_.end(), event,
                                        [](const Event& a, const Event& b) { return a.offset < b.offset; });
    events_.insert(place, event);
}

void Processor::take_events(const juce::MidiBuffer& midi, int frames) {
    for (unsigned at = struck_read_.load(std::memory_order_relaxed);
         at != struck_written_.load(std::memory_order_acquire); ++at) {
        const unsigned message = struck_[at % struck_.size()].load(std::memory_order_relaxed);
        const std::uint8_t bytes[] = {static_cast<std::uint8_t>(message >> 16), static_cast<std::uint8_t>(message >> 8),
                                      static_cast<std::uint8_t>(message)};
        add(0, bytes, 3);
        struck_read_.store(at + 1, std::memory_order_release);
    }
    for (const auto entry : midi)
        add(juce::jlimit(0, std::max(0, frames - 1), entry.samplePosition), entry.data, entry.numBytes);
}

void Processor::processBlock(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) {
    play(audio, midi, parameters.bypass->getValue() >= 0.5f);
}

void Processor::play(juce::AudioBuffer<float>& audio, const juce::MidiBuffer& midi, bool bypassed) {
    const int frames = audio.getNumSamples();
    session.wake();
    take_events(midi, frames);
    std::array<Output, config::outputs> outputs{};
    int count = 0;
    for (; count < std::min(config::outputs, getBusCount(false)); ++count)
        if (getBus(false, count)->isEnabled()) { // else its zones are heard on the first
            const int left = getChannelIndexInProcessBlockBuffer(false, count, 0);
            outputs[static_cast<std::size_t>(count)] = {audio.getWritePointer(left), audio.getWritePointer(left + 1)};
        }
    if (count == 0)
        events_.clear();
    if (bypassed) // pedals and knobs are followed all the same
        std::erase_if(events_, [](const Event& event) { return (event.status & 0xf0) == 0x90 && event.data2 > 0; });
    if (frames == 0 || count == 0)
        return; // what came with a block without frames is played with the next one
    if (hush_.exchange(false, std::memory_order_relaxed) || (bypassed && !was_bypassed_))
        rig.sampler.silence_now();
    was_bypassed_ = bypassed;
    const bool offline = isNonRealtime();
    if (offline && !begun_) {
        session.wait_for_preset();
        rig.prepare(sample_rate_);
        session.begin_render();
        begun_ = true;
    }
    rig.process(events_, outputs.data(), count, frames, offline ? &session : nullptr);
    events_.clear();
}

void Processor::processBlockBypassed(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) {
    play(audio, midi, true); // what sounded fades
}

double Processor::getTailLengthSeconds() const { return session.tail_seconds(); }

// ---- what the host shows -----------------------------------------------------------------------------------------

void Processor::timerCallback() { show_positions(); }

/// Shows the host where controllers and presets have put what it may automate.
void Processor::show_positions() {
    // What the MIDI of a bounce moves is over with the bounce: a host that says it back later would move it for good.
    for (int i = 0; i < config::macros; ++i)
        parameters.macros[static_cast<std::size_t>(i)]->show(
            static_cast<float>(isNonRealtime() ? rig.put_position(i) : rig.position(i)));
    const auto model = session.model();
    if (model == shown_model_ || model == nullptr)
        return;
    shown_model_ = model;
    for (HostParameter* parameter : parameters.sampler)
        if (!parameter->taken_over())
            parameter->show(model->value(parameter->row().scope, parameter->index()));
}

// ---- the window --------------------------------------------------------------------------------------------------

void Processor::strike(int key, int velocity) {
    session.wake();
    const unsigned at = struck_written_.load(std::memory_order_relaxed);
    if (at - struck_read_.load(std::memory_order_acquire) >= struck_.size())
        return; // no host plays it
    const unsigned status = velocity > 0 ? 0x90 : 0x80;
    struck_[at % struck_.size()].store(status << 16 | static_cast<unsigned>(key & 0x7f) << 8 |
                                           static_cast<unsigned>(velocity & 0x7f),
                                       std::memory_order_relaxed);
    struck_written_.store(at + 1, std::memory_order_release);
}

juce::File Processor::write_clip(Place place) {
    const ClipRef clip = session.clip(place);
    const auto model = session.model();
    if (clip == nullptr || model == nullptr || !clip->ready(0, clip->frames() - 1))
        return {};
    const auto folder = juce::File::getSpecialLocation(juce::File::tempDirectory).getChildFile("ProducerGAN");
    const auto name = juce::File::createLegalFileName(model->name + " " + juce::String(place.key) + " " +
                                                      juce::String(clip->name()).substring(0, 8) + ".wav");
    const juce::File file = folder.getChildFile(name);
    if (folder.createDirectory().failed())
        return {};
    juce::TemporaryFile temporary(file);
    juce::WavAudioFormat format;
    auto stream = temporary.getFile().createOutputStream();
    if (stream == nullptr)
        return {};
    std::unique_ptr<juce::AudioFormatWriter> writer(format.createWriterFor(
        stream.get(), clip->sample_rate(), static_cast<unsigned>(clip->channel_count()), 24, {}, 0));
    if (writer == nullptr)
        return {};
    stream.release(); // the writer's
    const float* channels[] = {clip->channel(0), clip->channel(clip->channel_count() - 1)};
    writer->writeFromFloatArrays(channels, clip->channel_count(), static_cast<int>(clip->frames()));
    writer.reset();
    return temporary.overwriteTargetFileWithTemporary() ? file : juce::File();
}

juce::AudioProcessorEditor* Processor::createEditor() {
    session.wake();
    return new Window(*this);
}

// ---- the project -------------------------------------------------------------------------------------------------

void Processor::getStateInformation(juce::MemoryBlock& data) {
    auto* host = new juce::DynamicObject();
    host->setProperty("width", window_size.x);
    host->setProperty("height", window_size.y);
    for (const HostParameter* parameter : parameters.all())
        if (parameter->taken_over())
            host->setProperty(parameter->getParameterID(), parameter->plain());
    data = session.save(host);
}

void Processor::setStateInformation(const void* data, int size) {
    juce::var host;
    try {
        host = session.restore(data, static_cast<std::size_t>(std::max(0, size)));
        state_trouble_ = {};
    } catch (const std::exception& error) {
        state_trouble_ = error.what();
        return;
    }
    const auto length = [&](const char* side, int least, int most, int now) {
        return static_cast<int>(juce::jlimit<double>(least, most, host.getProperty(side, now)));
    };
    window_size = {length("width", 400, 4000, window_size.x), length("height", 300, 3000, window_size.y)};
    for (HostParameter* parameter : parameters.all()) {
        const juce::Identifier id(parameter->getParameterID());
        if (const juce::var& value = host.getProperty(id, {}); value.isDouble() || value.isInt())
            parameter->take_over(static_cast<float>(value));
        else
            parameter->let_go();
    }
    show_positions();
}

} // namespace producergan::plugin

juce::AudioProcessor* JUCE_CALLTYPE createPluginFilter() { return new producergan::plugin::Processor(); }
