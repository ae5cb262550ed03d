#include "key_panel.hpp"

namespace producergan::plugin {

namespace {

constexpr int heading_height = 22, arrow_width = 24;

} // namespace

KeyPanel::KeyPanel(Player& player) : Card({}), player_(player) {
    setTitle("Chosen key");
    before_.onClick = [this] { step(-1); };
    after_.onClick = [this] { step(1); };
    new_sound_.onClick = [this] { player_.new_sound(player_.selected); };
    lock_.onClick = [this] {
        if (const KeySounds* key = sounds())
            player_.lock(key->key, !key->locked); // the button follows when the engine has done it
    };
    copy_.onClick = [this] {
        if (const Place* shown = place())
            player_.copy(player_.selected, *shown);
    };
    paste_.onClick = [this] { player_.paste(player_.selected); };
    addAndMakeVisible(wave_);
    for (juce::Button* button :
         std::initializer_list<juce::Button*>{&before_, &after_, &new_sound_, &lock_, &copy_, &paste_}) {
        button->setMouseClickGrabsKeyboardFocus(false);
        addAndMakeVisible(button);
    }
    refresh();
}

const Place* KeyPanel::place() const {
    const KeySounds* key = sounds();
    return key != nullptr && shown_ < key->places.size() ? &key->places[shown_] : nullptr;
}

ClipRef KeyPanel::clip() const { return place() != nullptr ? player_.processor.session.clip(*place()) : nullptr; }

void KeyPanel::step(int by) {
    if (const KeySounds* key = sounds()) {
        const int count = static_cast<int>(key->places.size());
        shown_ = static_cast<std::size_t>((static_cast<int>(shown_) + by + count) % count);
        refresh();
    }
}

void KeyPanel::refresh() {
    const KeySounds* key = sounds();
    if (key != nullptr && (key->key != shown_key_ || shown_ >= key->places.size())) {
        shown_key_ = key->key;
        shown_ = key->usual;
    }
    const bool there = key != nullptr, locked = there && key->locked;
    const bool many = there && key->places.size() > 1;
    const juce::String absent = player_.can_make ? juce::String() : " Needs the engine.";
    before_.setVisible(many);
    after_.setVisible(many);
    new_sound_.setEnabled(there && player_.can_make && !locked);
    lock_.setEnabled(there && player_.can_make);
    lock_.setToggleState(locked, juce::dontSendNotification);
    lock_.setButtonText(locked ? "Locked" : "Lock");
    copy_.setEnabled(there && player_.can_make);
    paste_.setEnabled(there && player_.can_make);
    wave_.setEnabled(there);
    look::name(new_sound_, "New sound",
               locked ? "The key is locked: it keeps its sound."
                      : "Gives the key a new sound. Undo brings the old one back." + absent);
    look::name(lock_, locked ? "Unlock" : "Lock", "A locked key keeps its sound when new ones are drawn." + absent);
    look::name(
        wave_, there ? "Sound of " + note_name(key->key) + ", key " + juce::String(key->key) : "Sound",
        many ? "Press to play the key as hard as this layer has it; alternatives take turns. Pull the sound into the "
               "host to use it as a WAV file."
             : "Press to hear it. Pull it into the host to use it as a WAV file.");
    const bool first_zone = !there || place() == nullptr || place()->zone == key->zone;
    copy_.setButtonText(first_zone ? "Copy sound" : "Copy first sound");
    look::name(copy_, copy_.getButtonText(),
               (first_zone ? "Puts the sound into the clipboard as a text that can be pasted or sent."
                           : "Puts the key's first sound into the clipboard as a text that can be pasted or sent.") +
                   absent);
    look::name(paste_, "Paste sound",
               (many ? "Gives the key the sound whose text is in the clipboard, as the first of its sounds."
                     : "Gives the key the sound whose text is in the clipboard.") +
                   absent);
    const ClipRef sound = clip();
    const Peaks* peaks = player_.peaks.of(sound);
    const std::uint64_t id = sound != nullptr ? sound->id() : 0;
    const std::int64_t ready = peaks != nullptr ? peaks->ready : -1;
    if (id != shown_clip_ || ready != shown_ready_)
        wave_.repaint();
    shown_clip_ = id;
    shown_ready_ = ready;
    repaint(getLocalBounds().removeFromTop(look::gap + heading_height + 22));
}

void KeyPanel::show_position(const std::vector<VoiceReport>& voices) {
    float position = -1.0f;
    std::uint64_t newest = 0;
    if (const ClipRef sound = shown_clip_ != 0 ? clip() : nullptr)
        for (const VoiceReport& voice : voices)
            if (voice.clip == sound->id() && voice.voice >= newest) {
                newest = voice.voice;
                position = static_cast<float>(static_cast<double>(voice.position) / 4294967296.0 /
                                              static_cast<double>(sound->frames()));
            }
    if (position > 1.0f)
        position = -1.0f;
    if (position == position_)
        return;
    const auto strip = [this](float at) {
        const int x = static_cast<int>(10.0f + at * static_cast<float>(wave_.getWidth() - 20));
        return juce::Rectangle<int>(x - 3, 0, 6, wave_.getHeight());
    };
    for (const float at : {position_, position})
        if (at >= 0.0f)
            wave_.repaint(strip(at));
    position_ = position;
}

void KeyPanel::paint(juce::Graphics& g) {
    Card::paint(g);
    auto area = getLocalBounds().reduced(look::padding, look::gap);
    const KeySounds* key = sounds();
    auto heading = area.removeFromTop(heading_height);
    if (key == nullptr) {
        g.setColour(look::dim);
        g.setFont(look::font(look::body_text));
        look::draw_line(g, "No key is chosen", heading, juce::Justification::centredLeft);
        return;
    }
    if (key->places.size() > 1) { // between the arrows
        auto count =
            heading.removeFromRight(2 * arrow_width + 46).withTrimmedLeft(arrow_width).withTrimmedRight(arrow_width);
        g.setColour(look::dim);
        g.setFont(look::font(look::small_text));
        look::draw_line(g, juce::String(shown_ + 1) + " / " + juce::String(key->places.size()), count,
                        juce::Justification::centred);
    }
    g.setColour(look::text);
    g.setFont(look::font(look::large_text, true));
    const juce::String note = note_name(key->key);
    const int width = juce::jmin(heading.getWidth(), g.getCurrentFont().getStringWidth(note) + 8);
    look::draw_line(g, note, heading.removeFromLeft(width), juce::Justification::centredLeft);
    g.setColour(look::dim);
    g.setFont(look::font(look::body_text));
    const std::size_t zone = key->places[juce::jmin(shown_, key->places.size() - 1)].zone;
    const juce::String name = player_.model->zones[zone].name;
    look::draw_line(g, "key " + juce::String(key->key) + (name.isNotEmpty() ? ", " + name : juce::String()), heading,
                    juce::Justification::centredLeft);
}

void KeyPanel::resized() {
    auto area = getLocalBounds().reduced(look::padding, look::gap);
    auto heading = area.removeFromTop(heading_height);
    after_.setBounds(heading.removeFromRight(arrow_width));
    before_.setBounds(heading.removeFromRight(46 + arrow_width).removeFromLeft(arrow_width));
    const auto row = [](juce::Rectangle<int> bounds, juce::Button& left, juce::Button& right) {
        const int width = (bounds.getWidth() - 6) / 2;
        left.setBounds(bounds.removeFromLeft(width));
        right.setBounds(bounds.removeFromRight(width));
    };
    row(area.removeFromBottom(look::button_height), copy_, paste_);
    area.removeFromBottom(6);
    row(area.removeFromBottom(look::button_height), new_sound_, lock_);
    area.removeFromBottom(look::gap);
    area.removeFromTop(look::gap - 2);
    wave_.setBounds(area);
}

// ---- the sound in large ------------------------------------------------------------------------------------------

KeyPanel::Wave::Wave(KeyPanel& panel) : Button({}), panel_(panel) {
    setMouseClickGrabsKeyboardFocus(false);
    setMouseCursor(juce::MouseCursor::DraggingHandCursor);
}

KeyPanel::Wave::~Wave() {
    if (struck_ >= 0)
        panel_.player_.strike(struck_, 0);
}

void KeyPanel::Wave::paintButton(juce::Graphics& g, bool over, bool down) {
    const auto area = getLocalBounds().toFloat();
    g.setColour(over || down ? look::hovered : look::raised);
    g.fillRoundedRectangle(area, look::small_radius);
    const KeySounds* key = panel_.sounds();
    const auto inner = area.reduced(10.0f, 8.0f);
    if (const Peaks* peaks = panel_.player_.peaks.of(panel_.clip())) {
        g.setColour(look::tint(key->places[panel_.shown_].zone));
        draw_wave(g, inner, *peaks);
    } else if (key != nullptr) {
        g.setColour(look::dim);
        g.setFont(look::font(look::small_text));
        look::draw_line(g, "This sound is not there yet", getLocalBounds(), juce::Justification::centred);
    }
    if (panel_.position_ >= 0.0f) {
        g.setColour(look::text);
        g.fillRect(inner.getX() + panel_.position_ * inner.getWidth() - 0.75f, area.getY() + 4.0f, 1.5f,
                   area.getHeight() - 8.0f);
    }
    if (hasKeyboardFocus(false))
        look::draw_focus(g, area, look::small_radius);
}

void KeyPanel::Wave::buttonStateChanged() {
    if (isDown() == (struck_ >= 0))
        return;
    const int key = isDown() ? panel_.player_.selected : struck_;
    struck_ = isDown() ? key : -1;
    if (key < 0)
        return;
    const Place* shown = panel_.place();
    panel_.player_.strike(key, struck_ < 0 ? 0
                               : shown == nullptr
                                   ? usual_velocity
                                   : velocity_of(panel_.player_.model->zones[shown->zone].native, shown->variant));
}

void KeyPanel::Wave::mouseDown(const juce::MouseEvent& event) {
    dragged_ = false;
    if (event.mods.isPopupMenu())
        panel_.player_.show_menu(panel_.player_.selected, *this);
    else
        Button::mouseDown(event);
}

void KeyPanel::Wave::mouseDrag(const juce::MouseEvent& event) {
    const Place* shown = panel_.place();
    if (dragged_ || shown == nullptr || event.mods.isPopupMenu())
        return;
    if (event.getDistanceFromDragStart() > drag_threshold) {
        dragged_ = true;
        setState(buttonNormal);
        panel_.player_.drag_out(*shown, *this);
        return;
    }
    Button::mouseDrag(event);
}

/// As a pad's: Button's own lets what was not painted yet flash.
void KeyPanel::Wave::mouseUp(const juce::MouseEvent&) { setState(isMouseOver() ? buttonOver : buttonNormal); }

bool KeyPanel::Wave::keyPressed(const juce::KeyPress& press) {
    if (!look::alone(press))
        return false;
    if (press.isKeyCode(juce::KeyPress::spaceKey)) {
        triggerClick();
        return true;
    }
    return Button::keyPressed(press);
}

} // namespace producergan::plugin
