// A voice that is faded out, and again and faster before it is silent, goes on from the level that it has: it never
// steps up, and it ends with the shorter fade. The sampler's own fades are all as long as one another, so that this
// asks a voice itself.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "producergan/voice.hpp"

using namespace producergan;

namespace {

constexpr int frames = 20000, begin = 1000, longest = 240;

/// The frames that a voice of level 0.5 gives out, killed at `begin`, and once more `later` frames on.
std::vector<float> heard(const Resampler& resampler, int later, int shorter) {
    const auto clip = std::make_shared<Clip>(1, 1, frames, 48000.0);
    clip->write(0, std::vector<float>(frames, 0.5f).data(), frames, frames);
    const VoiceContext context{resampler, 48000.0, longest, 480, 96, 240000, 48, 0.1f};
    Voice::Start start;
    start.program = std::make_shared<Program>(std::vector<Zone>(1));
    start.clip = clip;
    Voice voice;
    voice.start(std::move(start), {}, context);
    std::vector<float> result;
    for (auto outcome = Voice::Outcome::sounding; outcome != Voice::Outcome::ended && result.size() < frames;) {
        const int frame = static_cast<int>(result.size());
        if (frame == begin)
            voice.kill(longest);
        if (frame == begin + later)
            voice.kill(shorter);
        float left[config::tick_frames] = {}, right[config::tick_frames] = {};
        outcome = voice.render(left, right, 1, frame % config::tick_frames, context);
        result.push_back(left[0]);
    }
    return result;
}

} // namespace

int main() {
    const Resampler resampler;
    int bad = 0;
    for (int later = 1; later < longest; later += 7)
        for (const int shorter : {1, 2, 7, 31, 96, 200}) {
            const std::vector<float> out = heard(resampler, later, shorter);
            const bool rises = !std::is_sorted(out.begin() + begin, out.end(), [](float a, float b) { return a > b; });
            const bool ends = static_cast<int>(out.size()) == begin + std::min(longest, later + shorter);
            if (rises || !ends || out.back() != 0.0f) {
                std::printf("a fade of %d frames, %d frames into one of %d%s\n", shorter, later, longest,
                            rises ? ": it steps up" : ": it ends at the wrong frame");
                ++bad;
            }
        }
    return bad != 0;
}
