#include "producergan/course.hpp"

#include <algorithm>
#include <cmath>

namespace producergan {

bool Course::ready(const Clip& clip, std::int64_t from, std::int64_t frames, int half) const noexcept {
    const std::int64_t last = clip.frames() - 1;
    const std::int64_t to = from + frames;
    const auto there = [&](std::int64_t low, std::int64_t high) {
        low -= half;
        high += half;
        return reverse ? clip.ready(last - high, last - low) : clip.ready(low, high);
    };
    if (mode != Mode::loop || to < loop_end - loop_fade)
        return there(from, to);
    const std::int64_t length = loop_end - loop_start;
    if (to - from >= length)
        return there(std::min(from, loop_start - loop_fade), loop_end);
    return there(from, std::min(to, loop_end)) &&
           there(std::max<std::int64_t>(0, std::max(from, loop_end - loop_fade) - length), to - length);
}

Course first_course(const Zone& zone, std::int64_t frames, double rate, double left_out) noexcept {
    const auto share = [&](ZoneParam id) {
        return std::llround(static_cast<double>(zone.get(id)) * static_cast<double>(frames));
    };
    Course course;
    course.mode = static_cast<Mode>(static_cast<int>(zone.get(ZoneParam::mode)));
    course.reverse = zone.get(ZoneParam::reverse) >= 0.5f;
    const auto first = static_cast<std::int64_t>(zone.get(ZoneParam::start) * static_cast<float>(frames));
    course.start = std::clamp<std::int64_t>(first + std::llround(left_out * rate), 0, frames - 1);
    course.loop_end = std::clamp<std::int64_t>(share(ZoneParam::loop_end), 1, frames);
    course.loop_start = std::clamp<std::int64_t>(share(ZoneParam::loop_start), 0, course.loop_end - 1);
    if (course.loop_end - course.loop_start < std::min<std::int64_t>(64, frames)) { // too short to be a loop: widen it
        course.loop_start = std::max<std::int64_t>(0, course.loop_end - 64);
        course.loop_end = std::min(frames, course.loop_start + 64);
    }
    const std::int64_t length = course.loop_end - course.loop_start;
    const std::int64_t fade = std::llround(static_cast<double>(zone.get(ZoneParam::loop_crossfade)) * rate);
    course.loop_fade = std::min({fade, course.loop_start, length});
    if (course.mode == Mode::loop && course.start >= course.loop_end) // behind the loop's end there is only the loop
        course.start = course.loop_start + (course.start - course.loop_start) % length;
    return course;
}

} // namespace producergan
