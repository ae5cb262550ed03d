#include "keyboard.hpp"

#include <array>

namespace producergan::plugin {

namespace {

constexpr float least_key = 12.0f; // width of a white key

bool is_black(int key) { return juce::MidiMessage::isMidiNoteBlack(key); }

/// White keys below a key, counted from key 0.
int whites_below(int key) {
    static constexpr std::array<int, 12> in_octave{0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6};
    return key / 12 * 7 + in_octave[static_cast<std::size_t>(key % 12)];
}

} // namespace

Keyboard::Keyboard(Player& player) : player_(player) {
    setTitle("Keyboard");
    setDescription("The keys that the preset plays.");
    setHelpText("Space plays the chosen key, the arrow keys choose another, N makes a new sound, L locks it.");
    setTooltip("Press a key to hear it. Pull its sound out to take its WAV file along.");
    setWantsKeyboardFocus(true);
    setMouseClickGrabsKeyboardFocus(false);
}

Keyboard::~Keyboard() { let_go(); }

void Keyboard::let_go() {
    for (int* held : {&pressed_, &struck_by_space_}) {
        if (*held >= 0)
            player_.strike(*held, 0);
        *held = -1;
    }
}

void Keyboard::rebuild() {
    let_go();
    spans_.clear();
    drawn_.clear();
    sounding_.reset();
    last_played_ = chosen_ = -1;
    const auto& keys = player_.keys.keys;
    if (!keys.empty()) {
        first_ = keys.front().key;
        last_ = keys.back().key;
        if (last_ - first_ < 24) // two octaves at least
            last_ = juce::jmin(127, first_ + 24);
        first_ -= is_black(first_) ? 1 : 0;
        last_ += is_black(last_) ? 1 : 0;
    }
    for (const KeySounds& sounds : keys)
        if (sounds.shared) {
            if (!spans_.empty() && spans_.back().zone == sounds.zone && spans_.back().last == sounds.key - 1)
                spans_.back().last = sounds.key;
            else
                spans_.push_back({sounds.key, sounds.key, sounds.zone, sounds.places[sounds.usual]});
        }
    repaint();
}

void Keyboard::refresh() {
    const auto& keys = player_.keys.keys;
    drawn_.resize(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const ClipRef clip = player_.processor.session.clip(keys[i].places[keys[i].usual]);
        const Peaks* peaks = player_.peaks.of(clip);
        Drawn now{clip, peaks != nullptr ? peaks->ready : -1, keys[i].locked};
        if (now == drawn_[i])
            continue;
        drawn_[i] = std::move(now);
        if (keys[i].shared)
            repaint(waves().getSmallestIntegerContainer()); // the sound runs across all of its keys
        else
            repaint_key(keys[i].key);
    }
}

void Keyboard::show(const std::bitset<128>& sounding, int last) {
    const auto changed = sounding ^ sounding_;
    sounding_ = sounding;
    for (std::size_t key = 0; changed.any() && key < changed.size(); ++key)
        if (changed.test(key))
            repaint_key(static_cast<int>(key));
    for (auto [before, now] : {std::pair<int*, int>{&last_played_, last}, {&chosen_, player_.selected}})
        if (*before != now) {
            repaint_key(*before);
            repaint_key(now);
            *before = now;
            if (before == &chosen_)
                if (auto* handler = getAccessibilityHandler())
                    handler->notifyAccessibilityEvent(juce::AccessibilityEvent::valueChanged);
        }
}

/// Scrolls to a key if it is out of sight.
void Keyboard::reveal(int key) {
    auto* view = findParentComponentOfClass<juce::Viewport>();
    if (view == nullptr || key < first_ || key > last_)
        return;
    const auto area = key_area(key).getUnion(lane(key)).getSmallestIntegerContainer();
    view->setViewPosition(juce::jlimit(area.getRight() - view->getViewWidth(), area.getX(), view->getViewPositionX()),
                          view->getViewPositionY());
}

int Keyboard::natural_width() const {
    return static_cast<int>(least_key) * (whites_below(last_) - whites_below(first_) + 1);
}

// ---- where things are --------------------------------------------------------------------------------------------

juce::Rectangle<float> Keyboard::key_area(int key) const {
    const float width =
        static_cast<float>(getWidth()) / static_cast<float>(whites_below(last_) - whites_below(first_) + 1);
    const float height = juce::jlimit(56.0f, 130.0f, 0.36f * static_cast<float>(getHeight()));
    const float top = static_cast<float>(getHeight()) - height;
    const float x = width * static_cast<float>(whites_below(key) - whites_below(first_));
    if (is_black(key))
        return {x - 0.31f * width, top, 0.62f * width, 0.6f * height};
    return {x, top, width, height};
}

/// Each key, black or white, has its even share of the width over the keyboard: neighbours do not cover one another.
juce::Rectangle<float> Keyboard::lane(int key) const {
    const float share = static_cast<float>(getWidth()) / static_cast<float>(last_ - first_ + 1);
    return waves().withX(share * static_cast<float>(key - first_)).withWidth(share);
}

juce::Rectangle<float> Keyboard::waves() const {
    return getLocalBounds().toFloat().withBottom(key_area(first_).getY() - 8.0f);
}

int Keyboard::key_at(juce::Point<float> at) const {
    int found = -1;
    for (const KeySounds& sounds : player_.keys.keys) {
        const auto area = at.y < waves().getBottom() ? lane(sounds.key) : key_area(sounds.key);
        if (area.contains(at) && (found < 0 || is_black(sounds.key)))
            found = sounds.key;
    }
    return found;
}

void Keyboard::repaint_key(int key) {
    if (key >= first_ && key <= last_)
        for (const auto& area : {lane(key), key_area(key)})
            repaint(area.expanded(2.0f).getSmallestIntegerContainer());
}

// ---- drawing -----------------------------------------------------------------------------------------------------

void Keyboard::paint(juce::Graphics& g) {
    if (player_.keys.keys.empty())
        return;
    paint_spans(g);
    paint_columns(g);
    paint_keys(g);
    if (hasKeyboardFocus(false))
        look::draw_focus(g, getLocalBounds().toFloat(), look::small_radius);
}

void Keyboard::paint_spans(juce::Graphics& g) {
    for (const Span& span : spans_) {
        const auto area = lane(span.first).withRight(lane(span.last).getRight()).reduced(1.0f, 0.0f);
        const juce::Colour tint = look::tint(span.zone);
        g.setColour(look::raised);
        g.fillRoundedRectangle(area, look::small_radius);
        for (int key = span.first; key <= span.last; ++key)
            if (sounding_.test(static_cast<std::size_t>(key))) {
                g.setColour(tint.withAlpha(0.25f));
                g.fillRect(lane(key));
            }
        if (const Peaks* peaks = player_.wave(span.place)) {
            g.setColour(tint.withMultipliedAlpha(0.9f));
            draw_wave(g, area.reduced(12.0f, 16.0f), *peaks);
        }
        const KeySounds* sounds = player_.keys.find(span.first);
        if (sounds != nullptr && sounds->locked) {
            g.setColour(look::text);
            g.fillPath(look::lock_shape({area.getRight() - 20.0f, area.getY() + 8.0f, 11.0f, 13.0f}));
        }
        g.setColour(look::dim);
        g.setFont(look::font(look::small_text));
        look::draw_line(g, player_.model->zones[static_cast<std::size_t>(span.zone)].name,
                        area.reduced(12.0f, 7.0f).removeFromTop(16.0f).toNearestInt(),
                        juce::Justification::centredLeft);
    }
}

void Keyboard::paint_columns(juce::Graphics& g) {
    const auto clip = g.getClipBounds().toFloat();
    for (const KeySounds& sounds : player_.keys.keys) {
        if (sounds.shared)
            continue;
        const auto area = lane(sounds.key).reduced(0.5f, 0.0f);
        if (!area.intersects(clip))
            continue;
        const bool lit = sounding_.test(static_cast<std::size_t>(sounds.key)) || sounds.key == pressed_;
        const juce::Colour tint = look::tint(sounds.zone);
        g.setColour(lit                     ? look::raised.interpolatedWith(tint, 0.35f)
                    : sounds.key == chosen_ ? look::hovered.brighter(0.08f)
                                            : look::raised);
        g.fillRoundedRectangle(area, 2.0f);
        if (const Peaks* peaks = player_.wave(sounds.places[sounds.usual])) {
            g.setColour(tint.withMultipliedAlpha(lit ? 1.0f : 0.8f));
            draw_wave(g, area.reduced(1.0f, 6.0f), *peaks, true);
        }
        if (sounds.locked) {
            g.setColour(look::text);
            g.fillPath(look::lock_shape(area.withHeight(10.0f)
                                            .withSizeKeepingCentre(juce::jmin(8.0f, area.getWidth() - 1.0f), 10.0f)
                                            .translated(0.0f, 2.0f)));
        }
    }
}

void Keyboard::paint_keys(juce::Graphics& g) {
    for (const bool black : {false, true})
        for (int key = first_; key <= last_; ++key) {
            if (is_black(key) != black)
                continue;
            const auto area = key_area(key).reduced(black ? 0.0f : 0.75f, 0.0f);
            const KeySounds* sounds = player_.keys.find(key);
            juce::Colour colour = black ? juce::Colour(0xff0c0e11) : juce::Colour(0xffbcc3cd);
            const bool lit = sounding_.test(static_cast<std::size_t>(key)) || key == pressed_;
            const juce::Colour tint = look::tint(sounds != nullptr ? sounds->zone : 0);
            if (sounds == nullptr)
                colour = colour.interpolatedWith(look::card, 0.72f);
            else if (key == chosen_ && !black)
                colour = colour.interpolatedWith(tint.withMultipliedBrightness(0.8f), 0.55f);
            if (lit)
                colour = tint.withMultipliedBrightness(black ? 0.8f : 1.0f);
            g.setColour(colour);
            g.fillRoundedRectangle(area, 2.5f);
            const auto mark =
                area.withTrimmedTop(area.getHeight() - 10.0f).withSizeKeepingCentre(area.getWidth() * 0.5f, 4.0f);
            if (key == last_played_ && !lit) {
                g.setColour(tint.withMultipliedBrightness(black ? 1.0f : 0.7f));
                g.fillRoundedRectangle(mark, 2.0f);
            }
            if (key == chosen_) {
                g.setColour(tint.withMultipliedBrightness(black ? 1.0f : 0.5f));
                g.drawRoundedRectangle(area.reduced(1.0f), 2.5f, 2.0f);
            }
        }
    g.setFont(look::font(look::small_text));
    for (int key = first_; key <= last_; ++key)
        if (key % 12 == 0) {
            const auto area = key_area(key).withTrimmedBottom(12.0f);
            const float room = juce::jmax(22.0f, area.getWidth()); // may reach over the next key
            const float left = juce::jmin(area.getX() + 2.0f, static_cast<float>(getWidth()) - room + 3.0f);
            g.setColour(player_.keys.find(key) != nullptr ? juce::Colour(0xff2c333d) : look::faint);
            g.drawText(note_name(key), area.withX(left).withWidth(room).toNearestInt(), juce::Justification::bottomLeft,
                       false);
        }
}

// ---- playing -----------------------------------------------------------------------------------------------------

void Keyboard::press(int key, int velocity) {
    if (key == pressed_)
        return;
    if (pressed_ >= 0)
        player_.strike(pressed_, 0);
    repaint_key(pressed_);
    pressed_ = key;
    repaint_key(key);
    if (key >= 0) {
        player_.select(key);
        player_.strike(key, velocity);
    }
}

void Keyboard::mouseDown(const juce::MouseEvent& event) {
    dragged_ = false;
    const int key = key_at(event.position);
    if (key < 0)
        return;
    if (event.mods.isPopupMenu()) {
        player_.select(key);
        player_.show_menu(key, *this);
        return;
    }
    const auto area = key_area(key);
    press(key, event.position.y < area.getY() ? usual_velocity
                                              : velocity_at((event.position.y - area.getY()) / area.getHeight()));
}

void Keyboard::mouseDrag(const juce::MouseEvent& event) {
    if (dragged_ || event.mods.isPopupMenu())
        return;
    if (event.getMouseDownPosition().y >= waves().getBottom()) { // glides over the keys
        press(key_at(event.position), usual_velocity);
        return;
    }
    const KeySounds* sounds = player_.keys.find(pressed_);
    if (sounds != nullptr && event.getDistanceFromDragStart() > drag_threshold) {
        dragged_ = true;
        press(-1, 0);
        player_.drag_out(sounds->places[sounds->usual], *this);
    }
}

void Keyboard::mouseUp(const juce::MouseEvent&) { press(-1, 0); }

bool Keyboard::keyPressed(const juce::KeyPress& press_) {
    if (!look::alone(press_))
        return false;
    if (press_.isKeyCode(juce::KeyPress::spaceKey)) {
        if (player_.selected >= 0 && struck_by_space_ < 0) {
            struck_by_space_ = player_.selected;
            player_.strike(struck_by_space_, usual_velocity);
        }
        return true;
    }
    for (const auto& [code, by] : {std::pair{juce::KeyPress::leftKey, -1},
                                   {juce::KeyPress::rightKey, 1},
                                   {juce::KeyPress::upKey, 12},
                                   {juce::KeyPress::downKey, -12}})
        if (press_.isKeyCode(code)) {
            player_.select(player_.keys.step(player_.selected, by));
            reveal(player_.selected);
            return true;
        }
    return player_.do_by_letter(player_.selected, press_);
}

bool Keyboard::keyStateChanged(bool) {
    if (struck_by_space_ >= 0 && !juce::KeyPress::isKeyCurrentlyDown(juce::KeyPress::spaceKey)) {
        player_.strike(struck_by_space_, 0);
        struck_by_space_ = -1;
    }
    return false;
}

void Keyboard::focusGained(FocusChangeType) { repaint(); }

void Keyboard::focusLost(FocusChangeType) {
    if (struck_by_space_ >= 0)
        player_.strike(struck_by_space_, 0);
    struck_by_space_ = -1;
    repaint();
}

namespace {

/// Says which key is chosen.
class ChosenKey final : public juce::AccessibilityTextValueInterface {
public:
    explicit ChosenKey(Player& player) : player_(player) {}
    bool isReadOnly() const override { return true; }
    juce::String getCurrentValueAsString() const override {
        const KeySounds* sounds = player_.keys.find(player_.selected);
        return sounds == nullptr
                   ? "No key is chosen"
                   : note_name(sounds->key) + ", key " + juce::String(sounds->key) + (sounds->locked ? ", locked" : "");
    }
    void setValueAsString(const juce::String&) override {}

private:
    Player& player_;
};

} // namespace

std::unique_ptr<juce::AccessibilityHandler> Keyboard::createAccessibilityHandler() {
    return std::make_unique<juce::AccessibilityHandler>(
        *this, juce::AccessibilityRole::slider,
        juce::AccessibilityActions().addAction(juce::AccessibilityActionType::press,
                                               [this] {
                                                   if (player_.selected >= 0) {
                                                       player_.strike(player_.selected, usual_velocity);
                                                       player_.strike(player_.selected, 0);
                                                   }
                                               }),
        juce::AccessibilityHandler::Interfaces{std::make_unique<ChosenKey>(player_)});
}

} // namespace producergan::plugin
