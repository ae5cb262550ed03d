#include "look.hpp"

#include <array>

namespace producergan::plugin {

namespace look {

namespace {

/// A quiet typeface that is there; JUCE's own choice elsewhere than on Linux, whose choice is a wide one.
juce::String typeface() {
#if JUCE_LINUX || JUCE_BSD
    static const juce::String chosen = [] {
        const juce::StringArray there = juce::Font::findAllTypefaceNames();
        for (const char* name : {"Inter", "Noto Sans", "Source Sans 3", "Cantarell", "Liberation Sans", "Nimbus Sans"})
            if (there.contains(name))
                return juce::String(name);
        return juce::Font::getDefaultSansSerifFontName();
    }();
    return chosen;
#else
    return juce::Font::getDefaultSansSerifFontName();
#endif
}

} // namespace

juce::Colour tint(int zone) {
    static const std::array<juce::Colour, 6> tints{accent,
                                                   juce::Colour(0xffe6c08c),
                                                   juce::Colour(0xffb4a9ea),
                                                   juce::Colour(0xff8fbdea),
                                                   juce::Colour(0xffe5a0a9),
                                                   juce::Colour(0xffc2d38a)};
    return tints[static_cast<std::size_t>(juce::jmax(0, zone)) % tints.size()];
}

juce::Font font(float size, bool strong) {
    return juce::Font(typeface(), 10.0f, strong ? juce::Font::bold : juce::Font::plain).withPointHeight(size);
}

void draw_card(juce::Graphics& g, juce::Rectangle<float> bounds) {
    g.setColour(card);
    g.fillRoundedRectangle(bounds, radius);
}

void draw_focus(juce::Graphics& g, juce::Rectangle<float> bounds, float corner) {
    g.setColour(text);
    g.drawRoundedRectangle(bounds.reduced(1.0f), corner, 1.5f);
}

void draw_line(juce::Graphics& g, const juce::String& words, juce::Rectangle<int> bounds, juce::Justification where) {
    g.drawFittedText(words, bounds, where, 1, 0.82f);
}

void draw_arrow(juce::Graphics& g, juce::Point<float> middle, Way way) {
    juce::Path arrow;
    arrow.startNewSubPath(-4.0f, -2.0f);
    arrow.lineTo(0.0f, 2.0f);
    arrow.lineTo(4.0f, -2.0f);
    const float turn = way == Way::down ? 0.0f : way == Way::left ? 0.25f : -0.25f;
    g.setColour(dim);
    g.strokePath(arrow, juce::PathStrokeType(1.7f),
                 juce::AffineTransform::rotation(turn * juce::MathConstants<float>::twoPi).translated(middle));
}

bool alone(const juce::KeyPress& press) { return !press.getModifiers().isAnyModifierKeyDown(); }

juce::Path lock_shape(juce::Rectangle<float> bounds) {
    juce::Path shape;
    const float width = bounds.getWidth(), height = bounds.getHeight();
    shape.addRoundedRectangle(bounds.getX(), bounds.getY() + 0.45f * height, width, 0.55f * height, 0.12f * width);
    juce::Path bow;
    bow.addCentredArc(bounds.getCentreX(), bounds.getY() + 0.36f * height, 0.3f * width, 0.3f * height, 0.0f,
                      -juce::MathConstants<float>::halfPi, juce::MathConstants<float>::halfPi, true);
    bow.lineTo(bounds.getCentreX() + 0.3f * width, bounds.getY() + 0.5f * height);
    bow.startNewSubPath(bounds.getCentreX() - 0.3f * width, bounds.getY() + 0.36f * height);
    bow.lineTo(bounds.getCentreX() - 0.3f * width, bounds.getY() + 0.5f * height);
    juce::PathStrokeType(0.16f * width).createStrokedPath(bow, bow);
    shape.addPath(bow);
    return shape;
}

} // namespace look

// ---- buttons -----------------------------------------------------------------------------------------------------

ArrowButton::ArrowButton(look::Way way, const juce::String& title, const juce::String& help) : Button({}), way_(way) {
    look::name(*this, title, help);
    setMouseClickGrabsKeyboardFocus(false);
}

void ArrowButton::paintButton(juce::Graphics& g, bool over, bool down) {
    getLookAndFeel().drawButtonBackground(g, *this, look::raised, over, down);
    look::draw_arrow(g, getLocalBounds().getCentre().toFloat(), way_);
}

// ---- cards -------------------------------------------------------------------------------------------------------

Card::Card(const juce::String& title) : heading_(title) {
    setTitle(title);
    setFocusContainerType(FocusContainerType::focusContainer);
}

void Card::paint(juce::Graphics& g) {
    look::draw_card(g, getLocalBounds().toFloat());
    g.setColour(look::dim);
    g.setFont(look::font(look::small_text, true));
    look::draw_line(g, heading_, title_row(), juce::Justification::centredLeft);
}

juce::Rectangle<int> Card::title_row() const {
    return getLocalBounds().reduced(look::padding, look::gap).removeFromTop(look::title_height);
}

juce::Rectangle<int> Card::inside() const {
    return getLocalBounds().reduced(look::padding, look::gap).withTrimmedTop(look::title_height + look::gap - 2);
}

void Card::set_heading(const juce::String& heading) {
    if (heading == heading_)
        return;
    heading_ = heading;
    setTitle(heading);
    repaint();
}

// ---- controls ----------------------------------------------------------------------------------------------------

Look::Look() {
    setDefaultSansSerifTypefaceName(look::font(look::body_text).getTypefaceName());
    setColour(juce::ResizableWindow::backgroundColourId, look::background);
    setColour(juce::TextButton::buttonColourId, look::raised);
    setColour(juce::TextButton::buttonOnColourId, look::accent);
    setColour(juce::TextButton::textColourOffId, look::text);
    setColour(juce::TextButton::textColourOnId, look::background);
    setColour(juce::ComboBox::textColourId, look::text);
    setColour(juce::PopupMenu::backgroundColourId, look::raised);
    setColour(juce::PopupMenu::textColourId, look::text);
    setColour(juce::PopupMenu::headerTextColourId, look::dim);
    setColour(juce::PopupMenu::highlightedBackgroundColourId, look::line);
    setColour(juce::PopupMenu::highlightedTextColourId, look::text);
    setColour(juce::Label::textColourId, look::text);
}

void Look::drawRotarySlider(juce::Graphics& g, int x, int y, int width, int height, float position, float start,
                            float end, juce::Slider& slider) {
    const auto area = juce::Rectangle<int>(x, y, width, height).toFloat();
    const float size = juce::jmin(area.getWidth(), area.getHeight());
    const auto round = area.withSizeKeepingCentre(size, size).reduced(1.5f);
    const bool large = size > 40.0f;
    const float thickness = large ? 3.5f : 2.5f;
    const auto centre = round.getCentre();
    const float arc = round.getWidth() / 2.0f - thickness / 2.0f;
    const float angle = start + position * (end - start);
    const float alpha = slider.isEnabled() ? 1.0f : 0.35f;
    // From 0 where the range lies to both sides of it, else from its lower end.
    const bool both = slider.getMinimum() < 0.0 && slider.getMaximum() > 0.0;
    const float origin =
        both ? start + static_cast<float>(slider.valueToProportionOfLength(0.0)) * (end - start) : start;
    const auto draw_arc = [&](float from, float to, juce::Colour colour) {
        juce::Path path;
        path.addCentredArc(centre.x, centre.y, arc, arc, 0.0f, from, to, true);
        g.setColour(colour.withMultipliedAlpha(alpha));
        g.strokePath(path,
                     juce::PathStrokeType(thickness, juce::PathStrokeType::curved, juce::PathStrokeType::rounded));
    };
    const float body = arc - thickness * (large ? 1.8f : 1.4f);
    g.setColour((slider.isMouseOverOrDragging() ? look::hovered : look::raised).withMultipliedAlpha(alpha));
    g.fillEllipse(juce::Rectangle<float>(2.0f * body, 2.0f * body).withCentre(centre));
    draw_arc(start, end, look::line);
    if (slider.isEnabled() && std::abs(angle - origin) > 0.01f)
        draw_arc(juce::jmin(origin, angle), juce::jmax(origin, angle), look::accent);
    g.setColour(look::text.withMultipliedAlpha(alpha));
    if (large) { // a point on the arc, and the value inside
        g.fillEllipse(juce::Rectangle<float>(7.0f, 7.0f).withCentre(centre.getPointOnCircumference(arc, angle)));
        g.setFont(look::font(look::small_text));
        if (slider.isEnabled())
            look::draw_line(g, slider.getTextFromValue(slider.getValue()), round.reduced(size * 0.16f).toNearestInt(),
                            juce::Justification::centred);
    } else {
        g.drawLine(
            {centre.getPointOnCircumference(body * 0.4f, angle), centre.getPointOnCircumference(body - 1.5f, angle)},
            2.0f);
    }
    if (slider.hasKeyboardFocus(false))
        look::draw_focus(g, area, look::small_radius);
}

void Look::drawButtonBackground(juce::Graphics& g, juce::Button& button, const juce::Colour& colour, bool over,
                                bool down) {
    const auto area = button.getLocalBounds().toFloat();
    auto fill = button.getToggleState() ? button.findColour(juce::TextButton::buttonOnColourId) : colour;
    if (down || over)
        fill = button.getToggleState() ? fill.brighter(0.15f) : look::hovered;
    if (down)
        fill = fill.brighter(0.1f);
    g.setColour(fill.withMultipliedAlpha(button.isEnabled() ? 1.0f : 0.5f));
    g.fillRoundedRectangle(area, look::small_radius);
    if (button.hasKeyboardFocus(false))
        look::draw_focus(g, area, look::small_radius);
}

void Look::drawButtonText(juce::Graphics& g, juce::TextButton& button, bool, bool) {
    g.setFont(look::font(look::body_text));
    g.setColour(
        button
            .findColour(button.getToggleState() ? juce::TextButton::textColourOnId : juce::TextButton::textColourOffId)
            .withMultipliedAlpha(button.isEnabled() ? 1.0f : 0.45f));
    look::draw_line(g, button.getButtonText(), button.getLocalBounds().reduced(6, 0), juce::Justification::centred);
}

void Look::drawComboBox(juce::Graphics& g, int width, int height, bool, int, int, int, int, juce::ComboBox& box) {
    const auto area = juce::Rectangle<int>(width, height).toFloat();
    g.setColour(box.isMouseOver(true) ? look::hovered : look::raised);
    g.fillRoundedRectangle(area, look::small_radius);
    look::draw_arrow(g, {area.getRight() - 12.0f, area.getCentreY()}, look::Way::down);
    if (box.hasKeyboardFocus(true))
        look::draw_focus(g, area, look::small_radius);
}

/// Its letters pass a click on, and what clicks on a box mean is the box's to say.
juce::Label* Look::createComboBoxTextBox(juce::ComboBox& box) {
    juce::Label* label = LookAndFeel_V4::createComboBoxTextBox(box);
    label->setMouseClickGrabsKeyboardFocus(false);
    return label;
}

void Look::positionComboBoxText(juce::ComboBox& box, juce::Label& label) {
    label.setBounds(box.getLocalBounds().withTrimmedLeft(3).withTrimmedRight(20));
    label.setFont(getComboBoxFont(box));
}

juce::Font Look::getComboBoxFont(juce::ComboBox&) { return look::font(look::small_text); }

juce::Font Look::getPopupMenuFont() { return look::font(look::body_text); }

void Look::drawPopupMenuBackgroundWithOptions(juce::Graphics& g, int, int, const juce::PopupMenu::Options&) {
    g.fillAll(look::raised);
}

void Look::drawScrollbar(juce::Graphics& g, juce::ScrollBar&, int x, int y, int width, int height, bool vertical,
                         int start, int size, bool over, bool down) {
    const auto thumb =
        vertical ? juce::Rectangle<int>(x, start, width, size) : juce::Rectangle<int>(start, y, size, height);
    g.setColour(over || down ? look::faint : look::line);
    g.fillRoundedRectangle(thumb.toFloat().reduced(2.0f), 2.0f);
}

juce::TextLayout Look::tooltip_layout(const juce::String& words) {
    juce::AttributedString text;
    text.append(words, look::font(look::small_text), look::text);
    juce::TextLayout layout;
    layout.createLayout(text, 320.0f);
    return layout;
}

juce::Rectangle<int> Look::getTooltipBounds(const juce::String& words, juce::Point<int> at, juce::Rectangle<int> area) {
    const auto layout = tooltip_layout(words);
    const int width = static_cast<int>(layout.getWidth()) + 20, height = static_cast<int>(layout.getHeight()) + 14;
    const int x = at.x > area.getCentreX() ? at.x - width - 8 : at.x + 16;
    const int y = at.y > area.getCentreY() ? at.y - height - 6 : at.y + 18;
    return juce::Rectangle<int>(x, y, width, height).constrainedWithin(area);
}

void Look::drawTooltip(juce::Graphics& g, const juce::String& words, int width, int height) {
    const auto area = juce::Rectangle<int>(width, height).toFloat();
    g.fillAll(look::raised);
    g.setColour(look::line);
    g.drawRect(area, 1.0f);
    tooltip_layout(words).draw(g, area.reduced(10.0f, 7.0f));
}

void Look::drawCornerResizer(juce::Graphics& g, int width, int height, bool over, bool down) {
    g.setColour(over || down ? look::dim : look::line);
    for (const float part : {0.45f, 0.7f}) {
        const float w = static_cast<float>(width) - 3.0f, h = static_cast<float>(height) - 3.0f;
        g.drawLine(w * part, h, w, h * part, 1.5f);
    }
}

} // namespace producergan::plugin
