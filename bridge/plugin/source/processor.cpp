#include "processor.hpp"

#include <algorithm>
#include <bitset>

#include "clip_file.hpp"
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
    struck_read_ = struck_written_.load(); // what was struck before is over
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

/// What the window struck, at the block's first frame. A key that was struck in this block is let go in the next one,
/// or a short click would not be heard.
void Processor::take_struck() {
    std::bitset<config::keys> begun;
    for (unsigned at = struck_read_.load(std::memory_order_relaxed);
         at != struck_written_.load(std::memory_order_acquire); ++at) {
        const unsigned message = struck_[at % struck_.size()].load(std::memory_order_relaxed);
        const std::size_t key = message >> 8 & 0x7f, velocity = message & 0x7f;
        if (velocity == 0 && begun.test(key))
            return;
        if (velocity > 0) {
            begun.set(key);
            struck_channel_[key] = static_cast<std::uint8_t>(std::max(1, rig.channel()) - 1);
        }
        const std::uint8_t bytes[] = {static_cast<std::uint8_t>((velocity > 0 ? 0x90 : 0x80) | struck_channel_[key]),
                                      static_cast<std::uint8_t>(key), static_cast<std::uint8_t>(velocity)};
        if (velocity == 0 || !isNonRealtime()) // a bounce is of the host's notes alone
            add(0, bytes, 3);
        struck_read_.store(at + 1, std::memory_order_release);
    }
}

void Processor::take_events(const juce::MidiBuffer& midi, int frames) {
    if (frames > 0)
        take_struck();
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
    blocks_.fetch_add(1, std::memory_order_relaxed);
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

void Processor::timerCallback() {
    host_plays();
    show_positions();
}

/// Shows the host where controllers and presets have put what it may automate.
void Processor::show_positions() {
    // What the MIDI of a bounce moves is over with the bounce: a host that says it back later would move it for good.
    for (int i = 0; i < config::macros; ++i)
        parameters.macros[static_cast<std::size_t>(i)]->follow(
            static_cast<float>(isNonRealtime() ? rig.put_position(i) : rig.position(i)));
    const auto model = session.model();
    {
        const std::lock_guard guard(shown_lock_);
        if (model == shown_model_ || model == nullptr)
            return;
        shown_model_ = model;
    }
    for (HostParameter* parameter : parameters.sampler)
        if (!parameter->taken_over())
            parameter->show(model->value(parameter->row().scope, parameter->index()));
}

// ---- the window --------------------------------------------------------------------------------------------------

/// Whether blocks have come lately.
bool Processor::host_plays() {
    const unsigned blocks = blocks_.load(std::memory_order_relaxed);
    const juce::uint32 now = juce::Time::getMillisecondCounter();
    if (blocks != blocks_seen_)
        blocks_seen_at_ = now;
    blocks_seen_ = blocks;
    return blocks_seen_at_ && now - *blocks_seen_at_ <= static_cast<juce::uint32>(silence_ms.load());
}

juce::Result Processor::strike(int key, int velocity) {
    session.wake();
    const bool plays = host_plays();
    const unsigned at = struck_written_.load(std::memory_order_relaxed);
    const std::size_t waiting = at - struck_read_.load(std::memory_order_acquire);
    if (velocity > 0 && isNonRealtime())
        return juce::Result::fail("The host is bouncing; keys can be struck again when it is done.");
    if (velocity > 0 && (!plays || waiting >= struck_.size() / 2)) // room to let go of each
        return juce::Result::fail("The host is not playing audio, so nothing can be heard.");
    if (waiting >= struck_.size())
        return juce::Result::ok(); // it is let go when the host prepares to play
    struck_[at % struck_.size()].store(static_cast<unsigned>(key & 0x7f) << 8 |
                                           static_cast<unsigned>(juce::jlimit(0, 127, velocity)),
                                       std::memory_order_relaxed);
    struck_written_.store(at + 1, std::memory_order_release);
    return juce::Result::ok();
}

void Processor::choose(const juce::String& path) {
    {
        const std::lock_guard guard(shown_lock_);
        state_trouble_ = {};
    }
    session.choose(path);
}

Status Processor::status() const {
    const juce::String trouble = state_trouble();
    return trouble.isNotEmpty() ? Status{Status::Kind::failed, trouble, 0} : session.status();
}

juce::String Processor::state_trouble() const {
    const std::lock_guard guard(shown_lock_);
    return state_trouble_;
}

void Processor::dismiss_failure() {
    {
        const std::lock_guard guard(shown_lock_);
        state_trouble_ = {};
    }
    session.dismiss_failure();
}

juce::Point<int> Processor::window_size() const {
    const std::lock_guard guard(shown_lock_);
    return window_size_;
}

void Processor::set_window_size(juce::Point<int> size) {
    const std::lock_guard guard(shown_lock_);
    window_size_ = size;
}

juce::Result Processor::write_clip(Place place, juce::File& file) const {
    const ClipRef clip = session.clip(place);
    const auto model = session.model();
    if (clip == nullptr || model == nullptr || !clip->ready(0, clip->frames() - 1))
        return juce::Result::fail("This sound is not there whole yet; drag it again in a moment.");
    return write_clip_file(*clip, model->name, place.key, clip_folders(), file);
}

juce::AudioProcessorEditor* Processor::createEditor() {
    session.wake();
    return new Window(*this);
}

// ---- the project -------------------------------------------------------------------------------------------------

void Processor::getStateInformation(juce::MemoryBlock& data) {
    auto* host = new juce::DynamicObject();
    const juce::Point<int> size = window_size();
    host->setProperty("width", size.x);
    host->setProperty("height", size.y);
    for (const HostParameter* parameter : parameters.all())
        if (parameter->taken_over())
            host->setProperty(parameter->getParameterID(), parameter->plain());
    data = session.save(host);
}

void Processor::setStateInformation(const void* data, int size) {
    juce::var host;
    juce::String trouble;
    try {
        host = session.restore(data, static_cast<std::size_t>(std::max(0, size)));
    } catch (const std::exception& error) {
        trouble = error.what();
    }
    {
        const std::lock_guard guard(shown_lock_);
        state_trouble_ = trouble;
    }
    if (trouble.isNotEmpty())
        return;
    const juce::Point<int> now = window_size();
    const auto length = [&](const char* side, int least, int most, int otherwise) {
        return static_cast<int>(juce::jlimit<double>(least, most, host.getProperty(side, otherwise)));
    };
    set_window_size({length("width", 400, 4000, now.x), length("height", 300, 3000, now.y)});
    const auto model = session.model();
    const auto rest = [&](const HostParameter& parameter) { // where one stands that the state says nothing of
        const auto macro = std::find(parameters.macros.begin(), parameters.macros.end(), &parameter);
        if (macro != parameters.macros.end())
            return static_cast<float>(rig.put_position(static_cast<int>(macro - parameters.macros.begin())));
        const bool of_preset =
            std::find(parameters.sampler.begin(), parameters.sampler.end(), &parameter) != parameters.sampler.end();
        return of_preset && model != nullptr ? model->value(parameter.row().scope, parameter.index())
                                             : static_cast<float>(parameter.row().default_value);
    };
    for (HostParameter* parameter : parameters.all()) {
        const juce::Identifier id(parameter->getParameterID());
        if (const juce::var& value = host.getProperty(id, {}); value.isDouble() || value.isInt())
            parameter->take_over(static_cast<float>(value));
        else
            parameter->give_back(rest(*parameter));
    }
    show_positions();
}

} // namespace producergan::plugin

juce::AudioProcessor* JUCE_CALLTYPE createPluginFilter() { return new producergan::plugin::Processor(); }
