#include "pads.hpp"

#include <algorithm>

namespace producergan::plugin {

namespace {

constexpr int pad_gap = 6;

} // namespace

Pad::Pad(Player& player, int key) : Button({}), player_(player), key_(key) {
    setMouseClickGrabsKeyboardFocus(false); // else the space bar would strike it where the host's transport is meant
    setTriggeredOnMouseDown(false);
    refresh();
}

Pad::~Pad() {
    if (struck_)
        player_.strike(key_, 0);
}

void Pad::refresh() {
    const KeySounds* sounds = player_.keys.find(key_);
    if (sounds == nullptr)
        return;
    const ClipRef clip = player_.processor.session.clip(sounds->places[sounds->usual]);
    const Peaks* peaks = player_.peaks.of(clip);
    const std::int64_t ready = peaks != nullptr ? peaks->ready : -1;
    if (clip != clip_ || ready != ready_ || sounds->locked != locked_ || sounds->zone != zone_)
        repaint();
    clip_ = clip;
    ready_ = ready;
    locked_ = sounds->locked;
    zone_ = sounds->zone;
    const juce::String zone = player_.model->zones[static_cast<std::size_t>(zone_)].name;
    setTitle("Pad " + note_name(key_) + ", key " + juce::String(key_));
    setDescription((locked_ ? "Locked. " : "") + (zone.isNotEmpty() ? "Zone " + zone + "." : juce::String()) +
                   (chosen_ ? " Chosen." : ""));
    setHelpText("Space plays it, the arrow keys go to other pads, N makes a new sound, L locks it.");
    setTooltip("Press to hear it, harder toward its lower edge. Pull it out to take its WAV file along.");
}

void Pad::show(bool sounding, bool last, bool chosen) {
    if (sounding == sounding_ && last == last_ && chosen == chosen_)
        return;
    if (chosen != chosen_)
        setWantsKeyboardFocus(chosen || hasKeyboardFocus(false)); // one of all pads is a stop of the tab key
    sounding_ = sounding;
    last_ = last;
    chosen_ = chosen;
    repaint();
}

void Pad::paintButton(juce::Graphics& g, bool over, bool down) {
    const auto area = getLocalBounds().toFloat();
    const juce::Colour tint = look::tint(zone_);
    const bool lit = sounding_ || down;
    g.setColour(lit ? look::raised.interpolatedWith(tint, 0.32f) : over ? look::hovered : look::raised);
    g.fillRoundedRectangle(area, look::small_radius + 1.0f);
    auto inner = getLocalBounds().reduced(8, 6);
    auto head = inner.removeFromTop(16);
    const bool roomy = inner.getHeight() >= 14;
    if (locked_) {
        g.setColour(look::text);
        g.fillPath(look::lock_shape(head.removeFromRight(10).toFloat().withSizeKeepingCentre(9.0f, 11.0f)));
        head.removeFromRight(4);
    }
    g.setFont(look::font(look::small_text, true));
    g.setColour(look::text);
    look::draw_line(g, juce::String(key_), head, juce::Justification::centredLeft);
    g.setFont(look::font(look::small_text));
    g.setColour(look::dim);
    look::draw_line(g, note_name(key_), head, juce::Justification::centredRight);
    if (const Peaks* peaks = roomy ? player_.peaks.of(clip_) : nullptr) {
        g.setColour(lit ? tint.brighter(0.4f) : tint.withMultipliedAlpha(0.85f));
        draw_wave(g, inner.toFloat().withTrimmedTop(2.0f), *peaks);
    }
    if (last_) { // played last
        g.setColour(lit ? look::text : tint);
        g.fillRoundedRectangle(area.withTrimmedTop(area.getHeight() - 3.0f).reduced(8.0f, 0.0f), 1.5f);
    }
    if (chosen_) {
        g.setColour(tint);
        g.drawRoundedRectangle(area.reduced(0.75f), look::small_radius + 1.0f, 1.5f);
    }
    if (hasKeyboardFocus(false))
        look::draw_focus(g, area.reduced(2.0f), look::small_radius);
}

void Pad::buttonStateChanged() {
    if (isDown() == struck_)
        return;
    struck_ = isDown();
    int velocity = 0;
    if (struck_) {
        player_.select(key_);
        const float depth = static_cast<float>(getMouseXYRelative().y) / static_cast<float>(juce::jmax(1, getHeight()));
        velocity = isMouseButtonDown() ? velocity_at(depth) : usual_velocity;
    }
    player_.strike(key_, velocity);
}

void Pad::mouseDown(const juce::MouseEvent& event) {
    dragged_ = false;
    if (event.mods.isPopupMenu()) {
        player_.select(key_);
        player_.show_menu(key_, *this);
        return;
    }
    Button::mouseDown(event);
}

void Pad::mouseDrag(const juce::MouseEvent& event) {
    if (dragged_ || event.mods.isPopupMenu())
        return;
    const KeySounds* sounds = player_.keys.find(key_);
    if (event.getDistanceFromDragStart() > drag_threshold && sounds != nullptr) {
        dragged_ = true;
        setState(buttonNormal);
        player_.drag_out(sounds->places[sounds->usual], *this);
        return;
    }
    Button::mouseDrag(event);
}

/// Button's own lets what was not painted yet flash, which would strike a second time.
void Pad::mouseUp(const juce::MouseEvent&) { setState(isMouseOver() ? buttonOver : buttonNormal); }

bool Pad::keyPressed(const juce::KeyPress& press) {
    if (!look::alone(press))
        return false;
    if (press.isKeyCode(juce::KeyPress::spaceKey)) {
        triggerClick();
        return true;
    }
    for (const auto& [code, by] : {std::pair{juce::KeyPress::leftKey, -1},
                                   {juce::KeyPress::rightKey, 1},
                                   {juce::KeyPress::upKey, columns},
                                   {juce::KeyPress::downKey, -columns}})
        if (press.isKeyCode(code) && on_arrow) {
            on_arrow(by);
            return true;
        }
    return player_.do_by_letter(key_, press) || Button::keyPressed(press);
}

void Pad::focusGained(FocusChangeType cause) {
    player_.select(key_);
    Button::focusGained(cause);
}

// ---- the grid ----------------------------------------------------------------------------------------------------

PadGrid::PadGrid(Player& player) : player_(player) {
    setTitle("Pads");
    setFocusContainerType(FocusContainerType::focusContainer);
}

void PadGrid::rebuild() {
    pads_.clear();
    if (player_.keys.pads)
        for (const KeySounds& sounds : player_.keys.keys) {
            auto& pad = pads_.emplace_back(std::make_unique<Pad>(player_, sounds.key));
            pad->setWantsKeyboardFocus(false);
            pad->setExplicitFocusOrder(static_cast<int>(pads_.size()));
            pad->on_arrow = [this, key = sounds.key](int by) { arrow(key, by); };
            addAndMakeVisible(*pad);
        }
    resized();
}

void PadGrid::refresh() {
    for (const auto& pad : pads_)
        pad->refresh();
}

void PadGrid::show(const std::bitset<128>& sounding, int last) {
    for (const auto& pad : pads_)
        pad->show(sounding.test(static_cast<std::size_t>(pad->key())), pad->key() == last,
                  pad->key() == player_.selected);
}

/// As many columns as make pads that are a little wider than high, with few places left over.
void PadGrid::resized() {
    const int count = static_cast<int>(pads_.size());
    if (count == 0 || getWidth() <= 0 || getHeight() <= 0)
        return;
    double best = 1e9;
    int rows = 1;
    for (int columns = 2; columns <= 10; ++columns) {
        const int lines = (count + columns - 1) / columns;
        const double ratio = (static_cast<double>(getWidth()) / columns) / (static_cast<double>(getHeight()) / lines);
        const double cost = std::abs(std::log(ratio / 1.35)) + 0.05 * (columns * lines - count);
        if (cost < best) {
            best = cost;
            columns_ = columns;
            rows = lines;
        }
    }
    const auto edge = [](int index, int parts, int length) { return index * (length + pad_gap) / parts; };
    for (int i = 0; i < count; ++i) {
        const int column = i % columns_, row = rows - 1 - i / columns_;
        const int left = edge(column, columns_, getWidth()), top = edge(row, rows, getHeight());
        pads_[static_cast<std::size_t>(i)]->columns = columns_;
        pads_[static_cast<std::size_t>(i)]->setBounds(left, top,
                                                      edge(column + 1, columns_, getWidth()) - pad_gap - left,
                                                      edge(row + 1, rows, getHeight()) - pad_gap - top);
    }
}

/// To a pad that is so many further on; stays where there is none.
void PadGrid::arrow(int key, int by) {
    const auto from = std::find_if(pads_.begin(), pads_.end(), [key](const auto& pad) { return pad->key() == key; });
    const std::ptrdiff_t to = from - pads_.begin() + by;
    if (to < 0 || to >= static_cast<std::ptrdiff_t>(pads_.size()))
        return;
    Pad& pad = *pads_[static_cast<std::size_t>(to)];
    player_.select(pad.key());
    pad.setWantsKeyboardFocus(true);
    pad.grabKeyboardFocus();
}

} // namespace producergan::plugin
