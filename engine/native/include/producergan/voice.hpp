#pragma once
#include <cstdint>

#include "producergan/clip.hpp"
#include "producergan/course.hpp"
#include "producergan/envelope.hpp"
#include "producergan/glide.hpp"
#include "producergan/humanise.hpp"
#include "producergan/program.hpp"
#include "producergan/resampler.hpp"
#include "producergan/voice_filter.hpp"

namespace producergan {

/// What a voice needs to know of its surroundings in order to start and to render.
struct VoiceContext {
    const Resampler& resampler;
    double sample_rate;       // of the output
    std::int64_t kill_frames; // fade of a choked, stolen or silenced voice
    std::int64_t swap_frames; // crossfade to a new clip
    std::int64_t starve_frames;
    std::int64_t abandon_frames; // wait of a voice that nobody holds
    std::int64_t start_frames;   // fade-in of a start inside the clip
    float smoothing;             // share of the way to the target that a tick goes
};

/// The channel's and the zone's present wishes for a voice, before smoothing.
struct VoiceTargets {
    float left = 1.0f;
    float right = 1.0f;
    double semitones = 0.0;
    float cutoff_octaves = 0.0f; // offsets to the zone's own
    float resonance = 0.0f;
};

/// One sounding clip: position, envelope, fades, and the crossfade to the clip that takes its place.
///
/// All positions are logical: frame 0 is where the sound begins to play, also in reverse.
class Voice {
public:
    struct Start {
        ProgramRef program;
        ClipRef clip;
        int zone = 0, key = 0, slot_key = 0, variant = 0, channel = 0;
        int output = 0; // that its zone asks for, from 0
        float velocity_gain = 1.0f;
        float velocity = 1.0f;      // of the key, 0 to 1
        double semitones = 0.0;     // from the key
        double attack_factor = 1.0; // of the zone's attack
        double glide = 0.0;         // semitones off its pitch at which it begins
        int glide_ticks = 0;        // how long it takes to get there
        std::uint64_t id = 0;
        std::int64_t frame = 0; // of the output, when it starts
    };

    void start(Start&& start, const VoiceTargets& targets, const VoiceContext& context) noexcept; // [audio-thread]

    /// The clip table has a new clip for this voice's slot: crossfade to it as soon as it is ready here.
    /// [audio-thread]
    void swap(const ClipRef& clip) noexcept;

    /// Whether `swap` could take it: another instrument's clip has other frames. [audio-thread]
    bool accepts(const Clip& clip) const noexcept {
        return clip.frames() == clip_->frames() && clip.sample_rate() == clip_->sample_rate();
    }

    /// Goes on as the note of another key of its zone; the pitch gets there in `glide_ticks` ticks. [audio-thread]
    void change_key(int key, int slot_key, int variant, double semitones, int glide_ticks) noexcept;

    /// Neither key nor pedal holds it: ends in `factor` times the zone's release. One-shots play on. [audio-thread]
    void release(double factor) noexcept;

    /// Fades to nothing in `frames` from now. [audio-thread]
    void kill(std::int64_t frames) noexcept;

    /// Gives up its clips; the control thread frees them. [audio-thread]
    void clear() noexcept;

    /// New smoothing targets, and the level of the tick that has ended. At each tick of the grid. [audio-thread]
    void tick(const VoiceTargets& targets, const VoiceContext& context) noexcept;

    /// Starved: runs out of ready blocks and fades. Dropped: ran out faster than the fade, so the last frame still has
    /// to be faded.
    enum class Outcome { sounding, ended, starved, dropped, not_a_number };

    /// Adds `frames` frames to `left` and `right`, which have room for a whole tick and hold nothing beyond the frames;
    /// `offset` is where these lie within the tick. [audio-thread]
    Outcome render(float* left, float* right, int frames, int offset, const VoiceContext& context) noexcept;

    bool active = false;    // occupies its place
    bool dying = false;     // being faded out by a kill: no longer counts as a voice
    float last_left = 0.0f; // last frame given out
    float last_right = 0.0f;

    // What it is and where it stands. [audio-thread]
    const Start& origin() const noexcept { return origin_; }
    const Zone& zone() const noexcept { return origin_.program->zones[static_cast<std::size_t>(origin_.zone)]; }
    Mode mode() const noexcept { return course_.mode; }
    bool released() const noexcept { return envelope_.released(); }
    bool reverse() const noexcept { return course_.reverse; }
    float level() const noexcept { return level_; }
    double glide() const noexcept { return glide_.semitones(); } // off its key's pitch, while on the way there
    std::int64_t rendered() const noexcept { return rendered_; }
    std::int64_t position() const noexcept { return position_; } // 32.32 fixed point, logical
    std::int64_t step() const noexcept { return step_from_; }    // 32.32 fixed point, source frames an output frame
    std::int64_t loop_start() const noexcept { return course_.loop_start; }
    std::int64_t loop_end() const noexcept { return course_.loop_end; }
    std::int64_t loop_fade() const noexcept { return course_.loop_fade; }
    const ClipRef& clip() const noexcept { return clip_; }
    const ClipRef& incoming() const noexcept { return next_; } // of a crossfade under way
    std::int64_t faded() const noexcept { return swapped_; }   // frames of it that are done
    /// The clip that this voice sounds or is on its way to. [audio-thread]
    const ClipRef& newest_clip() const noexcept { return pending_ ? pending_ : next_ ? next_ : clip_; }

private:
    /// Positions of the coming frames, and how many: fewer where the clip ends. Moves on.
    int walk(std::int64_t* positions, int frames, int offset) noexcept;
    /// One channel of a clip (of a mono clip always its only one) at these positions, a loop's crossfade included.
    void read(const Clip& clip, int channel, const Resampler::Table& table, const std::int64_t* positions, int count,
              float* out) const noexcept;
    /// False if none of these lies in the loop's crossfade.
    bool may_fade_loop(const std::int64_t* positions, int count) const noexcept;
    /// One channel of what sounds, crossfaded to the next clip and filtered.
    void sound(int channel, const Resampler::Table& table, const std::int64_t* positions, int count, int offset,
               float* out, const VoiceContext& context) noexcept;
    void fade(const std::int64_t* positions, int count, bool fed, float* gains, const VoiceContext& context) noexcept;
    /// Adds the frames to the output at their level and place between the speakers; false if they are no sound: not a
    /// number, infinite, or on its way there.
    bool mix(const float* first, const float* second, const float* gains, int count, int offset, float* left,
             float* right) noexcept;
    std::int64_t step_for(double semitones, const VoiceContext& context) const noexcept;

    Start origin_;
    ClipRef clip_, next_, pending_;
    Course course_;
    bool begun_ = false; // has given out a frame
    std::int64_t position_ = 0;
    std::int64_t end_fade_ = 1; // frames of the clip
    std::int64_t rendered_ = 0; // frames given out
    std::int64_t swapped_ = 0;  // frames into the crossfade
    std::int64_t fade_in_left_ = 0, fade_in_ = 0;
    std::int64_t kill_left_ = 0, kill_ = 0;
    std::int64_t fed_ = 0;  // starve gain, in frames of starve_frames
    std::int64_t held_ = 0; // frames for which it has waited for a block
    Envelope envelope_;
    Glide glide_;
    VoiceFilter filter_;
    Humanised humanised_;
    bool stereo_ = false;    // once a clip of two channels has sounded
    float level_ = 0.0f;     // the largest of the last tick
    float tick_peak_ = 0.0f; // squared, of the present one
    float left_from_ = 1.0f, left_to_ = 1.0f, right_from_ = 1.0f, right_to_ = 1.0f;
    double semitones_ = 0.0;
    std::int64_t step_from_ = 0, step_to_ = 0;
};

} // namespace producergan
