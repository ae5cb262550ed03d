#pragma once
#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "producergan/command_queue.hpp"
#include "producergan/counters.hpp"
#include "producergan/held_keys.hpp"
#include "producergan/limiter.hpp"
#include "producergan/midi_state.hpp"
#include "producergan/program.hpp"
#include "producergan/snapshot.hpp"
#include "producergan/voice.hpp"

namespace producergan {

/// A MIDI channel message at a frame of the block.
struct Event {
    int offset = 0; // frames from the start of the block
    std::uint8_t status = 0, data1 = 0, data2 = 0;
};

/// Where one stereo output's frames go. Without memory it is an output that is not there.
struct Output {
    float* left = nullptr;
    float* right = nullptr;
};

/// The sampler: MIDI in, one to eight stereo outputs of audio, the sounds from a clip table that another thread fills.
///
/// The same events give the same audio whatever the block size: everything that is smoothed moves on a grid of 32
/// frames that is fixed to the output's frame count, and blocks are split at events and at that grid.
class Sampler {
public:
    Sampler(); // [setup]
    ~Sampler();
    Sampler(const Sampler&) = delete;
    Sampler& operator=(const Sampler&) = delete;

    /// Sets the output's sample rate and readies all memory; all voices fall silent. Raises std::invalid_argument on
    /// rates outside 8 to 768 kHz. [setup]
    void prepare(double sample_rate);

    double sample_rate() const noexcept { return sample_rate_; } // in Hz [thread-safe]

    /// Fills `frames` frames of each of one to eight outputs, whose frames lie `stride` floats apart. A zone is heard
    /// on the output that it asks for, and on the first where that is not there; the first always is. Master gain and
    /// limiter act on each output. Events are sorted by offset; one past the block's end counts as at its end.
    /// [audio-thread]
    void process(const Event* events, int event_count, const Output* outputs, int output_count, int stride,
                 int frames) noexcept;

    /// The same with one output, on which all zones are heard. [audio-thread]
    void process(const Event* events, int event_count, float* left, float* right, int stride, int frames) noexcept {
        const Output output{left, right};
        process(events, event_count, &output, 1, stride, frames);
    }

    /// Sets a parameter, an index of its scope's table, at the present frame, as the message of `set_zone_parameter` or
    /// `set_play_parameter` would that came before all others. Zone −1: all zones; a zone that the present program
    /// lacks is ignored. [audio-thread]
    void set_parameter_now(Scope scope, int zone, int parameter, float value) noexcept;

    void silence_now() noexcept; // fades everything that sounds [audio-thread]

    /// Lets every message that is under way take effect now, however many there are: for a renderer that nobody waits
    /// for. [audio-thread]
    void take_all_messages() noexcept;

    std::uint64_t program_id() const noexcept { return program_->id; } // of the program that notes play [audio-thread]

    /// Output frames since prepare. [audio-thread]
    std::int64_t clock() const noexcept { return clock_; }

    // Messages. Each takes effect at the start of a following block, or where many are under way at a later tick, in
    // the order sent; false if the queue is full.

    /// Plays another program; sounding voices end on the one they began with. [thread-safe]
    bool set_program(ProgramRef program);

    /// The clip-table message: this slot has this clip from now on, and its sounding voices crossfade to it. Ignored
    /// where the present program has no such slot. [thread-safe]
    bool set_clip(int zone, int slot_key, int variant, ClipRef clip);

    /// Sets a zone's parameter, clamped to its range. Zone −1: all zones. [thread-safe]
    bool set_zone_parameter(int zone, ZoneParam id, float value);
    bool set_play_parameter(PlayParam id, float value); // [thread-safe]

    /// The present program's claimed controllers are these from now on; pedals among them are up. [thread-safe]
    bool set_claimed(const std::bitset<128>& controllers);

    /// Fades everything that sounds. [thread-safe]
    bool silence();

    /// Frees programs and clips that only this registry still holds; returns how many. [thread-safe]
    std::size_t collect();

    // What other threads may look at. [thread-safe]
    Counters& counters() noexcept { return counters_; }
    const Snapshot& snapshot() const noexcept { return snapshot_; }

private:
    struct Command {
        enum class Kind { none, program, clip, zone_parameter, play_parameter, claimed, silence } kind = Kind::none;
        int zone = 0, slot_key = 0, variant = 0, parameter = 0;
        float value = 0.0f;
        std::bitset<128> controllers;
        ClipRef clip;
        ProgramRef program;
    };
    enum class Voices { poly = 0, mono = 1, legato = 2 }; // values of the play parameter `voices`
    static constexpr int usual_release = 64;              // velocity of a note-off that was not measured
    static constexpr int places = 2 * config::max_voices;
    static constexpr int residue_size = 1024; // a power of two, longer than the residue at 768 kHz

    /// What voices that were cut short leave behind, of one output: rings, and frames until nothing is left in them.
    struct Residue {
        std::array<float, residue_size> left{}, right{};
        int frames = 0;
    };
    /// One output's part of a tick. Nothing lies in it beyond what was rendered.
    struct Mix {
        std::array<float, config::tick_frames> left{}, right{};
        bool used = false;
    };

    bool send(Command&& command);
    void take_commands() noexcept;
    void apply(Command& command) noexcept;
    void follow_program() noexcept;

    // sampler_midi.cpp: what a message means
    void handle(const Event& event) noexcept;
    void control(int channel, int controller, int value) noexcept;
    void let_go(int channel, int key, int velocity) noexcept;
    void release_unheld(int velocity = usual_release) noexcept;
    void release(Voice& voice, int velocity = usual_release) noexcept;
    bool held(int channel, int key) const noexcept;

    // sampler_notes.cpp: the notes that begin, take over and end one another
    void note_on(int channel, int key, int velocity) noexcept;
    void play_beside(int channel, int key, int velocity) noexcept;
    void take_over(int channel, int key, int velocity, bool legato) noexcept;
    bool change_key(int place, int key, int velocity) noexcept;
    int continuing(int zone, int channel) const noexcept;
    double reached(int channel) const noexcept;
    void choke(int group, const std::bitset<places>& spared = {}) noexcept;
    Voices voices() const noexcept;
    Priority priority() const noexcept;

    // sampler_voices.cpp: voices, their places and what they are told
    void start_voice(int zone, int channel, int key, int velocity, double glide = 0.0) noexcept;
    void make_room() noexcept;
    int free_place() noexcept;
    void fade(int place) noexcept; // ends a voice in kill_frames
    void leave_residue(Voice& voice) noexcept;
    void cut(int place) noexcept; // ends a voice now
    void end_voice(int place) noexcept;
    int glide_ticks() const noexcept;
    VoiceTargets targets(const Zone& zone, int channel, int key, int clip_channels) const noexcept;
    VoiceTargets targets(const Voice& voice) const noexcept;

    using Given = std::array<int, config::outputs>; // output asked for → the one that is heard instead, or itself
    void tick() noexcept;
    void render(const Given& given, int frames, int offset) noexcept;             // fills mixes_
    bool finish(std::size_t output, int frames, int offset, bool limit) noexcept; // true if the limiter was needed
    Mix& mix(std::size_t output) noexcept;
    void publish() noexcept;
    VoiceContext context() const noexcept;

    template <typename Do>
    void each_voice(Do&& act) noexcept {
        for (int i = 0; i < active_count_; ++i)
            act(voice(active_[static_cast<std::size_t>(i)]));
    }
    Voice& voice(int place) noexcept { return voices_[static_cast<std::size_t>(place)]; }
    const Voice& voice(int place) const noexcept { return voices_[static_cast<std::size_t>(place)]; }
    HeldKeys& keys(int channel) noexcept { return keys_[static_cast<std::size_t>(channel)]; }
    const HeldKeys& keys(int channel) const noexcept { return keys_[static_cast<std::size_t>(channel)]; }

    double sample_rate_ = 48000.0;
    std::int64_t kill_frames_ = 0, swap_frames_ = 0, starve_frames_ = 0, abandon_frames_ = 0, start_frames_ = 0,
                 young_frames_ = 0;
    int residue_frames_ = 1;
    float smoothing_ = 1.0f;

    std::int64_t clock_ = 0;
    int commands_left_ = 0; // that this tick may still take
    std::uint64_t voice_count_ = 0;
    ProgramRef program_;
    std::vector<Voice> voices_;        // fixed places
    std::array<int, places> active_{}; // places in use, in the order the voices began
    int active_count_ = 0;
    MidiState midi_;
    std::array<HeldKeys, config::channels> keys_;   // of each channel
    std::array<Residue, config::outputs> residues_; // by the output that was asked for
    int residue_at_ = 0;
    std::array<Mix, config::outputs> mixes_;
    float master_from_ = 1.0f, master_to_ = 1.0f;
    std::array<Limiter, config::outputs> limiters_;
    Counters counters_;
    Snapshot snapshot_;
    CommandQueue<Command, config::command_queue> queue_;

    std::mutex control_; // between control threads only: the audio thread never takes it
    std::vector<ProgramRef> programs_;
    std::unordered_map<const Clip*, ClipRef> clips_;
};

} // namespace producergan
