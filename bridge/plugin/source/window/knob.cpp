#include "knob.hpp"

namespace producergan::plugin {

namespace {

constexpr const char* knob_help =
    "Drag up or down; double-click to set it back. Arrow keys move it, with Shift in small steps.";

bool is_rest(const juce::KeyPress& press) {
    return look::alone(press) &&
           (press.isKeyCode(juce::KeyPress::backspaceKey) || press.isKeyCode(juce::KeyPress::deleteKey));
}

juce::String label_of(const HostParameter& parameter) { return parameter.getName(64); }

/// What a label reads where there is little room.
juce::String short_label(const HostParameter& parameter) {
    return label_of(parameter).replace("Envelope to ", "Env. to ").replace("Pressure to ", "Press. to ");
}

} // namespace

juce::String value_text(const HostParameter& parameter) {
    const juce::String unit = parameter.getLabel();
    const juce::String text = parameter.getText(parameter.getValue(), 0);
    return unit.isEmpty() ? text : unit == "semitones" ? text + " st" : unit.length() <= 3 ? text + " " + unit : text;
}

Knob::Knob(HostParameter& parameter)
    : Slider(RotaryHorizontalVerticalDrag, NoTextBox), parameter_(parameter), attachment_(parameter, *this) {
    setRotaryParameters(juce::MathConstants<float>::pi * 1.22f, juce::MathConstants<float>::pi * 2.78f, true);
    setMouseDragSensitivity(180);
    setDoubleClickReturnValue(true, parameter.convertFrom0to1(parameter.getDefaultValue()));
    setWantsKeyboardFocus(true);
    setMouseClickGrabsKeyboardFocus(false);
    look::name(*this, label_of(parameter), knob_help);
}

Knob::~Knob() {
    if (dragged_)
        parameter_.endChangeGesture(); // the attachment does not hear of it any more
}

void Knob::rest() {
    if (on_rest)
        return on_rest();
    const ScopedDragNotification gesture(*this);
    setValue(getDoubleClickReturnValue(), juce::sendNotificationSync);
}

void Knob::mouseDoubleClick(const juce::MouseEvent&) {
    if (isEnabled())
        rest();
}

void Knob::valueChanged() {
    if (on_move)
        on_move();
}

bool Knob::keyPressed(const juce::KeyPress& press) {
    const auto modifiers = press.getModifiers();
    if (!isEnabled() || modifiers.isCommandDown() || modifiers.isAltDown() || modifiers.isCtrlDown())
        return false;
    if (is_rest(press)) {
        rest();
        return true;
    }
    int steps = 0;
    for (const auto& [code, by] : {std::pair{juce::KeyPress::upKey, 1},
                                   {juce::KeyPress::rightKey, 1},
                                   {juce::KeyPress::downKey, -1},
                                   {juce::KeyPress::leftKey, -1},
                                   {juce::KeyPress::pageUpKey, 10},
                                   {juce::KeyPress::pageDownKey, -10}})
        if (press.isKeyCode(code))
            steps = by;
    if (steps == 0)
        return false;
    const double range = getMaximum() - getMinimum();
    const double proportion =
        parameter_.isDiscrete() ? steps / range : steps * (modifiers.isShiftDown() ? 0.002 : 0.02);
    const ScopedDragNotification gesture(*this);
    setValue(proportionOfLengthToValue(juce::jlimit(0.0, 1.0, valueToProportionOfLength(getValue()) + proportion)),
             juce::sendNotificationSync);
    return true;
}

void Knob::mouseEnter(const juce::MouseEvent& event) {
    repaint();
    Slider::mouseEnter(event);
}

void Knob::mouseExit(const juce::MouseEvent& event) {
    repaint();
    Slider::mouseExit(event);
}

// ---- with a label ------------------------------------------------------------------------------------------------

LabelledControl::LabelledControl(Player& player, HostParameter& parameter)
    : player_(player), parameter_(parameter), label_(short_label(parameter)) {}

juce::String LabelledControl::help(const juce::String& how) const {
    return (parameter_.row().scope == Scope::zone ? "Sets all zones. " : "") + how;
}

/// In one gesture, as hosts want to hear of all movements.
void LabelledControl::give_back() {
    if (player_.model == nullptr)
        return;
    parameter_.beginChangeGesture();
    parameter_.give_back(player_.model->value(parameter_.row().scope, parameter_.index()));
    parameter_.endChangeGesture();
    refresh();
}

void LabelledControl::refresh() {
    if (parameter_.taken_over() == moved_)
        return;
    moved_ = parameter_.taken_over();
    describe(moved_ ? "Moved: it counts in the place of the preset's own. Backspace gives it back." : "");
    repaint();
}

/// With a point behind it once it was moved.
void LabelledControl::draw_label(juce::Graphics& g, juce::Rectangle<int> area) const {
    g.setFont(look::font(look::small_text));
    g.setColour(moved_ ? look::text : look::dim);
    constexpr int point = 6;
    const int width = juce::jmin(area.getWidth() - point - 3, g.getCurrentFont().getStringWidth(label_) + 1);
    look::draw_line(g, label_, moved_ ? area.withWidth(width) : area, juce::Justification::centredLeft);
    if (!moved_)
        return;
    g.setColour(look::accent);
    g.fillEllipse(area.withTrimmedLeft(width + 3).withWidth(point).withSizeKeepingCentre(point, point).toFloat());
}

LabelledKnob::LabelledKnob(Player& player, HostParameter& parameter, bool listed)
    : LabelledControl(player, parameter), knob_(parameter) {
    knob_.on_move = [this] { repaint(); };
    knob_.on_rest = [this] { give_back(); };
    knob_.setScrollWheelEnabled(!listed);
    look::name(knob_, knob_.getTitle(), help(knob_help));
    addAndMakeVisible(knob_);
}

void LabelledKnob::paint(juce::Graphics& g) {
    auto area = getLocalBounds().withTrimmedLeft(knob_.getRight() + 7);
    area = area.withSizeKeepingCentre(area.getWidth(), juce::jmin(32, area.getHeight()));
    draw_label(g, area.removeFromTop(area.getHeight() / 2));
    g.setFont(look::font(look::small_text));
    g.setColour(look::text);
    look::draw_line(g, value_text(knob_.parameter()), area, juce::Justification::centredLeft);
}

void LabelledKnob::resized() {
    const int size = juce::jmin(34, getHeight());
    knob_.setBounds(0, (getHeight() - size) / 2, size, size);
}

LabelledChoice::LabelledChoice(Player& player, HostParameter& parameter) : LabelledControl(player, parameter) {
    box_.addItemList(parameter.getAllValueStrings(), 1);
    box_.setMouseClickGrabsKeyboardFocus(false);
    look::name(box_, label_of(parameter), help("Chooses one of a few; double-click its name to set it back."));
    attachment_ = std::make_unique<juce::ComboBoxParameterAttachment>(parameter, box_);
    addAndMakeVisible(box_);
}

bool LabelledChoice::Box::keyPressed(const juce::KeyPress& press) {
    if (!is_rest(press))
        return ComboBox::keyPressed(press);
    owner_.give_back();
    return true;
}

void LabelledChoice::paint(juce::Graphics& g) { draw_label(g, getLocalBounds().removeFromTop(getHeight() - 20)); }

void LabelledChoice::resized() { box_.setBounds(getLocalBounds().removeFromBottom(20).withTrimmedRight(8)); }

} // namespace producergan::plugin
