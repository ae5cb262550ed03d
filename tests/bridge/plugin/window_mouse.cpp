#include "window_mouse.hpp"

namespace producergan::plugin::test {

namespace {

constexpr auto mouse = juce::MouseInputSource::InputSourceType::mouse;
constexpr int step_ms = 10, apart_ms = 2000; // of the events of a click; of clicks that belong to nothing before

} // namespace

void Mouse::send(juce::Point<float> at, int buttons) {
    at_ = at;
    buttons_ = buttons;
    time_ += step_ms;
    juce::ModifierKeys::currentModifiers = juce::ModifierKeys(buttons);
    window_.getPeer()->handleMouseEvent(mouse, at, juce::ModifierKeys(buttons), juce::MouseInputSource::defaultPressure,
                                        juce::MouseInputSource::defaultOrientation, time_);
}

void Mouse::press(juce::Component& on) { press(on, on.getLocalBounds().getCentre().toFloat()); }

void Mouse::press(juce::Component& on, juce::Point<float> at, int button) {
    const auto there = window_.getLocalPoint(&on, at);
    time_ += apart_ms;
    send(there, 0);
    send(there, button);
}

void Mouse::move(juce::Component& over, juce::Point<float> at) { send(window_.getLocalPoint(&over, at), buttons_); }

void Mouse::release() { send(at_, 0); }

void Mouse::click(juce::Component& on, int times) {
    press(on);
    release();
    for (int i = 1; i < times; ++i) {
        send(at_, juce::ModifierKeys::leftButtonModifier);
        release();
    }
}

void Mouse::wheel(juce::Component& over, float by) {
    move(over, over.getLocalBounds().getCentre().toFloat());
    juce::MouseWheelDetails details;
    details.deltaX = 0.0f;
    details.deltaY = by;
    details.isReversed = details.isSmooth = details.isInertial = false;
    time_ += step_ms;
    window_.getPeer()->handleMouseWheel(mouse, at_, time_, details);
}

bool type(juce::Component& window, const juce::KeyPress& press) { return window.getPeer()->handleKeyPress(press); }

} // namespace producergan::plugin::test
