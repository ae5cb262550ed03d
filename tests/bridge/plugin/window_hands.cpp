// What a player does with the window by mouse and keys, and what becomes of it: each check by itself, with a fake
// engine.
#include "window_hands.hpp"

#include <cmath>
#include <map>
#include <set>

#include "json.hpp"
#include "window_checks.hpp"
#include "window_mouse.hpp"
#include "window_screen.hpp"

namespace producergan::plugin::test {

namespace {

const juce::KeyPress space(juce::KeyPress::spaceKey), return_key(juce::KeyPress::returnKey),
    backspace(juce::KeyPress::backspaceKey);

juce::KeyPress with(int modifier, int key) { return {key, juce::ModifierKeys(modifier), 0}; }

struct Gestures : juce::AudioProcessorListener {
    int begun = 0, ended = 0;
    void audioProcessorParameterChanged(juce::AudioProcessor*, int, float) override {}
    void audioProcessorChanged(juce::AudioProcessor*, const ChangeDetails&) override {}
    void audioProcessorParameterChangeGestureBegin(juce::AudioProcessor*, int) override { ++begun; }
    void audioProcessorParameterChangeGestureEnd(juce::AudioProcessor*, int) override { ++ended; }
};

/// A plugin that plays a preset, with its window open on the screen.
struct Bench {
    explicit Bench(FakePreset preset = drums(), juce::Point<int> size = {980, 640}) : engine(std::move(preset)) {
        juce::Desktop::setMousePosition({1699, 1099}); // the true one is out of the way
        processor.prepareToPlay(48000.0, 256);
        processor.addListener(&gestures);
        processor.set_window_size(size);
        open();
        settle("the preset comes", [&] { return processor.session.status().kind == Status::Kind::ready; });
    }
    ~Bench() {
        close();
        processor.removeListener(&gestures);
    }

    void open() {
        editor.reset(processor.createEditor());
        editor->setTopLeftPosition(0, 0);
        editor->addToDesktop(0);
        editor->setVisible(true);
        editor->toFront(true);
        mouse = std::make_unique<Mouse>(*editor);
        int looks = 0;
        wait_until("the window has the keyboard", [&] { // and JUCE has heard of it, or menus close at once
            if (editor->getPeer()->isFocused() && juce::Process::isForegroundProcess())
                return true;
            if (++looks % 25 == 0) { // what the window manager did meanwhile may have passed JUCE by
                take_focus_from_all();
                editor->toFront(true);
            }
            return false;
        });
    }

    void close() {
        if (editor != nullptr)
            processor.editorBeingDeleted(editor.get());
        editor.reset();
    }

    Window& window() { return dynamic_cast<Window&>(*editor); }

    /// Plays and looks until something is so.
    void settle(const char* what, const std::function<bool()>& so) {
        wait_until(what, [&] {
            play();
            return so();
        });
    }

    void play(const juce::MidiBuffer& midi = {}) {
        play_block(processor, midi);
        if (editor != nullptr)
            window().poll();
    }

    std::vector<VoiceReport> voices() const {
        std::vector<VoiceReport> found;
        processor.rig.sampler.snapshot().read(found);
        return found;
    }

    bool held() const { // something sounds that nobody has let go of
        const auto all = voices();
        return std::any_of(all.begin(), all.end(), [](const VoiceReport& voice) { return !voice.released; });
    }

    juce::Component& control(const juce::String& title) { return find(window(), title); }
    juce::String status() { return control("Status").getDescription(); }
    juce::String said() { return dynamic_cast<juce::SettableTooltipClient&>(control("Status")).getTooltip(); }

    HostParameter& sampler(Scope scope) { // one of the sampler's parameters that is a knob
        for (HostParameter* parameter : processor.parameters.sampler)
            if (parameter->row().scope == scope && parameter->row().curve == "linear")
                return *parameter;
        std::abort();
    }

    FakeEngine engine;
    Processor processor;
    Gestures gestures;
    std::unique_ptr<juce::AudioProcessorEditor> editor;
    std::unique_ptr<Mouse> mouse;
};

juce::var because(const char* field, const char* sentence) { return object({{field, sentence}}); }

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

// ---- keys that are the host's -------------------------------------------------------------------------------------

void a_click_beside_the_controls_leaves_the_host_its_keys() {
    Bench bench;
    const auto neutral = [&](const char* what) {
        check(what, juce::Component::getCurrentlyFocusedComponent() == &bench.window());
        for (const auto& key : {space, return_key, with(juce::ModifierKeys::ctrlModifier, juce::KeyPress::leftKey)})
            check("space, Return and others are the host's", !type(bench.window(), key));
    };
    auto& first = bench.control("Pad B1, key 35");
    bench.mouse->press(*first.getParentComponent(), first.getBounds().getTopRight().toFloat().translated(3.0f, 20.0f));
    bench.mouse->release();
    neutral("a click between pads");
    auto& card = *first.getParentComponent()->getParentComponent();
    bench.mouse->press(card, {20.0f, 20.0f});
    bench.mouse->release();
    neutral("a click on a heading");
    bench.mouse->click(first);
    neutral("a click on a pad");
    bench.mouse->click(bench.control("Status"));
    neutral("a click on the status");
    for (const HostParameter* parameter : bench.processor.parameters.sampler)
        if (parameter->row().curve == "choice") {
            auto& box = bench.control(parameter->getName(64));
            bench.mouse->click(box);
            wait_until("its menu opens", [] { return juce::Component::getNumCurrentlyModalComponents() > 0; });
            juce::PopupMenu::dismissAllActiveMenus();
            wait_until("its menu closes", [] { return juce::Component::getNumCurrentlyModalComponents() == 0; });
            check("a click on a choice", !box.hasKeyboardFocus(true));
            break;
        }
}

void keys_with_modifiers_are_the_hosts() {
    for (const FakePreset& preset : {drums(), path()}) {
        Bench bench(preset, {1500, 980}); // the morph pad has its place
        std::vector<juce::String> titles{"Preset: ", "Sound of"};
        titles.push_back(has(bench.window(), "Keyboard") && bench.control("Keyboard").isShowing() ? "Keyboard"
                                                                                                  : "Pad B1");
        if (bench.control("Morph pad").isShowing())
            titles.push_back("Morph pad");
        for (const juce::String& title : titles)
            for (const int modifier :
                 {juce::ModifierKeys::ctrlModifier, juce::ModifierKeys::altModifier, juce::ModifierKeys::shiftModifier})
                for (const int key : {juce::KeyPress::spaceKey, juce::KeyPress::returnKey, juce::KeyPress::leftKey}) {
                    if (title == "Morph pad" && modifier == juce::ModifierKeys::shiftModifier)
                        continue; // small steps
                    check((title + " leaves it").toRawUTF8(), !bench.control(title).keyPressed(with(modifier, key)));
                }
    }
}

void arrows_stay_in_the_grid_and_in_sight() {
    Bench bench;
    auto& top = find_as<Pad>(bench.window(), "Pad B3, key 59"); // the last
    top.focusGained(juce::Component::focusChangedDirectly);
    top.keyPressed(juce::KeyPress(juce::KeyPress::upKey));
    bench.play();
    check("above the top row there is none", bench.control("Sound of").getTitle().contains("key 59"));
    auto& right = find_as<Pad>(bench.window(), "Pad A3, key 57");
    right.focusGained(juce::Component::focusChangedDirectly);
    right.keyPressed(juce::KeyPress(juce::KeyPress::upKey));
    bench.play();
    check("nor to the side of it", bench.control("Sound of").getTitle().contains("key 57"));
    bench.engine.change(path(0, 127)); // wider than a small window
    bench.window().setSize(760, 500);
    bench.processor.choose("/presets/Path.toml");
    bench.settle("the keyboard comes",
                 [&] { return has(bench.window(), "Preset: Path") && bench.control("Keyboard").isShowing(); });
    auto& keyboard = bench.control("Keyboard");
    auto& view = *keyboard.findParentComponentOfClass<juce::Viewport>();
    check("it is wider than its view", keyboard.getWidth() > view.getViewWidth());
    for (int i = 0; i < 11; ++i)
        keyboard.keyPressed(juce::KeyPress(juce::KeyPress::upKey)); // an octave each
    check("the highest key is in sight", view.getViewArea().getRight() >= keyboard.getWidth() - 1);
    for (int i = 0; i < 11; ++i)
        keyboard.keyPressed(juce::KeyPress(juce::KeyPress::downKey));
    check("the lowest key is in sight", view.getViewPositionX() <= 1);
}

void a_screen_reader_can_play_the_keyboard() {
    Bench bench(path());
    auto& keyboard = find_as<Keyboard>(bench.window(), "Keyboard");
    const auto handler = keyboard.createAccessibilityHandler();
    check("it can be pressed", handler->getActions().invoke(juce::AccessibilityActionType::press));
    bench.play();
    check("which is heard", bench.held());
    bench.play();
    check("and over", !bench.held());
}

// ---- sounds to take along ----------------------------------------------------------------------------------------

struct Offered {
    Offered() {
        Player::offer = [this](const juce::File& file, juce::Component&) { files.push_back(file); };
    }
    std::vector<juce::File> files;
};

void a_pad_that_is_pulled_out_offers_its_wav() {
    Bench bench(loops());
    Offered offered;
    const auto pull = [&](const juce::String& title) {
        auto& control = bench.control(title);
        bench.mouse->press(control);
        bench.play();
        check("a press plays it", bench.held());
        const auto middle = control.getLocalBounds().getCentre().toFloat();
        for (const float by : {4.0f, 9.0f, 14.0f})
            bench.mouse->move(control, middle.translated(by, 0.0f));
        bench.mouse->release();
        bench.play();
        bench.play();
        check("a pull lets it go", !bench.held());
    };
    pull("Pad C2, key 36");
    pull("Pad C#2, key 37");
    pull("Sound of");
    check("three files, once each", offered.files.size() == 3);
    check("of sounds of their own", offered.files[0] != offered.files[1] && offered.files[1] == offered.files[2]);
    const juce::File home = juce::File::getSpecialLocation(juce::File::userHomeDirectory);
    for (const juce::File& file : offered.files) {
        check("the sound is there whole", file.getSize() >= clip_frames * 3);
        check("among the user's own music", file.isAChildOf(home.getChildFile("Music/ProducerGAN")));
        check("under a name that everything takes",
              file.getFileName().containsOnly("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."));
        check("that says which key", file.getFileName().contains("-36-") || file.getFileName().contains("-37-"));
    }
}

void a_disk_that_takes_no_sound_is_said() {
    Bench bench(loops());
    Offered offered;
    const juce::File home = juce::File::getSpecialLocation(juce::File::userHomeDirectory);
    check("files are in the way of both folders", home.getChildFile("Music").replaceWithText("not a folder") &&
                                                      home.getChildFile(".config").deleteRecursively() &&
                                                      home.getChildFile(".config").replaceWithText("not a folder"));
    auto& pad = bench.control("Pad C2, key 36");
    bench.mouse->press(pad);
    bench.mouse->move(pad, pad.getLocalBounds().getCentre().toFloat().translated(20.0f, 0.0f));
    bench.mouse->release();
    check("nothing is offered", offered.files.empty());
    check("the folder is named", bench.said().contains("Music/ProducerGAN"));
}

void a_dragged_file_is_named_as_receivers_read_it() {
    const juce::String name =
        Player::name_in_drag(juce::File(juce::String::fromUTF8("/home/me/Music at 100%/K\xc3\xb6rper-36.wav")));
    check(name.toRawUTF8(), name == "file:///home/me/Music%20at%20100%25/K%C3%B6rper-36.wav");
}

void two_copies_at_once_come_one_after_the_other() {
    Bench bench;
    std::vector<juce::String> came;
    for (const int key : {40, 41})
        bench.processor.session.copy(key, 0, [&](const juce::String& text) { came.push_back(text); });
    bench.settle("both come", [&] { return came.size() == 2; });
    check("each its own", came[0] == "sound of key 40" && came[1] == "sound of key 41");
}

// ---- knobs -------------------------------------------------------------------------------------------------------

void a_knob_of_the_sampler_can_be_given_back() {
    Bench bench;
    for (const Scope scope : {Scope::play, Scope::zone}) {
        HostParameter& parameter = bench.sampler(scope);
        const float own = bench.processor.session.model()->value(scope, parameter.index());
        auto& knob = bench.control(parameter.getName(64));
        const auto turn = [&] {
            bench.mouse->press(knob);
            bench.mouse->move(knob, knob.getLocalBounds().getCentre().toFloat().translated(0.0f, -30.0f));
            bench.mouse->release();
        };
        turn();
        bench.settle("the host has it now", [&] { return parameter.taken_over(); });
        check("it was moved", std::abs(parameter.plain() - own) > 1e-3f);
        check("which can be read", knob.getDescription().contains("Moved"));
        bench.mouse->click(knob, 2);
        check("a double click gives it back", !parameter.taken_over() && std::abs(parameter.plain() - own) < 1e-4f);
        check("which can be read too", knob.getDescription().isEmpty());
        for (int i = 0; i < 3; ++i)
            bench.play();
        check("for good", !parameter.taken_over());
        turn(); // while no audio runs
        check("Backspace does the same", knob.keyPressed(backspace));
        for (int i = 0; i < 3; ++i)
            bench.play();
        check("at once", !parameter.taken_over() && std::abs(parameter.plain() - own) < 1e-4f);
    }
    check("gestures that begin end", bench.gestures.begun > 0 && bench.gestures.begun == bench.gestures.ended);
}

void a_right_click_opens_the_menu_of_a_key() {
    for (const char* title : {"Pad B1, key 35", "Sound of", "Keyboard"}) {
        const bool keys = juce::String(title) == "Keyboard";
        Bench bench(keys ? tones() : drums());
        auto& control = bench.control(title);
        const auto at = keys ? juce::Point<float>(4.0f, static_cast<float>(control.getHeight()) - 4.0f)
                             : control.getLocalBounds().getCentre().toFloat();
        bench.mouse->press(control, at, juce::ModifierKeys::rightButtonModifier);
        bench.mouse->release();
        wait_until("the menu opens", [] { return juce::Component::getNumCurrentlyModalComponents() > 0; });
        check("nothing is struck", !bench.held());
        auto* menu = juce::Component::getCurrentlyModalComponent();
        for (int i = 0; i < 2; ++i) // New sound, Lock
            menu->keyPressed(juce::KeyPress(juce::KeyPress::downKey));
        menu->keyPressed(return_key);
        bench.settle("the key is locked", [&] {
            return static_cast<int>(bench.engine.last("lock")["key"]) == (keys ? 36 : 35) &&
                   bench.engine.last("lock")["on"];
        });
    }
}

void the_wheel_scrolls_the_list_of_knobs() {
    Bench bench({drums()}, {760, 500});
    HostParameter& parameter = bench.sampler(Scope::zone);
    auto& knob = bench.control(parameter.getName(64));
    auto& view = *knob.findParentComponentOfClass<juce::Viewport>();
    const float before = parameter.getValue();
    bench.mouse->wheel(knob, -1.0f);
    check("it turns none", parameter.getValue() == before);
    check("it scrolls", view.getViewPositionY() > 0);
}

void a_movement_ends_with_the_window() {
    for (const char* title : {"Brightness, Macro 2", "Morph pad"}) {
        Bench bench(path(), {1500, 980});
        auto& control = bench.control(title);
        check("it can be seen", control.isShowing());
        bench.mouse->press(control);
        bench.mouse->move(control, control.getLocalBounds().getCentre().toFloat().translated(0.0f, -20.0f));
        check("the host hears of it", bench.gestures.begun > 0);
        bench.close();
        check("and of its end", bench.gestures.begun == bench.gestures.ended);
    }
}

void the_morph_pad_follows_the_mouse() {
    Bench bench(path(), {1500, 980});
    auto& pad = bench.control("Morph pad");
    const auto& morph = bench.processor.parameters.morph;
    const float width = static_cast<float>(pad.getWidth()), height = static_cast<float>(pad.getHeight());
    bench.gestures.begun = bench.gestures.ended = 0;
    bench.mouse->press(pad, {width * 0.25f, height * 0.25f});
    bench.mouse->move(pad, {width * 0.5f, height * 0.9f});
    check("both axes are told", bench.gestures.begun == 2 && bench.gestures.ended == 0);
    bench.mouse->move(pad, {width + 50.0f, -50.0f});
    check("it stays in its field", morph[0]->getValue() == 1.0f && morph[1]->getValue() == 1.0f);
    bench.mouse->move(pad, {width * 0.5f, height * 0.5f});
    bench.mouse->release();
    check("it stands where it was let go",
          std::abs(morph[0]->getValue() - 0.5f) < 0.02f && std::abs(morph[1]->getValue() - 0.5f) < 0.02f);
    check("and the movement ends", bench.gestures.begun == 2 && bench.gestures.ended == 2);
    Hands hands;
    bench.settle("the sounds move", [&] {
        bench.processor.rig.look(hands);
        return std::abs(hands.morph[0] - 0.5) < 0.02 && std::abs(hands.morph[1] - 0.5) < 0.02;
    });
    bench.mouse->click(pad, 2);
    check("a double click sets it back",
          morph[0]->getValue() == morph[0]->getDefaultValue() && morph[1]->getValue() == morph[1]->getDefaultValue());
}

void what_is_shown_is_no_older_than_what_the_host_says() {
    Processor processor;
    HostParameter& macro = *processor.parameters.macros[0];
    macro.follow(0.5f);
    check("what the preset says is shown", macro.getValue() == 0.5f && !macro.moved());
    macro.setValue(0.8f); // automation
    check("the audio thread hears it", macro.moved().has_value());
    macro.follow(0.5f); // worked out a moment before
    check("it stays", macro.getValue() == 0.8f);
    macro.follow(0.8f);
    macro.follow(0.3f); // a controller
    check("what a controller moves is shown", macro.getValue() == 0.3f && !macro.moved());
    macro.setValue(0.9f); // a hand, while no audio runs
    for (int i = 0; i < 3; ++i)
        macro.follow(0.3f);
    check("what was not heard yet stays", macro.getValue() == 0.9f);
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

using Check = void (*)();

const std::map<std::string, Check>& all() {
    static const std::map<std::string, Check> checks{
#define PRODUCERGAN_CHECK(name) {#name, name}
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
        PRODUCERGAN_CHECK(new_sounds_can_be_made_after_a_failed_bounce),
        PRODUCERGAN_CHECK(a_damaged_project_is_forgotten_when_a_preset_is_chosen),
        PRODUCERGAN_CHECK(the_same_notice_is_said_again),
        PRODUCERGAN_CHECK(an_engine_that_is_missing_is_said_where_the_keys_would_be),
        PRODUCERGAN_CHECK(a_click_beside_the_controls_leaves_the_host_its_keys),
        PRODUCERGAN_CHECK(keys_with_modifiers_are_the_hosts),
        PRODUCERGAN_CHECK(arrows_stay_in_the_grid_and_in_sight),
        PRODUCERGAN_CHECK(a_screen_reader_can_play_the_keyboard),
        PRODUCERGAN_CHECK(a_pad_that_is_pulled_out_offers_its_wav),
        PRODUCERGAN_CHECK(a_disk_that_takes_no_sound_is_said),
        PRODUCERGAN_CHECK(a_dragged_file_is_named_as_receivers_read_it),
        PRODUCERGAN_CHECK(a_right_click_opens_the_menu_of_a_key),
        PRODUCERGAN_CHECK(two_copies_at_once_come_one_after_the_other),
        PRODUCERGAN_CHECK(a_knob_of_the_sampler_can_be_given_back),
        PRODUCERGAN_CHECK(the_wheel_scrolls_the_list_of_knobs),
        PRODUCERGAN_CHECK(a_movement_ends_with_the_window),
        PRODUCERGAN_CHECK(the_morph_pad_follows_the_mouse),
        PRODUCERGAN_CHECK(what_is_shown_is_no_older_than_what_the_host_says),
        PRODUCERGAN_CHECK(the_arrows_step_through_the_presets),
        PRODUCERGAN_CHECK(the_present_preset_can_be_chosen_again),
        PRODUCERGAN_CHECK(the_window_says_under_which_licence_it_is),
        PRODUCERGAN_CHECK(a_state_puts_back_what_it_says_nothing_of),
        PRODUCERGAN_CHECK(a_kept_size_fits_the_screen),
        PRODUCERGAN_CHECK(waves_grow_with_what_comes),
#undef PRODUCERGAN_CHECK
    };
    return checks;
}

} // namespace

std::vector<std::string> hands() {
    std::vector<std::string> names;
    for (const auto& [name, made] : all())
        names.push_back(name);
    return names;
}

bool check_hand(const std::string& name) {
    const auto found = all().find(name);
    if (found == all().end())
        return false;
    found->second();
    return true;
}

} // namespace producergan::plugin::test
