// Presets, projects, and what the window says of what went wrong.
#include <cmath>
#include <set>

#include "window_bench.hpp"

namespace producergan::plugin::test {

namespace {

// ---- what went wrong ---------------------------------------------------------------------------------------------

void new_sounds_can_be_made_after_a_failed_bounce() {
    Bench bench;
    Session::patience_ms = 50; // the fake engine answers no bounce
    bench.processor.setNonRealtime(true);
    juce::MidiBuffer midi;
    midi.addEvent(juce::MidiMessage::noteOn(1, 40, juce::uint8{100}), 0);
    bench.play(midi);
    bench.processor.setNonRealtime(false);
    Session::patience_ms = 60'000;
    bench.settle("it is said", [&] { return bench.status().startsWith("Failed"); });
    check("new sounds can be made", bench.control("New sound").isEnabled() && bench.control("Undo").isEnabled());
    bench.mouse->click(bench.control("Put the notice away"));
    bench.settle("it was read", [&] { return bench.status().startsWith("Ready"); });
    check("and there is nothing to put away", !bench.control("Put the notice away").isVisible());
}

void a_damaged_project_is_forgotten_when_a_preset_is_chosen() {
    Bench bench;
    bench.processor.setStateInformation("rubbish", 7);
    bench.settle("it is said", [&] { return bench.status().startsWith("Failed"); });
    bench.mouse->click(bench.control("Next preset"));
    bench.settle("another preset plays", [&] { return bench.status().startsWith("Ready"); });
    bench.processor.setStateInformation("rubbish", 7);
    bench.settle("it is said again", [&] { return bench.status().startsWith("Failed"); });
    bench.mouse->click(bench.control("Put the notice away"));
    bench.settle("it was read", [&] { return bench.status().startsWith("Ready"); });
}

void the_same_notice_is_said_again() {
    Bench bench;
    auto& dismiss = bench.control("Put the notice away");
    for (int i = 0; i < 2; ++i) {
        bench.engine.say("problem", because("reason", "This is no sound."));
        bench.settle("it is said", [&] { return dismiss.isVisible() && bench.said().contains("This is no sound."); });
        bench.mouse->click(dismiss);
        check("and put away", !dismiss.isVisible());
    }
    bench.close();
    bench.open();
    bench.play();
    check("what was put away stays away", !bench.control("Put the notice away").isVisible());
    bench.engine.say("problem", because("reason", "This is none either."));
    bench.settle("another one is said", [&] { return bench.said().contains("This is none either."); });
    bench.close();
    bench.open();
    bench.play();
    check("what was not read is said again", bench.said().contains("This is none either."));
}

void an_engine_that_is_missing_is_said_where_the_keys_would_be() {
    Processor processor;
    processor.prepareToPlay(48000.0, 256);
    Window window(processor);
    check("it is starting", find(window, "Pads").getDescription().contains("starting"));
    processor.session.wake();
    wait_until("it is missing", [&] { return processor.session.status().kind == Status::Kind::missing; });
    window.poll();
    check("what is to be done is said", find(window, "Pads").getDescription().contains("PRODUCERGAN_ENGINE"));
}

// ---- presets -----------------------------------------------------------------------------------------------------

void the_arrows_step_through_the_presets() {
    Bench bench;
    bench.engine.list({{"Chromatic", "/a.toml"},
                       {"Drums", "/b.toml"},
                       {"Drums", "/copied.toml"},
                       {"Pad", "/c.toml"},
                       {"Path", "/d.toml"}});
    bench.processor.session.ask_for_presets();
    bench.settle("the list comes", [&] {
        return bench.processor.session.presets().size() == 5 && bench.processor.session.presets()[0].path == "/a.toml";
    });
    const auto opened = [&](const char* path) {
        bench.settle(path, [&] { return bench.engine.last("open")["name"] == juce::var(path); });
        bench.settle("it plays", [&] { return bench.status().startsWith("Ready"); });
    };
    bench.mouse->click(bench.control("Next preset"));
    opened("/copied.toml");
    bench.mouse->click(bench.control("Next preset"));
    opened("/c.toml");
    bench.settle("its name is shown", [&] { return has(bench.window(), "Preset: Pad"); });
    bench.mouse->click(bench.control("Preset before"));
    opened("/copied.toml");
    bench.mouse->click(bench.control("Preset before"));
    opened("/b.toml");
    for (int i = 0; i < 3; ++i) // while they load
        bench.mouse->click(bench.control("Next preset"));
    opened("/d.toml");
    const int before = bench.engine.heard("open");
    bench.mouse->click(bench.control("Next preset"));
    for (int i = 0; i < 10; ++i)
        bench.play();
    check("behind the last there is none", bench.engine.heard("open") == before);
}

void the_present_preset_can_be_chosen_again() {
    Bench bench;
    bench.settle("the list is there", [&] { return !bench.processor.session.presets().empty(); });
    const int before = bench.engine.heard("open");
    bench.mouse->click(bench.control("Preset: "));
    wait_until("the menu opens", [] { return juce::Component::getNumCurrentlyModalComponents() > 0; });
    auto* menu = juce::Component::getCurrentlyModalComponent();
    for (int i = 0; i < 2; ++i) // Chromatic, Drums
        menu->keyPressed(juce::KeyPress(juce::KeyPress::downKey));
    menu->keyPressed(return_key);
    bench.settle("it is opened again", [&] {
        return bench.engine.heard("open") > before &&
               bench.engine.last("open")["name"] == juce::var("/presets/Drums.toml");
    });
}

void the_window_says_under_which_licence_it_is() {
    Bench bench;
    bench.mouse->click(bench.control("Preset: "));
    wait_until("the menu opens", [] { return juce::Component::getNumCurrentlyModalComponents() > 0; });
    auto* menu = juce::Component::getCurrentlyModalComponent();
    menu->keyPressed(juce::KeyPress(juce::KeyPress::upKey)); // the last
    menu->keyPressed(return_key);
    bench.settle("it does", [&] { return bench.said().contains("GPL, version 3"); });
}

// ---- projects ----------------------------------------------------------------------------------------------------

void a_state_puts_back_what_it_says_nothing_of() {
    Bench bench;
    juce::MemoryBlock state;
    bench.processor.getStateInformation(state);
    auto& parameters = bench.processor.parameters;
    HostParameter& gain = bench.sampler(Scope::zone);
    const float own = gain.getValue();
    for (HostParameter* parameter : {parameters.morph[0], parameters.morph[1], parameters.bypass, &gain})
        parameter->setValueNotifyingHost(1.0f);
    bench.play();
    gain.setValueNotifyingHost(0.9f); // not heard yet
    bench.processor.setStateInformation(state.getData(), static_cast<int>(state.getSize()));
    for (int i = 0; i < 3; ++i)
        bench.play();
    for (const HostParameter* parameter : {parameters.morph[0], parameters.morph[1], parameters.bypass})
        check("they rest", parameter->getValue() == parameter->getDefaultValue() && !parameter->taken_over());
    check("the preset's value counts", std::abs(gain.getValue() - own) < 1e-4f && !gain.taken_over());
}

void a_kept_size_fits_the_screen() {
    Bench bench({drums()}, {2600, 1700});
    check("no larger than the screen", bench.window().getWidth() <= 1700 && bench.window().getHeight() <= 1100);
}

void waves_grow_with_what_comes() {
    const auto audio_of = [] {
        std::vector<float> samples(3 * 5000);
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] = std::sin(static_cast<float>(i) * 0.37f) * static_cast<float>(i % 977) / 977.0f;
        return samples;
    }();
    constexpr int frames = 5000; // its last block is not full
    for (const int channels : {1, 2}) {
        auto clip = std::make_shared<Clip>(new_clip_id(), channels, frames, 48000.0, "");
        PeakCache growing, whole;
        check("nothing has no peaks", growing.of(clip) == nullptr);
        for (const int block : {3, 0, 4, 1, 2}) {
            const int start = block * config::block_frames;
            clip->write(start, audio_of.data() + start, std::min(frames - start, config::block_frames), frames);
            check("a block counts", growing.of(clip) != nullptr);
        }
        std::vector<float> low(Peaks::count), high(Peaks::count);
        for (int i = 0; i < frames; ++i)
            for (int c = 0; c < channels; ++c) {
                const auto piece = static_cast<std::size_t>(i * Peaks::count / frames);
                const float sample = clip->channel(c)[i];
                low[piece] = std::min(low[piece], sample);
                high[piece] = std::max(high[piece], sample);
            }
        for (const Peaks* peaks : {growing.of(clip), whole.of(clip)})
            check("they are the lowest and the highest",
                  std::equal(low.begin(), low.end(), peaks->low.begin()) &&
                      std::equal(high.begin(), high.end(), peaks->high.begin()) && peaks->ready == clip->blocks());
    }
}

} // namespace

HandChecks choosing() {
    return {
        PRODUCERGAN_CHECK(new_sounds_can_be_made_after_a_failed_bounce),
        PRODUCERGAN_CHECK(a_damaged_project_is_forgotten_when_a_preset_is_chosen),
        PRODUCERGAN_CHECK(the_same_notice_is_said_again),
        PRODUCERGAN_CHECK(an_engine_that_is_missing_is_said_where_the_keys_would_be),
        PRODUCERGAN_CHECK(the_arrows_step_through_the_presets),
        PRODUCERGAN_CHECK(the_present_preset_can_be_chosen_again),
        PRODUCERGAN_CHECK(the_window_says_under_which_licence_it_is),
        PRODUCERGAN_CHECK(a_state_puts_back_what_it_says_nothing_of),
        PRODUCERGAN_CHECK(a_kept_size_fits_the_screen),
        PRODUCERGAN_CHECK(waves_grow_with_what_comes),
    };
}

} // namespace producergan::plugin::test
