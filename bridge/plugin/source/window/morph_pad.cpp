#include "morph_pad.hpp"

#include <algorithm>
#include <utility>

namespace producergan::plugin {

namespace {

constexpr float point_radius = 6.0f, key_step = 0.02f, small_key_step = 0.002f;

/// Reads the point's place to a screen reader.
class PlaceText final : public juce::AccessibilityTextValueInterface {
public:
    explicit PlaceText(const MorphPad& pad) : pad_(pad) {}
    bool isReadOnly() const override { return true; }
    juce::String getCurrentValueAsString() const override {
        const auto at = pad_.position();
        return "x " + juce::String(at.x, 2) + ", y " + juce::String(at.y, 2);
    }
    void setValueAsString(const juce::String&) override {}

private:
    const MorphPad& pad_;
};

} // namespace

MorphPad::MorphPad(HostParameters& parameters) {
    look::name(*this, "Morph pad",
               "Moves between the sounds of a path. Drag the point, or use the arrow keys; "
               "a double click sets it back.");
    setWantsKeyboardFocus(true);
    setMouseClickGrabsKeyboardFocus(false);
    for (std::size_t axis = 0; axis < 2; ++axis) {
        HostParameter& parameter = *parameters.morph[axis];
        rest_[axis] = parameter.convertFrom0to1(parameter.getDefaultValue());
        attachments_[axis] =
            std::make_unique<juce::ParameterAttachment>(parameter, [this, axis](float value) { show(axis, value); });
        attachments_[axis]->sendInitialUpdate();
    }
}

MorphPad::~MorphPad() { end_drag(); }

void MorphPad::show(std::size_t axis, float value) {
    if (at_[axis] == value)
        return;
    at_[axis] = value;
    repaint();
    if (auto* handler = getAccessibilityHandler())
        handler->notifyAccessibilityEvent(juce::AccessibilityEvent::valueChanged);
}

juce::Rectangle<float> MorphPad::field() const { return getLocalBounds().toFloat().reduced(point_radius + 2.0f); }

juce::Point<float> MorphPad::point() const {
    return {field().getX() + at_[0] * field().getWidth(), field().getBottom() - at_[1] * field().getHeight()};
}

void MorphPad::paint(juce::Graphics& g) {
    const auto area = getLocalBounds().toFloat();
    const float alpha = isEnabled() ? 1.0f : 0.35f;
    g.setColour(look::raised.withMultipliedAlpha(alpha));
    g.fillRoundedRectangle(area, look::small_radius);
    g.setColour(look::line.withMultipliedAlpha(alpha));
    for (int i = 1; i < 4; ++i) {
        const float part = 0.25f * static_cast<float>(i);
        g.fillRect(field().getX() + part * field().getWidth() - 0.5f, field().getY(), 1.0f, field().getHeight());
        g.fillRect(field().getX(), field().getY() + part * field().getHeight() - 0.5f, field().getWidth(), 1.0f);
    }
    if (isEnabled()) {
        const auto at = point();
        g.setColour(look::accent.withAlpha(0.35f));
        g.fillRect(at.x - 0.5f, field().getY(), 1.0f, field().getHeight());
        g.fillRect(field().getX(), at.y - 0.5f, field().getWidth(), 1.0f);
        g.setColour(look::accent);
        g.fillEllipse(juce::Rectangle<float>(2.0f * point_radius, 2.0f * point_radius).withCentre(at));
        g.setColour(look::background);
        g.fillEllipse(juce::Rectangle<float>(4.0f, 4.0f).withCentre(at));
    }
    if (hasKeyboardFocus(false))
        look::draw_focus(g, area, look::small_radius);
}

void MorphPad::move_to(juce::Point<float> place) {
    const auto area = field();
    const std::array<float, 2> to{(place.x - area.getX()) / area.getWidth(),
                                  (area.getBottom() - place.y) / area.getHeight()};
    for (std::size_t axis = 0; axis < 2; ++axis)
        attachments_[axis]->setValueAsPartOfGesture(juce::jlimit(0.0f, 1.0f, to[axis]));
}

void MorphPad::mouseDown(const juce::MouseEvent& event) {
    if (dragged_ || event.mods.isPopupMenu()) // a second finger moves nothing
        return;
    dragged_ = true;
    for (const auto& attachment : attachments_)
        attachment->beginGesture();
    move_to(event.position);
}

void MorphPad::mouseDrag(const juce::MouseEvent& event) {
    if (dragged_)
        move_to(event.position);
}

void MorphPad::mouseUp(const juce::MouseEvent&) { end_drag(); }

void MorphPad::end_drag() {
    if (!std::exchange(dragged_, false))
        return;
    for (const auto& attachment : attachments_)
        attachment->endGesture();
}

void MorphPad::mouseDoubleClick(const juce::MouseEvent&) {
    for (std::size_t axis = 0; axis < 2; ++axis)
        attachments_[axis]->setValueAsCompleteGesture(rest_[axis]);
}

bool MorphPad::keyPressed(const juce::KeyPress& press) {
    if (!look::alone(press) && press.getModifiers() != juce::ModifierKeys(juce::ModifierKeys::shiftModifier))
        return false;
    const float step = press.getModifiers().isShiftDown() ? small_key_step : key_step;
    struct Move {
        int code;
        std::size_t axis;
        float by;
    };
    for (const Move& move : {Move{juce::KeyPress::leftKey, 0, -step}, Move{juce::KeyPress::rightKey, 0, step},
                             Move{juce::KeyPress::downKey, 1, -step}, Move{juce::KeyPress::upKey, 1, step}})
        if (press.isKeyCode(move.code)) {
            attachments_[move.axis]->setValueAsCompleteGesture(juce::jlimit(0.0f, 1.0f, at_[move.axis] + move.by));
            return true;
        }
    return false;
}

std::unique_ptr<juce::AccessibilityHandler> MorphPad::createAccessibilityHandler() {
    return std::make_unique<juce::AccessibilityHandler>(
        *this, juce::AccessibilityRole::slider, juce::AccessibilityActions(),
        juce::AccessibilityHandler::Interfaces{std::make_unique<PlaceText>(*this)});
}

// ---- its frame ---------------------------------------------------------------------------------------------------

MorphCard::MorphCard(Player& player) : Card("Morph"), player_(player), pad_(player.processor.parameters) {
    addAndMakeVisible(pad_);
    rebuild();
}

void MorphCard::rebuild() {
    const bool path = player_.model != nullptr && std::any_of(player_.model->zones.begin(), player_.model->zones.end(),
                                                              [](const ZoneModel& zone) { return zone.path; });
    pad_.setEnabled(path);
}

void MorphCard::resized() { pad_.setBounds(inside()); }

} // namespace producergan::plugin
