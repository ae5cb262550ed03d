#include "knob.hpp"

namespace producergan::plugin {

namespace {

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
    setScrollWheelEnabled(true);
    look::name(*this, label_of(parameter),
               "Drag up or down; double-click to set it back. Arrow keys move it, with Shift in small steps.");
}

void Knob::valueChanged() {
    if (on_move)
        on_move();
}

bool Knob::keyPressed(const juce::KeyPress& press) {
    const auto modifiers = press.getModifiers();
    if (!isEnabled() || modifiers.isCommandDown() || modifiers.isAltDown() || modifiers.isCtrlDown())
        return false;
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

LabelledKnob::LabelledKnob(HostParameter& parameter) : knob_(parameter), label_(short_label(parameter)) {
    knob_.on_move = [this] { repaint(); };
    addAndMakeVisible(knob_);
}

void LabelledKnob::paint(juce::Graphics& g) {
    auto area = getLocalBounds().withTrimmedLeft(knob_.getRight() + 7);
    area = area.withSizeKeepingCentre(area.getWidth(), juce::jmin(32, area.getHeight()));
    g.setFont(look::font(look::small_text));
    g.setColour(look::dim);
    look::draw_line(g, label_, area.removeFromTop(area.getHeight() / 2), juce::Justification::centredLeft);
    g.setColour(look::text);
    look::draw_line(g, value_text(knob_.parameter()), area, juce::Justification::centredLeft);
}

void LabelledKnob::resized() {
    const int size = juce::jmin(34, getHeight());
    knob_.setBounds(0, (getHeight() - size) / 2, size, size);
}

LabelledChoice::LabelledChoice(HostParameter& parameter) : label_(short_label(parameter)) {
    box_.addItemList(parameter.getAllValueStrings(), 1);
    box_.setMouseClickGrabsKeyboardFocus(false);
    look::name(box_, label_of(parameter), "Chooses one of a few.");
    attachment_ = std::make_unique<juce::ComboBoxParameterAttachment>(parameter, box_);
    addAndMakeVisible(box_);
}

void LabelledChoice::paint(juce::Graphics& g) {
    g.setFont(look::font(look::small_text));
    g.setColour(look::dim);
    look::draw_line(g, label_, getLocalBounds().removeFromTop(getHeight() - 20), juce::Justification::centredLeft);
}

void LabelledChoice::resized() { box_.setBounds(getLocalBounds().removeFromBottom(20).withTrimmedRight(8)); }

} // namespace producergan::plugin
