#pragma once
#include <juce_gui_basics/juce_gui_basics.h>

namespace producergan::plugin {

/// The window's colours, letters and shapes. Sizes are in units of the window's own scale. [message-thread]
namespace look {

inline const juce::Colour background{0xff111317}, card{0xff191c22}, raised{0xff252a33}, hovered{0xff2f3540},
    line{0xff353b46}, text{0xffeceef2}, dim{0xffa9b1be}, faint{0xff7d8694}, accent{0xff8fd6c3};

inline constexpr int gap = 10, padding = 12, title_height = 20, button_height = 28;
inline constexpr float radius = 8.0f, small_radius = 5.0f;
inline constexpr float small_text = 12.0f, body_text = 13.0f, large_text = 17.0f; // no letters are smaller

/// The colour of a zone's sounds.
juce::Colour tint(int zone);

/// Letters of so many pixels to the em.
juce::Font font(float size, bool strong = false);

void draw_card(juce::Graphics& g, juce::Rectangle<float> bounds);
void draw_focus(juce::Graphics& g, juce::Rectangle<float> bounds, float corner);

/// One line that is squeezed a little before it is cut.
void draw_line(juce::Graphics& g, const juce::String& text, juce::Rectangle<int> bounds, juce::Justification where);

enum class Way { left, right, down };
void draw_arrow(juce::Graphics& g, juce::Point<float> middle, Way way);

juce::Path lock_shape(juce::Rectangle<float> bounds);

/// Whether nothing but the key itself is down: with Shift, Ctrl, Alt or Command it is a host's command.
bool alone(const juce::KeyPress& press);

/// What screen readers and the mouse's hint say of a control.
template <typename Control>
void name(Control& control, const juce::String& title, const juce::String& help) {
    control.setTitle(title);
    control.setHelpText(help);
    control.setTooltip(help);
}

} // namespace look

/// A button with an arrow.
class ArrowButton final : public juce::Button {
public:
    ArrowButton(look::Way way, const juce::String& title, const juce::String& help);
    void paintButton(juce::Graphics& g, bool over, bool down) override;

private:
    const look::Way way_;
};

/// A titled area of the window.
class Card : public juce::Component {
public:
    explicit Card(const juce::String& title);

    void paint(juce::Graphics& g) override;

protected:
    juce::Rectangle<int> title_row() const; // where its buttons stand too
    juce::Rectangle<int> inside() const;    // below the title
    void set_heading(const juce::String& heading);

private:
    juce::String heading_;
};

/// How JUCE's own controls look here.
class Look final : public juce::LookAndFeel_V4 {
public:
    Look();

    void drawRotarySlider(juce::Graphics&, int x, int y, int width, int height, float position, float start, float end,
                          juce::Slider&) override;
    void drawButtonBackground(juce::Graphics&, juce::Button&, const juce::Colour&, bool over, bool down) override;
    void drawButtonText(juce::Graphics&, juce::TextButton&, bool over, bool down) override;
    void drawComboBox(juce::Graphics&, int width, int height, bool down, int x, int y, int w, int h,
                      juce::ComboBox&) override;
    juce::Label* createComboBoxTextBox(juce::ComboBox&) override;
    void positionComboBoxText(juce::ComboBox&, juce::Label&) override;
    juce::Font getComboBoxFont(juce::ComboBox&) override;
    juce::Font getPopupMenuFont() override;
    void drawPopupMenuBackgroundWithOptions(juce::Graphics&, int width, int height,
                                            const juce::PopupMenu::Options&) override;
    void drawScrollbar(juce::Graphics&, juce::ScrollBar&, int x, int y, int width, int height, bool vertical, int start,
                       int size, bool over, bool down) override;
    juce::Rectangle<int> getTooltipBounds(const juce::String&, juce::Point<int> at, juce::Rectangle<int> area) override;
    void drawTooltip(juce::Graphics&, const juce::String&, int width, int height) override;
    void drawCornerResizer(juce::Graphics&, int width, int height, bool over, bool down) override;

private:
    static juce::TextLayout tooltip_layout(const juce::String& text);
};

} // namespace producergan::plugin
