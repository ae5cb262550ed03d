#pragma once
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "desk.hpp"
#include "host_parameters.hpp"
#include "producergan/sampler.hpp"
#include "producergan/timing.hpp"

namespace producergan::plugin {

/// A slot whose sound is asked for: that of a voice or of a key that is struck. `key` is the key itself.
struct Need {
    Place place;
    int key = 0;
    bool operator==(const Need&) const = default;
};

/// Sees to it, in an offline render, that sounds are in the clip table before they are played.
class SoundSource {
public:
    virtual ~SoundSource() = default;

    /// Puts the sounds of some slots, as these hands and turns have them, into the sampler's table; waits for those
    /// that have to be made. False if they did not come: the table has what there is. [audio-thread, offline only]
    virtual bool provide(const Desk& desk, const Hands& hands, const std::vector<Need>& needs) = 0;
};

/// What happens in a block: MIDI and the host's parameters to the macros, the macros to the sampler's parameters at
/// that very frame, events to the sampler. Which sounds the keys have is told by others: live whenever it is known;
/// offline the order of things at a frame is that of `engine.offline.OfflineLoop`, and so is the audio.
class Rig {
public:
    explicit Rig(HostParameters& parameters); // [setup]
    ~Rig();

    Sampler sampler;

    void prepare(double sample_rate); // all voices fall silent [setup]

    /// Plays another preset as soon as the sampler has its program, and takes the desk; leaves it and returns false if
    /// the sampler is too busy: try again. [link-thread]
    bool play(std::unique_ptr<Desk>& desk);

    /// Frees desks and clips that are done with. [link-thread]
    void collect();

    /// The hands, if they have changed since `hands.version`. [link-thread]
    bool look(Hands& hands) const;

    /// The desk that plays, and nothing but what is [thread-safe] of it. Valid until `collect`, which must not run at
    /// the same time. [link-thread]
    const Desk* desk() const { return shown_.load(std::memory_order_acquire); }

    /// Plays a block: `events` sorted by offset. Offline with the sounds of `source`, live where it is null; false if a
    /// sound did not come. [audio-thread]
    bool process(const std::vector<Event>& events, const Output* outputs, int output_count, int frames,
                 SoundSource* source);

    /// An offline render begins: the same from the same start. Macros stand where they were put, not where MIDI of an
    /// earlier render left them. Null: no preset yet. [audio-thread, offline only]
    void begin_render();

    /// A render is over: macros stand where they were put before it. [setup]
    void end_render() { put_back_.store(true); }

    /// The host's sampler parameters are the preset's again. [link-thread]
    void let_go() noexcept;

    /// A key of the fresh zones counts as never played. [link-thread]
    void forget_turns(int key);

    /// How often MIDI has asked for new sounds since the last call: of the last key, of all keys. [link-thread]
    std::array<unsigned, 2> take_triggers();

    /// Where the macros stand, for showing. [thread-safe]
    double position(int macro) const { return shown_positions_[static_cast<std::size_t>(macro)].load(); }

    /// Where a macro was put by anything but the MIDI of an offline render: what a project keeps. [thread-safe]
    double put_position(int macro) const { return put_positions_[static_cast<std::size_t>(macro)].load(); }

    /// The MIDI channel that the preset listens to, 1 to 16; 0: all. [audio-thread]
    int channel() const noexcept {
        return now_ == nullptr ? 0 : static_cast<int>(now_->told.play[static_cast<std::size_t>(PlayParam::channel)]);
    }

    /// The key that was played last, −1 before any. [thread-safe]
    int last_key() const { return last_key_.load(std::memory_order_relaxed); }

private:
    struct Wish { // what the keys shall sound like from a frame on
        std::int64_t frame = 0;
        Hands hands;
    };

    void adopt() noexcept;
    bool hear_host() noexcept;
    bool hear_pad() noexcept;
    bool hear(const Event& event, bool live) noexcept;
    bool pulls(const Event& event) noexcept;
    void renew() noexcept;
    void publish() noexcept;
    void put(const Knobs::Positions& positions) noexcept;
    void send_values() noexcept;
    void wish();
    const std::vector<Need>& needs(const Event* events, int count);
    void retire(Desk* desk) noexcept;

    HostParameters& parameters_;
    double sample_rate_ = 48000.0;

    // Desks: the link thread gives, the audio thread takes and gives back.
    std::atomic<Desk*> coming_{nullptr};
    Desk* held_ = nullptr; // taken, but the sampler has not come to its program
    Desk* now_ = nullptr;
    std::atomic<Desk*> shown_{nullptr};
    static constexpr std::size_t gone_size = 64; // a power of two
    std::array<Desk*, gone_size> gone_{};
    std::atomic<std::size_t> gone_written_{0}, gone_read_{0};

    // The hands under a sequence lock.
    static constexpr std::size_t hand_words = config::macros + 2 + config::keys * config::macros;
    SequenceLock lock_;
    std::atomic<std::uint64_t> version_{0};
    std::array<std::atomic<double>, hand_words> words_{};
    std::array<std::atomic<double>, config::macros> shown_positions_{}, put_positions_{};
    std::atomic<int> last_key_{-1};
    std::array<std::atomic<unsigned>, 2> pulled_{}; // triggers
    std::atomic<bool> put_back_{false};
    std::bitset<128> high_; // trigger controllers that stand above the middle

    Hands hands_;
    Values values_;
    std::vector<Event> piece_;
    std::vector<VoiceReport> reports_;
    std::vector<Place> sounding_, was_sounding_;

    // Offline
    MorphTimes times_{sample_rate_};
    std::deque<Wish> wishes_;
    Wish applied_;
    std::vector<Need> needs_;
};

} // namespace producergan::plugin
