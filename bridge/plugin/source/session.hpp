#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "library.hpp"
#include "link_client.hpp"
#include "rig.hpp"
#include "scenes.hpp"

namespace producergan::plugin {

/// What the window says of how things stand.
struct Status {
    enum class Kind {
        ready,     // every key has its newest sound
        starting,  // an engine is on its way
        rendering, // newer sounds are being made; the ones before play
        missing,   // there is nothing to play with
        frozen,    // the sounds that the project holds are played; new ones cannot be made
        failed     // an offline render went wrong
    };
    Kind kind = Kind::missing;
    juce::String sentence;
    int pending = 0; // sounds that are being made
};

/// What was said to the player, a sentence; `count` grows with each, also where the words are the same.
struct Notice {
    unsigned count = 0;
    juce::String text;
};

/// A preset that can be chosen.
struct PresetEntry {
    juce::String name, path, about;
};

/// Which sounds the keys have: from the engine over the link, or from what was kept of it. Feeds the rig's clip table.
class Session final : private LinkClient::Listener, public SoundSource {
public:
    explicit Session(Rig& rig);
    ~Session() override;

    void wake() noexcept { link_.wake(); } // looks for an engine from now on [thread-safe]
    void stop();                           // ends the link [message-thread]

    // The host's. [message-thread]
    void set_rate(double rate);
    void set_offline(bool offline) noexcept; // [thread-safe]
    void begin_render();                     // offline: everything from its start

    /// Waits until there is something to play, or until that cannot come. [audio-thread, offline only]
    void wait_for_preset();
    bool provide(const Desk& desk, const Hands& hands, const std::vector<Need>& needs) override;

    // The player's. [message-thread]
    void choose(const juce::String& path); // a preset's or instrument's path, or a bundled name
    void ask_for_presets();
    void reroll(int key); // −1: all keys
    void lock(int key, bool on);
    void undo();
    void paste(int key, const juce::String& text);
    /// Asks for the sound string of a key's sound in the first zone that has the key. `then`: [message-thread]
    void copy(int key, int variant, std::function<void(juce::String)> then);
    Status status() const;
    bool makes_sounds() const; // an engine plays the preset, and takes what is asked of it [thread-safe]
    void dismiss_failure();    // of an offline render: it was read
    Notice notice() const;     // what was said last
    std::vector<PresetEntry> presets() const;
    std::shared_ptr<const PresetModel> model() const;            // null before there is one
    ClipRef clip(Place place) const;                             // that the slot has now; null if none
    double tail_seconds() const { return tail_seconds_.load(); } // [thread-safe]
    unsigned changes() const {
        return changes_.load();
    } // grows when any of the above but `status` changes [thread-safe]

    // A project's.
    /// The state, with what the host has to say of it. [thread-safe]
    juce::MemoryBlock save(const juce::var& host);
    /// Plays what a state holds, and returns what the host had to say. Raises LinkError with a sentence if it is none.
    /// [thread-safe]
    juce::var restore(const void* data, std::size_t size);
    std::size_t kept_bytes() const { return kept_bytes_.load(); } // what a project keeps of clips, packed [thread-safe]

    static inline std::atomic<int> patience_ms{
        60'000}; // of a render with an engine that says nothing; tests shorten it

    static constexpr int most_name = 1024; // characters of a preset's path, so that its bytes are what the link takes
    static constexpr std::size_t most_kept_bytes = std::size_t{64} << 20;  // of packed clips in a project
    static constexpr std::size_t most_clip_bytes = std::size_t{128} << 20; // of clips in memory

private:
    static constexpr int most_names = 16384; // of sounds in one message
    static constexpr int most_turns = 64;    // of a slot in a fresh zone that are remembered: they come round

    struct Preset { // what to ask an engine for
        juce::String name = "drums", text, folder;
    };
    struct Said { // with which hands
        Stand stand{};
        std::map<Place, int> turns;
        std::bitset<config::keys> touched; // keys that are moved by themselves
    };
    struct Coming { // a program that was announced and whose slots are being filled
        std::shared_ptr<PresetModel> model;
        std::int64_t serial = 0;
        std::map<Place, SoundName> slots;
        double since = 0.0;
    };

    // LinkClient::Listener [link-thread]
    void connected() override;
    void disconnected() override;
    void received(const Message& message) override;
    void all_read() override;
    void beat() override;

    // What the engine says, and what it is told: session_link.cpp. [link-thread]
    void open();
    void reopen();
    void not_opened();
    void hear_program(const juce::var& head);
    void hear_set(const juce::var& head);
    void hear_done(const juce::var& head);
    void say_hands();
    void say_voices();
    void say_reroll(int key);
    juce::var hands_fields(const char* type, const Hands& hands, const Turns& turns) const;

    // What the sampler is told, and what is kept of it: session.cpp. [thread-safe, the lock held]
    void take_up(const std::shared_ptr<const PresetModel>& model, const std::map<Place, SoundName>& slots,
                 const Knobs::Positions* positions);
    bool tell(Place place, const SoundName& sound);
    void tell_wanted();
    SoundName last_whole(Place place) const;
    void spare_voices();
    void only_whole();
    void play_kept(const Hands& hands);
    void keep_stand();
    int turn_of(const Desk* desk, Place place) const;
    Stand stand(const Hands& hands) const;
    void pack(std::unique_lock<std::mutex>& guard);
    void prune();

    // A render: session_render.cpp. [audio-thread, offline only, the lock held]
    bool ask(std::unique_lock<std::mutex>& guard, const Desk& desk, const Hands& hands,
             const std::vector<Need>& missing);
    bool may_come() const; // whether an engine makes sounds of the present preset, or is about to
    juce::String why_not() const;

    juce::var read_state(const void* data, std::size_t size);
    void changed() { ++changes_; }

    Rig& rig_;
    mutable std::mutex lock_; // never taken by the audio thread of a live host
    std::condition_variable answered_;

    Preset preset_;
    bool chosen_ = false;                       // by the player: the macros go where the new preset has them
    bool opening_ = false, open_again_ = false; // an answer to `open` is to come; it is out of date already
    bool opened_chosen_ = false;                // what is being opened was chosen
    std::shared_ptr<PresetModel> model_;
    std::int64_t serial_ = -1; // the engine's, of what plays; −1: the engine does not play it
    std::unique_ptr<Coming> coming_;
    bool refused_ = false;           // the engine cannot open it, or has another instrument for it
    std::unique_ptr<Desk> unplayed_; // that the sampler was too busy to take
    std::map<Place, SoundName> wanted_;
    std::map<Place, SoundName> whole_;    // what was wanted before, the last one that had come whole
    std::map<Place, std::uint64_t> told_; // the clip that the sampler has there
    std::set<Place> spared_;              // slots that have the last whole sound until the wanted one goes on
    bool untold_ = false;                 // some of what is wanted may not be told
    Library library_;
    bool unpacked_ = false; // it may hold clips that are not packed yet
    Scenes scenes_;
    std::map<std::int64_t, Said> said_;
    std::map<std::uint64_t, std::int64_t> serials_; // the engine's, of native programs
    Hands hands_;
    std::int64_t said_version_ = 0, settled_version_ = -1;
    bool hands_unsaid_ = true;
    double rate_ = 48000.0;
    double voices_at_ = 0.0, pruned_at_ = 0.0, heard_at_ = 0.0;
    bool voices_said_ = false;
    std::vector<VoiceReport> reports_;

    std::atomic<bool> offline_{false}, flipped_{false};
    std::int64_t need_id_ = 0;
    bool need_done_ = false, needing_ = false;
    std::vector<SoundName> need_sounds_;
    juce::String need_reason_;
    std::map<std::string, SoundName> needed_; // what this render asked for, by everything that decides about it

    int pending_ = 0;
    juce::String problem_, failure_;
    Notice notice_;
    std::vector<PresetEntry> presets_;
    std::map<int, std::function<void(juce::String)>> copied_; // by key: what waits for an answer
    juce::MemoryBlock unread_;                                // a state of a later version: given back as it was
    std::atomic<unsigned> changes_{0};
    std::atomic<double> tail_seconds_{0.0};
    std::atomic<std::size_t> kept_bytes_{0};

    LinkClient link_; // last: its thread calls what stands above
};

} // namespace producergan::plugin
