#pragma once
#include <functional>
#include <memory>

#include "../processor.hpp"
#include "key_map.hpp"
#include "peaks.hpp"

namespace producergan::plugin {

inline constexpr int drag_threshold = 8; // pixels before a press becomes a drag
inline constexpr int softest = 40;       // velocity of a press at a key's upper edge

/// How hard a press is, from a key's upper edge (0) to its lower (1).
inline int velocity_at(float depth) {
    return juce::jlimit(softest, 127, softest + static_cast<int>(depth * (127 - softest)));
}

/// What the parts of the window share: what is shown, and what a player can do. [message-thread]
class Player {
public:
    explicit Player(Processor& processor) : processor(processor) {}

    Processor& processor;
    PeakCache peaks;
    std::shared_ptr<const PresetModel> model; // null before there is one
    KeyMap keys;
    Status status;         // as of the last look
    int selected = -1;     // the key that the panel is about; −1: none
    bool can_make = false; // an engine is there and makes new sounds

    std::function<void()> on_select;
    std::function<void(const juce::String&)> on_say; // a sentence for the status line

    void select(int key);
    void strike(int key, int velocity); // 0 lets it go
    const Peaks* wave(Place place) { return peaks.of(processor.session.clip(place)); }

    void new_sound(int key) { processor.session.reroll(key); }
    void new_sounds() { processor.session.reroll(-1); }
    void lock(int key, bool on) { processor.session.lock(key, on); }
    void undo() { processor.session.undo(); }
    void copy(int key, Place place); // to the clipboard; of what is no place of the key's first zone, its first sound
    void paste(int key);

    /// Lets the sound be dropped into a host as a WAV file.
    void drag_out(Place place, juce::Component& from);
    static void offer_to_hosts(const juce::File& file, juce::Component& from);
    static juce::String name_in_drag(const juce::File& file);
    /// Offers a file to whatever the mouse comes to; tests look at it instead.
    static inline std::function<void(const juce::File&, juce::Component&)> offer = offer_to_hosts;

    /// What can be done with a key, as a menu.
    void show_menu(int key, juce::Component& at);

    /// True if the letter stands for something that can be done with the key, and was done: N, L.
    bool do_by_letter(int key, const juce::KeyPress& press);

    void say(const juce::String& sentence);

private:
    std::shared_ptr<Player*> self_ = std::make_shared<Player*>(this); // outlived by what waits for the engine
};

} // namespace producergan::plugin
