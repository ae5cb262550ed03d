#include "producergan/voice.hpp"

#include <algorithm>
#include <cmath>

#include "producergan/smoothing.hpp"

namespace producergan {

namespace {

constexpr std::int64_t one = Resampler::one;
constexpr int tick_frames = config::tick_frames;

std::int64_t seconds_to_frames(double seconds, double rate) noexcept { return std::llround(seconds * rate); }

} // namespace

void Voice::start(Start&& start, const VoiceTargets& targets, const VoiceContext& context) noexcept {
    origin_ = std::move(start);
    clip_ = std::move(origin_.clip); // not kept there: after a swap it is to be freed
    next_.reset();
    pending_.reset();
    const Zone& zone = this->zone();
    humanised_ = humanise(zone, origin_.id);
    origin_.velocity_gain *= humanised_.gain;
    const auto seconds = [&](ZoneParam id) { return seconds_to_frames(zone.get(id), context.sample_rate); };

    course_ = first_course(zone, clip_->frames(), clip_->sample_rate(), humanised_.seconds);
    position_ = course_.start * one;
    end_fade_ = std::max<std::int64_t>(1, seconds_to_frames(config::starve_seconds, clip_->sample_rate()));

    Envelope::Shape shape;
    const std::int64_t shortest = seconds_to_frames(config::shortest_release_seconds, context.sample_rate);
    // A time of nothing has no multiple: what makes it longer adds to it, less than any other attack would become.
    const double factor = origin_.attack_factor;
    const double attack = zone.get(ZoneParam::attack);
    shape.attack = seconds_to_frames(std::max(attack * factor, (factor - 1.0) * config::shortest_turned_attack),
                                     context.sample_rate);
    shape.hold = seconds(ZoneParam::hold);
    shape.sustain = zone.get(ZoneParam::sustain);
    shape.decay = shape.sustain < 1.0f ? std::max(seconds(ZoneParam::decay), shortest) : 0;
    shape.release = std::max(seconds(ZoneParam::release), shortest);
    shape.shortest_release = shortest;
    envelope_.start(shape);
    filter_.start(zone, origin_.key, origin_.velocity, {targets.cutoff_octaves, targets.resonance},
                  context.sample_rate);

    left_from_ = left_to_ = targets.left;
    right_from_ = right_to_ = targets.right;
    semitones_ = targets.semitones;
    glide_.start(origin_.glide, origin_.glide_ticks);
    step_from_ = step_to_ = step_for(semitones_ + glide_.semitones(), context);

    active = true;
    dying = false;
    begun_ = stereo_ = false;
    rendered_ = swapped_ = held_ = kill_left_ = kill_ = 0;
    fade_in_ = fade_in_left_ = position_ > 0 || course_.reverse ? context.start_frames : 0;
    fed_ = context.starve_frames;
    level_ = origin_.velocity_gain;
    tick_peak_ = 0.0f;
    last_left = last_right = 0.0f;
}

void Voice::swap(const ClipRef& clip) noexcept {
    if (!accepts(*clip)) // it is for the next note, not for this one
        return;
    if ((next_ ? next_ : clip_)->id() == clip->id())
        pending_.reset();
    else
        pending_ = clip;
}

void Voice::change_key(int key, int slot_key, int variant, double semitones, int glide_ticks) noexcept {
    glide_.start(origin_.semitones + glide_.semitones() - semitones, glide_ticks);
    origin_.key = key;
    origin_.slot_key = slot_key;
    origin_.variant = variant;
    origin_.semitones = semitones;
}

void Voice::release(double factor) noexcept {
    if (course_.mode == Mode::one_shot)
        return;
    envelope_.release(factor);
    filter_.release(factor);
}

void Voice::kill(std::int64_t frames) noexcept {
    if (dying && kill_left_ <= frames)
        return;
    kill_ = dying ? kill_ * frames / kill_left_ : frames; // on from the gain that a longer fade has got to
    kill_left_ = frames;
    dying = true;
}

void Voice::clear() noexcept {
    active = dying = false;
    clip_.reset();
    next_.reset();
    pending_.reset();
    origin_.program.reset();
}

std::int64_t Voice::step_for(double semitones, const VoiceContext& context) const noexcept {
    const double ratio = clip_->sample_rate() / context.sample_rate *
                         semitone_ratio(origin_.semitones + semitones + humanised_.semitones);
    return std::llround(std::clamp(ratio, config::min_ratio, config::max_ratio) * static_cast<double>(one));
}

void Voice::tick(const VoiceTargets& targets, const VoiceContext& context) noexcept {
    level_ = std::sqrt(tick_peak_);
    tick_peak_ = 0.0f;
    left_from_ = left_to_;
    right_from_ = right_to_;
    step_from_ = step_to_;
    left_to_ = toward(left_from_, targets.left, context.smoothing);
    right_to_ = toward(right_from_, targets.right, context.smoothing);
    const bool gliding = glide_.tick();
    if (gliding || semitones_ != targets.semitones) {
        semitones_ += (targets.semitones - semitones_) * static_cast<double>(context.smoothing);
        if (std::abs(targets.semitones - semitones_) < 1e-5)
            semitones_ = targets.semitones;
        step_to_ = step_for(semitones_ + glide_.semitones(), context);
    }
    filter_.tick(zone(), origin_.key, {targets.cutoff_octaves, targets.resonance}, context.smoothing,
                 context.sample_rate);
}

int Voice::walk(std::int64_t* positions, int frames, int offset) noexcept {
    const std::int64_t slope = (step_to_ - step_from_) / tick_frames;
    const std::int64_t end = course_.mode == Mode::loop ? course_.loop_end * one : clip_->frames() * one;
    if (slope == 0 && position_ + frames * step_from_ < end) {
        for (int i = 0; i < frames; ++i, position_ += step_from_)
            positions[i] = position_;
        return frames;
    }
    for (int i = 0; i < frames; ++i) {
        positions[i] = position_;
        position_ += step_from_ + slope * (offset + i);
        if (position_ < end)
            continue;
        if (course_.mode != Mode::loop)
            return i + 1;
        while (position_ >= end)
            position_ -= (course_.loop_end - course_.loop_start) * one;
    }
    return frames;
}

bool Voice::may_fade_loop(const std::int64_t* positions, int count) const noexcept {
    const std::int64_t last = positions[count - 1];
    return course_.mode == Mode::loop && course_.loop_fade > 0 &&
           (last > (course_.loop_end - course_.loop_fade) * one || last < positions[0]);
}

void Voice::read(const Clip& clip, int channel, const Resampler::Table& table, const std::int64_t* positions, int count,
                 float* out) const noexcept {
    const float* source = clip.channel(std::min(channel, clip.channel_count() - 1));
    const auto read_at = [&](const std::int64_t* where, float* to) {
        std::int64_t physical[tick_frames];
        for (int i = 0; i < count; ++i)
            physical[i] = course_.reverse ? (clip.frames() - 1) * one - where[i] : where[i];
        Resampler::read(table, source, physical, count, [to](int i, float value) { to[i] = value; });
    };
    read_at(positions, out);
    if (!may_fade_loop(positions, count))
        return;
    const std::int64_t begin = (course_.loop_end - course_.loop_fade) * one,
                       length = (course_.loop_end - course_.loop_start) * one;
    std::int64_t before[tick_frames];
    for (int i = 0; i < count; ++i)
        before[i] = positions[i] > begin ? positions[i] - length : positions[i];
    float earlier[tick_frames];
    read_at(before, earlier);
    for (int i = 0; i < count; ++i) {
        const auto into = static_cast<double>(std::max<std::int64_t>(0, positions[i] - begin));
        out[i] += static_cast<float>(into / static_cast<double>(course_.loop_fade * one)) * (earlier[i] - out[i]);
    }
}

void Voice::sound(int channel, const Resampler::Table& table, const std::int64_t* positions, int count, int offset,
                  float* out, const VoiceContext& context) noexcept {
    if (filter_.on() && !next_ && !course_.reverse && !may_fade_loop(positions, count)) {
        // The common case in one loop: the next frame is resampled while this one's filter is still being worked out.
        const float* source = clip_->channel(std::min(channel, clip_->channel_count() - 1));
        filter_.run(channel, offset, [&](auto&& filter) {
            Resampler::read(table, source, positions, count, [&](int i, float value) { out[i] = filter(value); });
        });
        return;
    }
    read(*clip_, channel, table, positions, count, out);
    if (next_) {
        float next[tick_frames];
        read(*next_, channel, table, positions, count, next);
        for (int i = 0; i < count; ++i) {
            const std::int64_t at = swapped_ + i + 1;
            const float share = static_cast<float>(at) / static_cast<float>(context.swap_frames);
            out[i] = at < context.swap_frames ? out[i] + share * (next[i] - out[i]) : next[i];
        }
    }
    filter_.run(channel, offset, [&](auto&& filter) {
        for (int i = 0; i < count; ++i)
            out[i] = filter(out[i]);
    });
}

void Voice::fade(const std::int64_t* positions, int count, bool fed, float* gains,
                 const VoiceContext& context) noexcept {
    const std::int64_t end = clip_->frames() * one;
    if (course_.mode != Mode::loop && end - positions[count - 1] < end_fade_ * one)
        for (int i = 0; i < count; ++i)
            if (end - positions[i] < end_fade_ * one)
                gains[i] *=
                    static_cast<float>(static_cast<double>(end - positions[i]) / static_cast<double>(end_fade_ * one));
    if (fade_in_left_ == 0 && kill_ == 0 && fed && fed_ == context.starve_frames)
        return;
    for (int i = 0; i < count; ++i) {
        if (fade_in_left_ > 0)
            gains[i] *= 1.0f - static_cast<float>(fade_in_left_--) / static_cast<float>(fade_in_);
        if (kill_ > 0)
            gains[i] *= static_cast<float>(kill_left_ > 0 ? --kill_left_ : 0) / static_cast<float>(kill_);
        fed_ = std::clamp<std::int64_t>(fed_ + (fed ? 1 : -1), 0, context.starve_frames);
        gains[i] *= static_cast<float>(fed_) / static_cast<float>(context.starve_frames);
    }
}

bool Voice::mix(const float* first, const float* second, const float* gains, int count, int offset, float* left,
                float* right) noexcept {
    constexpr int fours = tick_frames / 4;
    const float slope_left = (left_to_ - left_from_) / tick_frames,
                slope_right = (right_to_ - right_from_) / tick_frames;
    Four out_left[fours], out_right[fours], power{}, peak{};
    Four place = static_cast<float>(offset) + Four{0.0f, 1.0f, 2.0f, 3.0f};
    for (int i = 0; 4 * i < count; ++i) {
        const Four gain = origin_.velocity_gain * four_at(gains + 4 * i);
        const Four l = four_at(first + 4 * i) * (gain * (left_from_ + slope_left * place));
        const Four r = four_at(second + 4 * i) * (gain * (right_from_ + slope_right * place));
        const Four left_power = l * l, right_power = r * r;
        power = power + left_power + right_power;
        peak = larger(peak, larger(left_power, right_power));
        out_left[i] = l;
        out_right[i] = r;
        place = 4.0f + place;
    }
    if (!(sum_of(power) < 1e18f))
        return false;
    for (int i = 0; 4 * i < count; ++i) {
        put_four(left + 4 * i, four_at(left + 4 * i) + out_left[i]);
        put_four(right + 4 * i, four_at(right + 4 * i) + out_right[i]);
    }
    const auto last = static_cast<std::size_t>(count - 1);
    last_left = out_left[last / 4][last % 4];
    last_right = out_right[last / 4][last % 4];
    tick_peak_ = std::max({tick_peak_, peak[0], peak[1], peak[2], peak[3]});
    return true;
}

Voice::Outcome Voice::render(float* left, float* right, int frames, int offset, const VoiceContext& context) noexcept {
    const std::int64_t widest = std::max(step_from_, step_to_);
    const auto& table = context.resampler.table(static_cast<double>(widest) / static_cast<double>(one));
    const auto ready = [&](const Clip& clip, std::int64_t output_frames) {
        return course_.ready(clip, position_ / one, widest * output_frames / one + 1, table.half);
    };

    // What may sound: is the present clip there as far as the next fade reaches, and is a new one waiting?
    const bool fed =
        ready(*clip_, frames + context.starve_frames) && (!next_ || ready(*next_, frames + context.starve_frames));
    if (pending_ && !next_ && offset == 0) { // on the grid, so that it does not depend on the block size
        const bool at_once = !fed && (!begun_ || fed_ == 0); // nothing sounds, nor could: no need to fade
        if (ready(*pending_, tick_frames + context.starve_frames + (at_once ? 0 : context.swap_frames))) {
            if (at_once)
                clip_ = std::move(pending_);
            else {
                next_ = std::move(pending_);
                swapped_ = 0;
            }
            pending_.reset();
        }
    }
    Outcome outcome = Outcome::sounding;
    if (!fed) {
        const bool was_fed = fed_ == context.starve_frames;
        const bool data = ready(*clip_, frames) && (!next_ || ready(*next_, frames));
        if (!begun_ || fed_ == 0 || !data) {
            // Nothing to give out here: hold the position until its block has come.
            const bool dropped = begun_ && fed_ > 0; // a bend upwards can outrun the look-ahead
            fed_ = 0;
            if (dropped)
                return Outcome::dropped;
            held_ += frames;
            const bool unheld = course_.mode == Mode::one_shot || released();
            if (kill_ > 0 || (unheld && held_ >= context.abandon_frames))
                return Outcome::ended;
            return was_fed ? Outcome::starved : Outcome::sounding;
        }
        if (was_fed)
            outcome = Outcome::starved;
    } else if (!begun_) {
        fed_ = context.starve_frames; // the onset is not ramped, however late it comes
    }

    std::int64_t positions[tick_frames];
    // Faded out before a missing block, it holds the position there.
    const int wanted = fed ? frames : static_cast<int>(std::min<std::int64_t>(frames, fed_));
    const int count = walk(positions, wanted, offset);
    const bool ended = course_.mode != Mode::loop && position_ >= clip_->frames() * one;
    // Whole vectors further on: what the last one has beyond the frames is 0.
    float first[tick_frames], second[tick_frames], gains[tick_frames];
    for (float* audio : {first, second, gains})
        std::fill_n(audio + (count & ~3), 4 * ((count & 3) != 0), 0.0f);
    if (!stereo_ && (clip_->channel_count() > 1 || (next_ && next_->channel_count() > 1))) {
        stereo_ = true;
        filter_.widen();
    }
    sound(0, table, positions, count, offset, first, context);
    if (stereo_)
        sound(1, table, positions, count, offset, second, context);
    if (next_ && (swapped_ += count) >= context.swap_frames) {
        clip_ = std::move(next_);
        next_.reset();
    }
    envelope_.render(gains, count);
    fade(positions, count, fed, gains, context);
    if (!mix(first, stereo_ ? second : first, gains, count, offset, left, right))
        return Outcome::not_a_number;
    if (ended)
        last_left = last_right = 0.0f;
    begun_ = true;
    held_ = 0;
    rendered_ += count;
    if (ended || envelope_.finished() || (kill_ > 0 && kill_left_ == 0))
        return Outcome::ended;
    return outcome;
}

} // namespace producergan
