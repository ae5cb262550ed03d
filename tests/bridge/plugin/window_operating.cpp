// The window's controls under mouse and keys: whose keys are whose, sounds to take along, knobs.
#include <cmath>
#include <set>

#include "window_bench.hpp"

namespace producergan::plugin::test {

namespace {

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

} // namespace

HandChecks operating() {
    return {
        PRODUCERGAN_CHECK(a_click_beside_the_controls_leaves_the_host_its_keys),
        PRODUCERGAN_CHECK(keys_with_modifiers_are_the_hosts),
        PRODUCERGAN_CHECK(arrows_stay_in_the_grid_and_in_sight),
        PRODUCERGAN_CHECK(a_screen_reader_can_play_the_keyboard),
        PRODUCERGAN_CHECK(a_pad_that_is_pulled_out_offers_its_wav),
        PRODUCERGAN_CHECK(a_disk_that_takes_no_sound_is_said),
        PRODUCERGAN_CHECK(a_dragged_file_is_named_as_receivers_read_it),
        PRODUCERGAN_CHECK(two_copies_at_once_come_one_after_the_other),
        PRODUCERGAN_CHECK(a_knob_of_the_sampler_can_be_given_back),
        PRODUCERGAN_CHECK(a_right_click_opens_the_menu_of_a_key),
        PRODUCERGAN_CHECK(the_wheel_scrolls_the_list_of_knobs),
        PRODUCERGAN_CHECK(a_movement_ends_with_the_window),
        PRODUCERGAN_CHECK(the_morph_pad_follows_the_mouse),
        PRODUCERGAN_CHECK(what_is_shown_is_no_older_than_what_the_host_says),
    };
}

} // namespace producergan::plugin::test
