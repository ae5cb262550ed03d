#pragma once
#include <juce_audio_processors/juce_audio_processors.h>

#include <mutex>
#include <optional>
#include <vector>

#include "host_parameters.hpp"
#include "rig.hpp"
#include "session.hpp"

namespace producergan::plugin {

/// The plugin as a host sees it: MIDI in, up to eight stereo outputs, parameters, a state; and what the window needs.
class Processor final : public juce::AudioProcessor, private juce::Timer {
public:
    Processor();
    ~Processor() override;

    HostParameters parameters;
    Rig rig;
    Session session;

    /// Plays a key from the window, on the preset's channel; velocity 0 lets it go. Fails with a sentence where the
    /// host plays no audio: what is struck would sound all at once when it does. [message-thread]
    juce::Result strike(int key, int velocity);

    /// Writes a slot's clip as a WAV file that can be dragged into a host. Fails with a sentence. [message-thread]
    juce::Result write_clip(Place place, juce::File& file) const;

    /// Plays another preset; what went wrong with the project's state is over with it. [message-thread]
    void choose(const juce::String& path);

    /// How things stand, a state that could not be read before all else. [thread-safe]
    Status status() const;
    /// What went wrong with a project's state, a sentence; empty if nothing did. [thread-safe]
    juce::String state_trouble() const;
    /// The player has read that something failed. [message-thread]
    void dismiss_failure();

    unsigned notices_put_away = 0; // as many of the session's, also while the window is closed [message-thread]

    juce::Point<int> window_size() const; // kept in the state [thread-safe]
    void set_window_size(juce::Point<int> size);

    static inline std::atomic<int> silence_ms{
        300}; // without a block of audio: the host does not play; tests shorten it

    const juce::String getName() const override { return "ProducerGAN"; }
    void prepareToPlay(double sample_rate, int block) override;
    void releaseResources() override {}
    void reset() override;
    void setNonRealtime(bool offline) noexcept override;
    bool isBusesLayoutSupported(const BusesLayout& layouts) const override;
    void processBlock(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) override;
    void processBlockBypassed(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) override;
    juce::AudioProcessorParameter* getBypassParameter() const override { return parameters.bypass; }
    juce::AudioProcessorEditor* createEditor() override;
    bool hasEditor() const override { return true; }
    bool acceptsMidi() const override { return true; }
    bool producesMidi() const override { return false; }
    bool supportsMPE() const override { return true; }
    double getTailLengthSeconds() const override;
    int getNumPrograms() override { return 1; }
    int getCurrentProgram() override { return 0; }
    void setCurrentProgram(int) override {}
    const juce::String getProgramName(int) override { return "ProducerGAN"; }
    void changeProgramName(int, const juce::String&) override {}
    void getStateInformation(juce::MemoryBlock& data) override;
    void setStateInformation(const void* data, int size) override;

private:
    void timerCallback() override;
    void show_positions();
    bool host_plays();
    void play(juce::AudioBuffer<float>& audio, const juce::MidiBuffer& midi, bool bypassed);
    void take_events(const juce::MidiBuffer& midi, int frames);
    void take_struck();
    void add(int offset, const std::uint8_t* bytes, int size);

    std::vector<Event> events_;
    std::array<bool, config::channels> bent_{};       // a channel whose bend was moved
    std::array<std::atomic<unsigned>, 256> struck_{}; // by the window: three bytes each
    std::atomic<unsigned> struck_written_{0}, struck_read_{0};
    std::array<std::uint8_t, config::keys> struck_channel_{}; // where a key's note-off goes
    std::atomic<unsigned> blocks_{0};                         // that were played
    unsigned blocks_seen_ = 0;                                // by the message thread
    std::optional<juce::uint32> blocks_seen_at_;              // ms, when there were more than before

    mutable std::mutex shown_lock_; // hosts load states in whichever thread they like
    juce::String state_trouble_;
    juce::Point<int> window_size_{980, 640};
    std::shared_ptr<const PresetModel> shown_model_;

    bool was_bypassed_ = false;
    std::atomic<bool> hush_{false};  // all that sounds shall fade before the next block
    std::atomic<bool> begun_{false}; // an offline render, from its start
    double sample_rate_ = 48000.0;
};

} // namespace producergan::plugin
