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

    mode_ = static_cast<Mode>(static_cast<int>(zone.get(ZoneParam::mode)));
    reverse_ = zone.get(ZoneParam::reverse) >= 0.5f;
    const std::int64_t frames = clip_->frames();
    const auto first = static_cast<std::int64_t>(zone.get(ZoneParam::start) * static_cast<float>(frames));
    const std::int64_t left_out = seconds_to_frames(humanised_.seconds, clip_->sample_rate());
    position_ = std::clamp<std::int64_t>(first + left_out, 0, frames - 1) * one;
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
    if (mode_ == Mode::one_shot)
        return;
    envelope_.release(factor);
    filter_.release(factor);
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
           ready(std::max<std::int64_t>(0, std::max(from, loop_end_ - loop_fade_) - length), to - length);
}

int Voice::walk(std::int64_t* positions, int frames, int offset) noexcept {
    const std::int64_t slope = (step_to_ - step_from_) / tick_frames;
    const std::int64_t end = mode_ == Mode::loop ? loop_end_ * one : clip_->frames() * one;
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
        if (mode_ != Mode::loop)
            return i + 1;
        while (position_ >= end)
            position_ -= (loop_end_ - loop_start_) * one;
    }
    return frames;
}

bool Voice::may_fade_loop(const std::int64_t* positions, int count) const noexcept {
    const std::int64_t last = positions[count - 1];
    return mode_ == Mode::loop && loop_fade_ > 0 && (last > (loop_end_ - loop_fade_) * one || last < positions[0]);
}

void Voice::read(const Clip& clip, int channel, const Resampler::Table& table, const std::int64_t* positions, int count,
                 float* out) const noexcept {
    const float* source = clip.channel(std::min(channel, clip.channel_count() - 1));
    const auto read_at = [&](const std::int64_t* where, float* to) {
        std::int64_t physical[tick_frames];
        for (int i = 0; i < count; ++i)
            physical[i] = reverse_ ? (clip.frames() - 1) * one - where[i] : where[i];
        Resampler::read(table, source, physical, count, [to](int i, float value) { to[i] = value; });
    };
    read_at(positions, out);
    if (!may_fade_loop(positions, count))
        return;
    const std::int64_t begin = (loop_end_ - loop_fade_) * one, length = (loop_end_ - loop_start_) * one;
    std::int64_t before[tick_frames];
    for (int i = 0; i < count; ++i)
        before[i] = positions[i] > begin ? positions[i] - length : positions[i];
    float earlier[tick_frames];
    read_at(before, earlier);
    for (int i = 0; i < count; ++i) {
        const auto into = static_cast<double>(std::max<std::int64_t>(0, positions[i] - begin));
        out[i] += static_cast<float>(into / static_cast<double>(loop_fade_ * one)) * (earlier[i] - out[i]);
    }
}

void Voice::sound(int channel, const Resampler::Table& table, const std::int64_t* positions, int count, int offset,
                  float* out, const VoiceContext& context) noexcept {
    if (filter_.on() && !next_ && !reverse_ && !may_fade_loop(positions, count)) {
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
    if (mode_ != Mode::loop && end - positions[count - 1] < end_fade_ * one)
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

    std::int64_t positions[tick_frames];
    // Faded out before a missing block, it holds the position there.
    const int wanted = fed ? frames : static_cast<int>(std::min<std::int64_t>(frames, fed_));
    const int count = walk(positions, wanted, offset);
    const bool ended = mode_ != Mode::loop && position_ >= clip_->frames() * one;
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
    rendered_ += count;
    if (ended || envelope_.finished() || (kill_ > 0 && kill_left_ == 0))
        return Outcome::ended;
    return outcome;
}

} // namespace producergan
