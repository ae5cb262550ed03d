#include "producergan/voice.hpp"

#include <algorithm>
#include <cmath>

namespace producergan {

namespace {

constexpr std::int64_t one = Resampler::one;
constexpr int tick_frames = config::tick_frames;

std::int64_t seconds_to_frames(double seconds, double rate) noexcept { return std::llround(seconds * rate); }

float toward(float from, float target, float share) noexcept {
    const float moved = from + (target - from) * share;
    return std::abs(target - moved) < 1e-6f ? target : moved;
}

} // namespace

void Voice::start(Start&& start, const VoiceTargets& targets, const VoiceContext& context) noexcept {
    origin_ = std::move(start);
    clip_ = std::move(origin_.clip); // not kept there: after a swap it is to be freed
    next_.reset();
    pending_.reset();
    const Zone& zone = this->zone();
    const auto seconds = [&](ZoneParam id) { return seconds_to_frames(zone.get(id), context.sample_rate); };

    mode_ = static_cast<Mode>(static_cast<int>(zone.get(ZoneParam::mode)));
    reverse_ = zone.get(ZoneParam::reverse) >= 0.5f;
    const std::int64_t frames = clip_->frames();
    const auto first = static_cast<std::int64_t>(zone.get(ZoneParam::start) * static_cast<float>(frames));
    position_ = std::clamp<std::int64_t>(first, 0, frames - 1) * one;
    loop_start_ = std::llround(static_cast<double>(zone.get(ZoneParam::loop_start)) * static_cast<double>(frames));
    loop_end_ = std::llround(static_cast<double>(zone.get(ZoneParam::loop_end)) * static_cast<double>(frames));
    loop_end_ = std::clamp<std::int64_t>(loop_end_, 1, frames);
    loop_start_ = std::clamp<std::int64_t>(loop_start_, 0, loop_end_ - 1);
    if (loop_end_ - loop_start_ < std::min<std::int64_t>(64, frames)) { // too short to be a loop: widen it
        loop_start_ = std::max<std::int64_t>(0, loop_end_ - 64);
        loop_end_ = std::min(frames, loop_start_ + 64);
    }
    loop_fade_ = std::min({seconds_to_frames(zone.get(ZoneParam::loop_crossfade), clip_->sample_rate()), loop_start_,
                           loop_end_ - loop_start_});
    if (mode_ == Mode::loop && position_ >= loop_end_ * one) // behind the loop's end there is only the loop
        position_ = loop_start_ * one + (position_ - loop_start_ * one) % ((loop_end_ - loop_start_) * one);
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

    left_from_ = left_to_ = targets.left;
    right_from_ = right_to_ = targets.right;
    semitones_ = targets.semitones;
    glide_.start(origin_.glide, origin_.glide_ticks);
    step_from_ = step_to_ = step_for(semitones_ + glide_.semitones(), context);

    active = true;
    dying = false;
    begun_ = false;
    rendered_ = swapped_ = kill_left_ = kill_ = 0;
    fade_in_ = fade_in_left_ = position_ > 0 || reverse_ ? context.start_frames : 0;
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
    if (mode_ != Mode::one_shot)
        envelope_.release(factor);
}

void Voice::kill(std::int64_t frames) noexcept {
    if (dying && kill_left_ <= frames)
        return;
    dying = true;
    kill_ = kill_left_ = frames;
}

void Voice::clear() noexcept {
    active = dying = false;
    clip_.reset();
    next_.reset();
    pending_.reset();
    origin_.program.reset();
}

std::int64_t Voice::step_for(double semitones, const VoiceContext& context) const noexcept {
    const double ratio = clip_->sample_rate() / context.sample_rate * semitone_ratio(origin_.semitones + semitones);
    return std::llround(std::clamp(ratio, config::min_ratio, config::max_ratio) * static_cast<double>(one));
}

void Voice::tick(const VoiceTargets& targets, const VoiceContext& context) noexcept {
    level_ = tick_peak_;
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
}

bool Voice::ready_ahead(const Clip& clip, std::int64_t source_frames, int half) const noexcept {
    const std::int64_t last = clip.frames() - 1;
    const std::int64_t from = position_ / one;
    const std::int64_t to = from + source_frames;
    const auto ready = [&](std::int64_t low, std::int64_t high) {
        low -= half;
        high += half;
        return reverse_ ? clip.ready(last - high, last - low) : clip.ready(low, high);
    };
    if (mode_ != Mode::loop || to < loop_end_ - loop_fade_)
        return ready(from, to);
    const std::int64_t length = loop_end_ - loop_start_;
    if (to - from >= length)
        return ready(std::min(from, loop_start_ - loop_fade_), loop_end_);
    return ready(from, std::min(to, loop_end_)) &&
           ready(std::max<std::int64_t>(0, std::min(from, loop_end_ - loop_fade_) - length), to - length);
}

void Voice::read(const Clip& clip, const Resampler::Table& table, std::int64_t position, float& left,
                 float& right) const noexcept {
    // Outside the clip is silence; the taps reach into the padding for positions next to the edges.
    if (position <= -Clip::pad / 2 * one || position >= (clip.frames() + Clip::pad / 2) * one) {
        left = right = 0.0f;
        return;
    }
    const std::int64_t physical = reverse_ ? (clip.frames() - 1) * one - position : position;
    left = Resampler::at(table, clip.channel(0), physical);
    right = clip.channel_count() > 1 ? Resampler::at(table, clip.channel(1), physical) : left;
}

void Voice::read_looped(const Clip& clip, const Resampler::Table& table, std::int64_t position, float& left,
                        float& right) const noexcept {
    read(clip, table, position, left, right);
    if (mode_ != Mode::loop || loop_fade_ == 0)
        return;
    const std::int64_t into = position - (loop_end_ - loop_fade_) * one;
    if (into <= 0)
        return;
    const float share = static_cast<float>(static_cast<double>(into) / static_cast<double>(loop_fade_ * one));
    float earlier_left, earlier_right;
    read(clip, table, position - (loop_end_ - loop_start_) * one, earlier_left, earlier_right);
    left += share * (earlier_left - left);
    right += share * (earlier_right - right);
}

Voice::Outcome Voice::render(float* left, float* right, int frames, int offset, const VoiceContext& context) noexcept {
    const std::int64_t step_slope = (step_to_ - step_from_) / tick_frames;
    const std::int64_t widest = std::max(step_from_, step_to_);
    const auto& table = context.resampler.table(static_cast<double>(widest) / static_cast<double>(one));
    const int half = table.half;
    const auto source_frames = [&](std::int64_t output) { return widest * output / one + 1; };

    // What may sound: is the present clip there as far as the next fade reaches, and is a new one waiting?
    const bool fed = ready_ahead(*clip_, source_frames(frames + context.starve_frames), half) &&
                     (!next_ || ready_ahead(*next_, source_frames(frames + context.starve_frames), half));
    if (pending_ && !next_ && offset == 0) { // on the grid, so that it does not depend on the block size
        const bool silent = !begun_ || fed_ == 0;
        if (ready_ahead(*pending_,
                        source_frames(tick_frames + context.starve_frames + (silent ? 0 : context.swap_frames)),
                        half)) {
            if (silent && !fed)
                clip_ = std::move(pending_); // nothing sounds: no need to fade
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
        const bool data = ready_ahead(*clip_, source_frames(frames), half) &&
                          (!next_ || ready_ahead(*next_, source_frames(frames), half));
        if (!begun_ || fed_ == 0 || !data) {
            // Nothing to give out here: hold the position until its block has come.
            const bool dropped = begun_ && fed_ > 0; // a bend upwards can outrun the look-ahead
            fed_ = 0;
            if (dropped)
                return Outcome::dropped;
            if (kill_ > 0)
                return Outcome::ended;
            return was_fed ? Outcome::starved : Outcome::sounding;
        }
        if (was_fed)
            outcome = Outcome::starved;
    } else if (!begun_) {
        fed_ = context.starve_frames; // the onset is not ramped, however late it comes
    }

    float levels[tick_frames];
    envelope_.render(levels, frames);
    const float slope_left = (left_to_ - left_from_) / tick_frames,
                slope_right = (right_to_ - right_from_) / tick_frames;
    const bool plain_fades = fade_in_left_ == 0 && kill_ == 0 && fed && fed_ == context.starve_frames;
    const std::int64_t end = clip_->frames() * one;
    float peak = 0.0f, sum = 0.0f;
    bool ended = false;
    float out_left[tick_frames], out_right[tick_frames];
    int given = 0;
    for (int i = 0; i < frames; ++i) {
        float l, r;
        read_looped(*clip_, table, position_, l, r);
        if (next_) {
            float l2, r2;
            read_looped(*next_, table, position_, l2, r2);
            const float share = static_cast<float>(++swapped_) / static_cast<float>(context.swap_frames);
            l += share * (l2 - l);
            r += share * (r2 - r);
            if (swapped_ >= context.swap_frames) {
                clip_ = std::move(next_);
                next_.reset();
            }
        }
        float gain = levels[i] * origin_.velocity_gain;
        if (mode_ != Mode::loop && end - position_ < end_fade_ * one)
            gain *= static_cast<float>(static_cast<double>(end - position_) / static_cast<double>(end_fade_ * one));
        if (!plain_fades) {
            if (fade_in_left_ > 0)
                gain *= 1.0f - static_cast<float>(fade_in_left_--) / static_cast<float>(fade_in_);
            if (kill_ > 0)
                gain *= static_cast<float>(kill_left_ > 0 ? --kill_left_ : 0) / static_cast<float>(kill_);
            fed_ = std::clamp<std::int64_t>(fed_ + (fed ? 1 : -1), 0, context.starve_frames);
            gain *= static_cast<float>(fed_) / static_cast<float>(context.starve_frames);
        }
        const int place = offset + i;
        l *= gain * (left_from_ + slope_left * static_cast<float>(place));
        r *= gain * (right_from_ + slope_right * static_cast<float>(place));
        out_left[i] = l;
        out_right[i] = r;
        peak = std::max({peak, std::abs(l), std::abs(r)});
        sum += std::abs(l) + std::abs(r);
        ++given;
        position_ += step_from_ + step_slope * place;
        if (mode_ == Mode::loop) {
            const std::int64_t length = (loop_end_ - loop_start_) * one;
            while (position_ >= loop_end_ * one)
                position_ -= length;
        } else if (position_ >= end) {
            ended = true;
            break;
        }
        if (!plain_fades && !fed && fed_ == 0)
            break; // faded out: hold the position here
    }
    if (!(sum < 1e9f)) // no sound: not a number, infinite, or on its way there
        return Outcome::not_a_number;
    for (int i = 0; i < given; ++i) {
        left[i] += out_left[i];
        right[i] += out_right[i];
    }
    last_left = ended ? 0.0f : out_left[given - 1];
    last_right = ended ? 0.0f : out_right[given - 1];
    begun_ = true;
    rendered_ += given;
    tick_peak_ = std::max(tick_peak_, peak);
    if (ended || envelope_.finished() || (kill_ > 0 && kill_left_ == 0))
        return Outcome::ended;
    return outcome;
}

} // namespace producergan
