#pragma once
#include <functional>
#include <memory>

#include "../processor.hpp"
#include "key_map.hpp"
#include "peaks.hpp"

namespace producergan::plugin {

/// What the parts of the window share: what is shown, and what a player can do. [message-thread]
class Player {
public:
    explicit Player(Processor& processor) : processor(processor) {}

    Processor& processor;
    PeakCache peaks;
    std::shared_ptr<const PresetModel> model; // null before there is one
    KeyMap keys;
    int selected = -1;     // the key that the panel is about; −1: none
    bool can_make = false; // an engine is there and makes sounds

    std::function<void()> on_select;
    std::function<void(const juce::String&)> on_say; // a sentence for the status line

    void select(int key);
    void strike(int key, int velocity) { processor.strike(key, velocity); } // 0 lets it go
    const Peaks* wave(Place place) { return peaks.of(processor.session.clip(place)); }

    void new_sound(int key) { processor.session.reroll(key); }
    void new_sounds() { processor.session.reroll(-1); }
    void lock(int key, bool on) { processor.session.lock(key, on); }
    void undo() { processor.session.undo(); }
    void copy(int key); // to the clipboard
    void paste(int key);

    /// Lets the sound be dropped into a host as a WAV file.
    void drag_out(Place place, juce::Component& from);

    /// What can be done with a key, as a menu.
    void show_menu(int key, juce::Component& at);

    /// True if the letter stands for something that can be done with the key, and was done: N, L.
    bool do_by_letter(int key, const juce::KeyPress& press);

private:
    void say(const juce::String& sentence);

    std::shared_ptr<Player*> self_ = std::make_shared<Player*>(this); // outlived by what waits for the engine
};

} // namespace producergan::plugin
