#include "player.hpp"

#include <juce_gui_basics/juce_gui_basics.h>

namespace producergan::plugin {

void Player::select(int key) {
    if (key == selected)
        return;
    selected = key;
    if (on_select)
        on_select();
}

void Player::say(const juce::String& sentence) {
    if (on_say)
        on_say(sentence);
}

void Player::strike(int key, int velocity) {
    if (const auto done = processor.strike(key, velocity); done.failed())
        say(done.getErrorMessage());
}

void Player::copy(int key, Place place) {
    const KeySounds* sounds = keys.find(key);
    if (sounds == nullptr)
        return;
    const int variant = place.zone == sounds->zone ? place.variant : 0; // what the engine is asked of the first zone
    processor.session.copy(key, variant, [weak = std::weak_ptr<Player*>(self_), key](const juce::String& text) {
        juce::SystemClipboard::copyTextToClipboard(text);
        if (const auto self = weak.lock())
            (*self)->say("The sound of key " + juce::String(key) + " is in the clipboard.");
    });
}

void Player::paste(int key) {
    const juce::String text = juce::SystemClipboard::getTextFromClipboard().trim();
    if (text.isEmpty())
        say("The clipboard holds no sound; copy one first.");
    else
        processor.session.paste(key, text);
}

void Player::drag_out(Place place, juce::Component& from) {
    juce::File file;
    if (const auto done = processor.write_clip(place, file); done.failed())
        say(done.getErrorMessage());
    else
        offer(file, from);
}

void Player::offer_to_hosts(const juce::File& file, juce::Component& from) {
    juce::DragAndDropContainer::performExternalDragDropOfFiles({name_in_drag(file)}, false, &from);
}

/// JUCE sends a path to X as it is, behind file://, where receivers read what follows a % as a letter's number.
juce::String Player::name_in_drag(const juce::File& file) {
#if JUCE_LINUX || JUCE_BSD
    return juce::URL(file).toString(false);
#else
    return file.getFullPathName();
#endif
}

void Player::show_menu(int key, juce::Component& at) {
    const KeySounds* sounds = keys.find(key);
    if (sounds == nullptr)
        return;
    const bool locked = sounds->locked;
    const auto later = [this](auto action) {
        return [weak = std::weak_ptr<Player*>(self_), action] {
            if (const auto self = weak.lock())
                action(**self);
        };
    };
    juce::PopupMenu menu;
    menu.addSectionHeader(note_name(key) + ", key " + juce::String(key));
    menu.addItem("New sound", can_make && !locked, false, later([key](Player& player) { player.new_sound(key); }));
    menu.addItem(locked ? "Unlock" : "Lock", can_make, false,
                 later([key, locked](Player& player) { player.lock(key, !locked); }));
    menu.addSeparator();
    menu.addItem("Copy sound", can_make, false,
                 later([key, place = sounds->places[sounds->usual]](Player& player) { player.copy(key, place); }));
    menu.addItem("Paste sound", can_make, false, later([key](Player& player) { player.paste(key); }));
    menu.showMenuAsync(juce::PopupMenu::Options().withTargetComponent(at).withMousePosition());
}

bool Player::do_by_letter(int key, const juce::KeyPress& press) {
    const KeySounds* sounds = keys.find(key);
    if (sounds == nullptr || !can_make || press.getModifiers().isAnyModifierKeyDown())
        return false;
    const auto letter = juce::CharacterFunctions::toUpperCase(static_cast<juce::juce_wchar>(press.getKeyCode()));
    if (letter == 'N' && !sounds->locked)
        new_sound(key);
    else if (letter == 'L')
        lock(key, !sounds->locked);
    else
        return false;
    return true;
}

} // namespace producergan::plugin
