#pragma once
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gestures.hpp"
#include "json.hpp"
#include "window_checks.hpp"
#include "window_mouse.hpp"
#include "window_screen.hpp"

namespace producergan::plugin::test {

/// Things that a player does, by their names; each ends the program with a sentence if something is not so.
using HandChecks = std::map<std::string, void (*)()>;

/// What the files beside this one have of them.
HandChecks playing(), operating(), choosing();

#define PRODUCERGAN_CHECK(name) {#name, name}

inline const juce::KeyPress space(juce::KeyPress::spaceKey), return_key(juce::KeyPress::returnKey),
    backspace(juce::KeyPress::backspaceKey);

inline juce::KeyPress with(int modifier, int key) { return {key, juce::ModifierKeys(modifier), 0}; }

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

inline juce::var because(const char* field, const char* sentence) { return object({{field, sentence}}); }

} // namespace producergan::plugin::test
