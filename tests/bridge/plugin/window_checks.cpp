// What each of the window's controls does, with a fake engine.
#include "window_checks.hpp"

#include <cstdio>
#include <cstdlib>

#include "gestures.hpp"

namespace juce {
bool dispatchNextMessageOnSystemQueue(bool return_if_none); // JUCE's own loop without its end
}

namespace producergan::plugin::test {

void pump() {
    for (int i = 0; i < 1000 && juce::dispatchNextMessageOnSystemQueue(true); ++i) {
    }
}

void pump_for(int milliseconds) {
    const auto end = juce::Time::getMillisecondCounter() + static_cast<juce::uint32>(milliseconds);
    while (juce::Time::getMillisecondCounter() < end) {
        pump();
        juce::Thread::sleep(1);
    }
}

void check(const char* what, bool so) {
    if (so)
        return;
    std::printf("not so: %s\n", what);
    std::fflush(stdout);
    std::_Exit(1);
}

void wait_until(const char* what, const std::function<bool()>& so) {
    const auto end = juce::Time::getMillisecondCounter() + 10000;
    while (!so()) {
        check(what, juce::Time::getMillisecondCounter() < end);
        pump();
        juce::Thread::sleep(2);
    }
}

namespace {

juce::Component* search(juce::Component& under, const std::function<bool(const juce::String&)>& wanted) {
    for (juce::Component* child : under.getChildren()) {
        if (wanted(child->getTitle()))
            return child;
        if (juce::Component* found = search(*child, wanted))
            return found;
    }
    return nullptr;
}

/// With this very title, else one that begins so.
juce::Component* search(juce::Component& under, const juce::String& title) {
    juce::Component* exact = search(under, [&](const juce::String& there) { return there == title; });
    return exact != nullptr ? exact : search(under, [&](const juce::String& there) { return there.startsWith(title); });
}

const juce::KeyPress space(juce::KeyPress::spaceKey), up(juce::KeyPress::upKey), right(juce::KeyPress::rightKey);

} // namespace

juce::Component& find(juce::Component& under, const juce::String& title) {
    juce::Component* found = search(under, title);
    check(("there is a control named: " + title).toRawUTF8(), found != nullptr);
    return *found;
}

bool has(juce::Component& under, const juce::String& title) { return search(under, title) != nullptr; }

std::string nameless(juce::Component& under) {
    std::string lacking;
    for (juce::Component* child : under.getChildren()) {
        const bool operated = child->getWantsKeyboardFocus() || dynamic_cast<juce::Button*>(child) != nullptr ||
                              dynamic_cast<juce::Slider*>(child) != nullptr ||
                              dynamic_cast<juce::ComboBox*>(child) != nullptr;
        if (operated && (child->getTitle().isEmpty() || child->getHelpText().isEmpty()))
            lacking += std::string(typeid(*child).name()) + " \"" + child->getTitle().toStdString() + "\"\n";
        lacking += nameless(*child);
    }
    return lacking;
}

Host::Host(Processor& processor) {
    thread_ = std::thread([this, &processor] {
        juce::AudioBuffer<float> audio(processor.getTotalNumOutputChannels(), 256);
        for (int block = 0; !ends_; ++block) {
            juce::MidiBuffer midi;
            midi.addEvent(juce::MidiMessage::noteOn(1, 35 + block % 25, juce::uint8{100}), block % 200);
            midi.addEvent(juce::MidiMessage::noteOff(1, 35 + (block + 20) % 25), 255);
            midi.addEvent(juce::MidiMessage::controllerEvent(1, 18, block % 128), 100);
            processor.processBlock(audio, midi);
            juce::Thread::sleep(3); // as a host's device would
        }
    });
}

Host::~Host() {
    ends_ = true;
    thread_.join();
}

void play_block(Processor& processor, const juce::MidiBuffer& midi) {
    juce::AudioBuffer<float> audio(processor.getTotalNumOutputChannels(), 256);
    juce::MidiBuffer copy(midi);
    processor.processBlock(audio, copy);
}

void check_controls() {
    FakeEngine engine(drums());
    Processor processor;
    processor.prepareToPlay(48000.0, 256);
    Gestures gestures;
    processor.addListener(&gestures);
    std::unique_ptr<juce::AudioProcessorEditor> editor(processor.createEditor());
    auto& window = dynamic_cast<Window&>(*editor);
    const auto settle = [&](const char* what, const std::function<bool()>& so) {
        wait_until(what, [&] {
            play_block(processor);
            window.poll();
            return so();
        });
    };
    settle("the preset comes", [&] { return processor.session.status().kind == Status::Kind::ready; });
    check("the status says so", find(window, "Status").getDescription().startsWith("Ready"));
    check("the preset's name is shown", has(window, "Preset: Drums"));

    // Pads: struck from the keyboard, locked and drawn anew by letters.
    auto& pad = find_as<Pad>(window, "Pad C2, key 36");
    check("a locked pad says so", pad.getDescription().startsWith("Locked"));
    pad.keyPressed(space);
    settle("space strikes the pad", [&] { return processor.rig.last_key() == 36; });
    settle("the chosen key is shown in large", [&] { return find(window, "Sound of").getTitle().contains("key 36"); });
    const auto sounding = [&] {
        std::vector<VoiceReport> voices;
        processor.rig.sampler.snapshot().read(voices);
        return !voices.empty();
    };
    settle("it sounds", sounding);
    pad.keyPressed(juce::KeyPress('l'));
    settle("L unlocks it", [&] { return !pad.getDescription().startsWith("Locked"); });
    check("the engine was told", static_cast<int>(engine.last("lock")["key"]) == 36 && !engine.last("lock")["on"]);
    const ClipRef before = processor.session.clip({0, 36, 2});
    pad.keyPressed(juce::KeyPress('n'));
    settle("N draws a new sound", [&] { return processor.session.clip({0, 36, 2}) != before; });
    check("for that key", static_cast<int>(engine.last("reroll")["key"]) == 36);
    pad.keyPressed(right);
    settle("an arrow goes to the next pad", [&] { return find(window, "Sound of").getTitle().contains("key 37"); });

    // The panel's buttons.
    find_as<juce::Button>(window, "Lock").onClick();
    settle("Lock locks", [&] { return has(window, "Unlock"); });
    check("a locked key draws no new sound", !find(window, "New sound").isEnabled());
    find_as<juce::Button>(window, "New sounds for all").onClick();
    settle("all keys draw new sounds", [&] { return static_cast<int>(engine.last("reroll")["key"]) == -1; });
    find_as<juce::Button>(window, "Undo").onClick();
    settle("Undo undoes", [&] { return engine.heard("undo") == 1; });
    find_as<juce::Button>(window, "Copy sound").onClick();
    settle("a sound comes into the clipboard",
           [] { return juce::SystemClipboard::getTextFromClipboard() == "sound of key 37"; });
    find_as<juce::Button>(window, "Paste sound").onClick();
    settle("and is given to a key", [&] { return engine.last("paste")["text"].toString() == "sound of key 37"; });

    // Macros: gestures, a controller's movement, names.
    auto& knob = find_as<juce::Slider>(window, "Brightness, Macro 2");
    gestures.begun = gestures.ended = 0;
    knob.keyPressed(up);
    check("a macro tells the host that it was touched", gestures.begun == 1 && gestures.ended == 1);
    settle("and moves", [&] { return std::abs(processor.rig.position(1) - 0.52) < 1e-3; });
    juce::MidiBuffer midi;
    midi.addEvent(juce::MidiMessage::controllerEvent(1, 17, 0), 0);
    play_block(processor, midi);
    settle("a controller moves the knob",
           [&] { return find_as<juce::Slider>(window, "Warmth, Macro 3").getValue() == 0.0; });
    check("a macro that does nothing is dimmed", !find(window, "Macro 8").isEnabled());
    check("and named by its number", find(window, "Macro 8").getTitle() == "Macro 8");
    knob.setValue(0.9, juce::sendNotificationSync); // while no audio runs
    pump_for(250);                                  // five of the moments in which positions are shown
    check("what the hand did stays until audio runs", std::abs(knob.getValue() - 0.9) < 1e-3);
    settle("and is played then", [&] { return std::abs(processor.rig.position(1) - 0.9) < 1e-3; });

    // The sampler's parameters: all that the host sees, with their own names.
    for (const HostParameter* parameter : processor.parameters.sampler)
        find(window, parameter->getName(64));
    check("a preset without a path shows no morph pad", !find(window, "Morph").isVisible());

    // States, by words.
    engine.keep_rendering(true);
    knob.setValue(0.1, juce::sendNotificationSync);
    settle("rendering is said", [&] { return find(window, "Status").getDescription().startsWith("Rendering"); });
    auto* reason = new juce::DynamicObject();
    const juce::var owner(reason);
    reason->setProperty("reason", "Key 99 has no sound of its own.");
    engine.say("problem", owner);
    settle("a notice can be put away", [&] { return find(window, "Put the notice away").isVisible(); });
    find_as<juce::Button>(window, "Put the notice away").onClick();
    check("and is gone", !find(window, "Put the notice away").isVisible());
    juce::MemoryBlock state;
    processor.getStateInformation(state);
    window.poll();
    check("how much the project keeps is said", find(window, "Status").getDescription().contains("MB of sounds"));
    window.setSize(900, 600);
    check("the size is kept", processor.window_size() == juce::Point<int>(900, 600));
    processor.setStateInformation("rubbish", 7);
    window.poll();
    check("a state that cannot be read is said", find(window, "Status").getDescription().startsWith("Failed"));
    processor.removeListener(&gestures);
}

} // namespace producergan::plugin::test
