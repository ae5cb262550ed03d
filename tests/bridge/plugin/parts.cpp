// The parts of the plugin that need neither a host nor an engine, each by itself.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "clip_code.hpp"
#include "library.hpp"
#include "scenes.hpp"

using namespace producergan;
using namespace producergan::plugin;

namespace {

int failures = 0;

void check(bool holds, const char* what) {
    if (!holds) {
        std::printf("not so: %s\n", what);
        ++failures;
    }
}

Stand at(float position) {
    Stand stand{};
    stand[0] = position;
    return stand;
}

SoundName sound(int number) {
    char text[33];
    std::snprintf(text, sizeof text, "%032x", static_cast<unsigned>(number));
    return text;
}

constexpr Place kick{0, 36, 0}, hat{1, 42, 0};

void scenes_remember_what_was_heard_where() {
    Scenes scenes;
    scenes.put(at(0.0f), {kick, 0}, sound(1));
    scenes.put(at(1.0f), {kick, 0}, sound(2));
    check(scenes.find(at(0.0f), {kick, 0}) == sound(1), "a stand's own sound is found");
    check(scenes.find(at(0.4f), {kick, 0}).empty(), "a stand that was never heard has none of its own");
    check(scenes.nearest(at(0.4f), {kick, 0}) == sound(1), "between stands the nearest counts");
    check(scenes.nearest(at(0.6f), {kick, 0}) == sound(2), "on either side");
    check(scenes.nearest(at(0.6f), {hat, 0}).empty(), "a slot that was never heard has none");
}

void turns_come_round() {
    Scenes scenes;
    for (int turn = 0; turn < 3; ++turn)
        scenes.put(at(0.0f), {hat, turn}, sound(10 + turn));
    check(scenes.nearest(at(0.0f), {hat, 2}) == sound(12), "a turn that is known is itself");
    check(scenes.nearest(at(0.0f), {hat, 7}) == sound(11), "one that is not comes round");
}

void the_stands_used_longest_ago_are_forgotten_first() {
    Scenes scenes;
    for (int i = 0; i < 10; ++i)
        scenes.put(at(static_cast<float>(i)), {kick, 0}, sound(i));
    scenes.find(at(0.0f), {kick, 0}); // used again
    scenes.prune(at(5.0f), 100, 4);
    check(scenes.stands() == 4, "so many stands are left");
    for (const float kept : {0.0f, 5.0f, 9.0f, 8.0f})
        check(!scenes.find(at(kept), {kick, 0}).empty(), "those used last, and where the hands stand");
    scenes.prune(at(5.0f), 2, 100);
    check(scenes.sounds().size() <= 2, "so many sounds are left");
    check(!scenes.find(at(5.0f), {kick, 0}).empty(), "where the hands stand most of all");
}

ClipRef noise(const SoundName& name, int channels, std::int64_t frames, double rate) {
    auto clip = std::make_shared<Clip>(new_clip_id(), channels, frames, rate, name);
    std::vector<float> audio(static_cast<std::size_t>(channels * frames));
    unsigned state = 1;
    for (float& sample : audio) {
        state = state * 1664525u + 1013904223u;
        sample = static_cast<float>(static_cast<double>(state) / 2147483648.0 - 1.0);
    }
    audio[0] = 1.0f;
    audio[1] = -1.0f;
    clip->write(0, audio.data(), frames, frames);
    return clip;
}

void a_packed_clip_is_half_a_step_off_at_the_most() {
    for (const int bits : {16, 24})
        for (const int channels : {1, 2}) {
            const ClipRef clip = noise(sound(1), channels, 20000, 22050.5);
            const StoredClip stored = pack(*clip, bits);
            const ClipRef back =
                unpack(stored.data.getData(), stored.data.getSize(), channels, 20000, 22050.5, clip->name());
            check(back != nullptr && back->name() == clip->name() && back->sample_rate() == 22050.5, "it comes back");
            if (back == nullptr)
                continue;
            float worst = 0.0f;
            for (int c = 0; c < channels; ++c)
                for (int i = 0; i < 20000; ++i)
                    worst = std::max(worst, std::abs(clip->channel(c)[i] - back->channel(c)[i]));
            const float step = 1.0f / static_cast<float>((1 << (bits - 1)) - 1);
            std::printf("%d bits, %d channels: off by %.2f steps\n", bits, channels, static_cast<double>(worst / step));
            check(worst < 0.51f * step, "by half a step at the most");
            check(unpack(stored.data.getData(), stored.data.getSize(), 3 - channels, 20000, 22050.5, "") == nullptr,
                  "as another number of channels it is none");
        }
}

void a_clip_that_is_made_anew_takes_its_place_when_it_is_whole() {
    Library library;
    library.begin(sound(1), 1, 2048, 16000.0);
    library.write(sound(1), 0, 1024, std::vector<float>(1024, 0.1f));
    check(!library.whole(sound(1)), "half a clip is not whole");
    library.begin(sound(1), 1, 2048, 16000.0);
    library.write(sound(1), 1024, 1024, std::vector<float>(1024, 0.1f));
    check(library.whole(sound(1)), "another engine goes on with it");
    const ClipRef first = library.find(sound(1));
    library.begin(sound(1), 1, 2048, 16000.0);
    library.write(sound(1), 0, 1024, std::vector<float>(1024, 0.2f));
    check(library.find(sound(1)) == first && library.whole(sound(1)), "the one before stays meanwhile");
    check(library.write(sound(1), 1024, 1024, std::vector<float>(1024, 0.2f)), "it is said that another is there");
    check(library.find(sound(1)) != first && library.find(sound(1))->channel(0)[0] == 0.2f,
          "then the new one is there");
    library.begin(sound(2), 1, 2048, 16000.0);
    library.write(sound(2), 0, 1024, std::vector<float>(1024, 0.1f));
    library.begin(sound(2), 1, 2048, 16000.0, true);
    library.write(sound(2), 1024, 1024, std::vector<float>(1024, 0.2f));
    check(!library.whole(sound(2)), "one that is made anew does not go on with what came of the one before");
    library.write(sound(2), 0, 1024, std::vector<float>(1024, 0.2f));
    check(library.whole(sound(2)) && library.find(sound(2))->channel(0)[0] == 0.2f, "and is whole by itself");
    library.keep({sound(1)});
    check(library.keep({}) == std::vector<SoundName>{sound(1)} && library.size() == 0, "what is given up is named");
}

} // namespace

int main() {
    scenes_remember_what_was_heard_where();
    turns_come_round();
    the_stands_used_longest_ago_are_forgotten_first();
    a_packed_clip_is_half_a_step_off_at_the_most();
    a_clip_that_is_made_anew_takes_its_place_when_it_is_whole();
    return failures == 0 ? 0 : 1;
}
