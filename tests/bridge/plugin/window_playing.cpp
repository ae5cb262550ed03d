// What is struck and held in the window, and what is heard of it.
#include <cmath>
#include <set>

#include "window_bench.hpp"

namespace producergan::plugin::test {

namespace {

// ---- what is held is let go --------------------------------------------------------------------------------------

void a_held_pad_is_let_go_when_the_window_closes() {
    Bench bench(loops());
    bench.mouse->press(bench.control("Pad C2, key 36"));
    bench.settle("it sounds", [&] { return bench.held(); });
    bench.close();
    bench.settle("it is let go", [&] { return !bench.held(); });
}

void a_held_wave_is_let_go_when_the_window_closes() {
    Bench bench(loops());
    bench.mouse->press(bench.control("Sound of"));
    bench.settle("it sounds", [&] { return bench.held(); });
    bench.close();
    bench.settle("it is let go", [&] { return !bench.held(); });
}

void a_held_key_is_let_go_when_the_window_closes() {
    Bench bench(tones());
    auto& keyboard = bench.control("Keyboard");
    bench.mouse->press(
        keyboard, {static_cast<float>(keyboard.getWidth()) / 2.0f, static_cast<float>(keyboard.getHeight()) - 8.0f});
    bench.settle("it sounds", [&] { return bench.held(); });
    bench.close();
    bench.settle("it is let go", [&] { return !bench.held(); });
}

void a_held_key_is_let_go_when_another_preset_comes() {
    Bench bench(tones());
    auto& keyboard = bench.control("Keyboard");
    bench.mouse->press(
        keyboard, {static_cast<float>(keyboard.getWidth()) / 2.0f, static_cast<float>(keyboard.getHeight()) - 8.0f});
    bench.settle("it sounds", [&] { return bench.held(); });
    bench.engine.change(path());
    bench.processor.choose("/presets/Path.toml");
    bench.settle("the other preset comes", [&] { return has(bench.window(), "Preset: Path"); });
    bench.mouse->release();
    bench.settle("it is let go", [&] { return !bench.held(); });
}

// ---- what is struck ----------------------------------------------------------------------------------------------

void a_quick_click_strikes_once() {
    for (const char* control : {"Pad C2, key 36", "Sound of"}) {
        Bench bench(loops());
        bench.mouse->click(bench.control(control)); // before it was painted
        std::set<std::uint64_t> struck;
        const auto end = juce::Time::getMillisecondCounter() + 250; // longer than a button flashes
        while (juce::Time::getMillisecondCounter() < end) {
            bench.play();
            for (const VoiceReport& voice : bench.voices())
                struck.insert(voice.voice);
            pump_for(5);
        }
        check("it was struck", !struck.empty());
        check("and once", struck.size() == 1);
        check("and let go", !bench.held());
    }
}

void a_preset_that_hears_one_channel_is_heard() {
    Bench bench(loops(10));
    bench.mouse->press(bench.control("Pad C2, key 36"));
    bench.settle("it sounds", [&] { return bench.held(); });
    check("it is the last key", bench.processor.rig.last_key() == 36);
    bench.mouse->release();
    bench.settle("and is let go", [&] { return !bench.held(); });
}

void what_is_struck_while_no_host_plays_does_not_pile_up() {
    Bench bench(loops());
    Processor::silence_ms = 0; // from one look to the next
    bench.processor.strike(36, 0);
    pump_for(2);
    for (int i = 0; i < 40; ++i) {
        bench.mouse->click(bench.control("Pad C2, key 36"));
        pump_for(2);
    }
    check("the window says why nothing is heard", bench.said().contains("The host is not playing audio"));
    Processor::silence_ms = 300;
    bench.play();
    check("nothing sounds when it plays again", bench.voices().empty());
}

void what_waits_is_over_when_the_host_prepares() {
    Bench bench(loops());
    bench.mouse->press(bench.control("Pad C2, key 36"));
    bench.processor.prepareToPlay(48000.0, 256);
    bench.play();
    check("nothing sounds", bench.voices().empty());
    bench.mouse->release();
}

void a_click_within_one_block_is_heard() {
    Bench bench(loops());
    bench.mouse->click(bench.control("Pad C2, key 36"));
    bench.play();
    check("the first block plays it", bench.held());
    bench.play();
    check("the next one lets it go", !bench.held());
}

void a_bounce_has_no_strikes_of_the_window() {
    Bench bench(loops());
    bench.mouse->press(bench.control("Pad C2, key 36")); // heard by no block yet
    Session::patience_ms = 50;                           // the fake engine answers no bounce
    bench.processor.setNonRealtime(true);
    bench.play();
    check("nothing sounds in the bounce", bench.voices().empty());
    bench.mouse->release();
    bench.mouse->press(bench.control("Pad C2, key 36"));
    bench.play();
    check("nothing that is struck meanwhile", bench.voices().empty());
    check("and it is said", bench.said().contains("bouncing"));
    bench.mouse->release();
}

void the_piano_is_played_and_glided_over() {
    Bench bench(tones());
    auto& keyboard = bench.control("Keyboard");
    const float bottom = static_cast<float>(keyboard.getHeight()) - 4.0f,
                width = static_cast<float>(keyboard.getWidth());
    bench.mouse->press(keyboard, {2.0f, bottom});
    bench.settle("the lowest key sounds", [&] { return bench.processor.rig.last_key() == 36 && bench.held(); });
    bench.mouse->move(keyboard, {width - 2.0f, bottom});
    bench.settle("the mouse glides to the highest", [&] { return bench.processor.rig.last_key() == 96; });
    bench.settle("which alone is held", [&] {
        const auto all = bench.voices();
        return std::all_of(all.begin(), all.end(),
                           [](const VoiceReport& voice) { return voice.released == (voice.key != 96); });
    });
    bench.mouse->release();
    bench.settle("and let go", [&] { return !bench.held(); });
}

void the_wave_plays_the_layer_that_it_shows() {
    Bench bench(loops());
    for (int step = 0; step < 6; ++step) {
        bench.mouse->click(bench.control("Next sound"));
        bench.settle("all is quiet", [&] { return bench.voices().empty(); });
        bench.mouse->press(bench.control("Sound of"));
        bench.settle("it sounds", [&] { return bench.held(); });
        const int shown = (4 + step + 1) % 6; // of three layers of two; an ordinary stroke plays the third
        check("in the layer that is shown", bench.voices().front().variant / 2 == shown / 2);
        bench.mouse->release();
        bench.settle("it is let go", [&] { return !bench.held(); });
        bench.mouse->click(bench.control("Copy sound"));
        bench.settle("and that very sound is copied", [&] {
            return bench.engine.heard("copy") == step + 1 &&
                   static_cast<int>(bench.engine.last("copy")["variant"]) == shown;
        });
    }
}

void a_bypassed_plugin_is_silent() {
    Bench bench(loops());
    HostParameter& bypass = *bench.processor.parameters.bypass;
    bypass.setValueNotifyingHost(1.0f);
    bench.mouse->press(bench.control("Pad C2, key 36"));
    bench.play();
    check("nothing sounds", bench.voices().empty());
    bench.mouse->release();
    bypass.setValueNotifyingHost(0.0f);
    bench.mouse->press(bench.control("Pad C2, key 36"));
    bench.settle("it sounds again", [&] { return bench.held(); });
    bench.mouse->release();
}

} // namespace

HandChecks playing() {
    return {
        PRODUCERGAN_CHECK(a_held_pad_is_let_go_when_the_window_closes),
        PRODUCERGAN_CHECK(a_held_wave_is_let_go_when_the_window_closes),
        PRODUCERGAN_CHECK(a_held_key_is_let_go_when_the_window_closes),
        PRODUCERGAN_CHECK(a_held_key_is_let_go_when_another_preset_comes),
        PRODUCERGAN_CHECK(a_quick_click_strikes_once),
        PRODUCERGAN_CHECK(a_preset_that_hears_one_channel_is_heard),
        PRODUCERGAN_CHECK(what_is_struck_while_no_host_plays_does_not_pile_up),
        PRODUCERGAN_CHECK(what_waits_is_over_when_the_host_prepares),
        PRODUCERGAN_CHECK(a_click_within_one_block_is_heard),
        PRODUCERGAN_CHECK(a_bounce_has_no_strikes_of_the_window),
        PRODUCERGAN_CHECK(the_piano_is_played_and_glided_over),
        PRODUCERGAN_CHECK(the_wave_plays_the_layer_that_it_shows),
        PRODUCERGAN_CHECK(a_bypassed_plugin_is_silent),
    };
}

} // namespace producergan::plugin::test
