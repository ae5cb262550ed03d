#include "status_bar.hpp"

namespace producergan::plugin {

namespace {

struct Face { // how a state looks
    const char* word;
    juce::Colour colour;
};

Face face(Status::Kind kind) {
    switch (kind) {
    case Status::Kind::ready:
        return {"Ready", juce::Colour(0xff8fd6a2)};
    case Status::Kind::starting:
        return {"Starting", juce::Colour(0xff8fbdea)};
    case Status::Kind::rendering:
        return {"Rendering", juce::Colour(0xffe6c46e)};
    case Status::Kind::missing:
        return {"Missing", juce::Colour(0xfff0918a)};
    case Status::Kind::frozen:
        return {"Frozen copy", juce::Colour(0xffa9d3ee)};
    case Status::Kind::failed:
        break;
    }
    return {"Failed", juce::Colour(0xfff0918a)};
}

/// A tick, a ring that is not closed, three bars, a cross, a flake, an exclamation mark.
juce::Path glyph(Status::Kind kind, juce::Rectangle<float> area) {
    juce::Path path;
    const auto centre = area.getCentre();
    const float size = area.getWidth() / 2.0f;
    const auto line = [&](float x1, float y1, float x2, float y2) {
        path.startNewSubPath(centre.x + x1 * size, centre.y + y1 * size);
        path.lineTo(centre.x + x2 * size, centre.y + y2 * size);
    };
    switch (kind) {
    case Status::Kind::ready:
        line(-0.8f, 0.0f, -0.2f, 0.65f);
        path.lineTo(centre.x + 0.85f * size, centre.y - 0.65f * size);
        break;
    case Status::Kind::starting:
        path.addCentredArc(centre.x, centre.y, 0.8f * size, 0.8f * size, 0.0f, 0.6f, 5.7f, true);
        break;
    case Status::Kind::rendering:
        line(-0.7f, -0.2f, -0.7f, 0.2f);
        line(0.0f, -0.8f, 0.0f, 0.8f);
        line(0.7f, -0.45f, 0.7f, 0.45f);
        break;
    case Status::Kind::missing:
        line(-0.7f, -0.7f, 0.7f, 0.7f);
        line(-0.7f, 0.7f, 0.7f, -0.7f);
        break;
    case Status::Kind::frozen:
        line(0.0f, -0.9f, 0.0f, 0.9f);
        line(-0.78f, -0.45f, 0.78f, 0.45f);
        line(-0.78f, 0.45f, 0.78f, -0.45f);
        break;
    case Status::Kind::failed:
        line(0.0f, -0.9f, 0.0f, 0.2f);
        line(0.0f, 0.75f, 0.0f, 0.8f);
        break;
    }
    juce::Path outline;
    juce::PathStrokeType(2.0f, juce::PathStrokeType::curved, juce::PathStrokeType::rounded)
        .createStrokedPath(outline, path);
    return outline;
}

/// "rendering new sounds" says again what the word "Rendering" says: what it adds to the word.
juce::String beside(const Status& status) {
    const juce::String word = face(status.kind).word;
    if (status.kind == Status::Kind::ready)
        return {};
    if (status.kind == Status::Kind::rendering)
        return status.pending > 0
                   ? juce::String(status.pending) + (status.pending == 1 ? " sound to come" : " sounds to come")
                   : juce::String("new sounds");
    return status.sentence.startsWith(word + ": ") ? status.sentence.substring(word.length() + 2) : status.sentence;
}

} // namespace

StatusBar::StatusBar(Player& player) : player_(player), heard_(player.processor.notices_put_away) {
    setTitle("Status");
    setFocusContainerType(FocusContainerType::focusContainer);
    look::name(dismiss_, "Put the notice away", "Puts away what was said.");
    dismiss_.setMouseClickGrabsKeyboardFocus(false);
    dismiss_.onClick = [this] { dismiss(); };
    addChildComponent(dismiss_);
    refresh();
}

void StatusBar::refresh() {
    const Status& status = player_.status;
    const double kept = static_cast<double>(player_.processor.session.kept_bytes()) / 1e6;
    const juce::String text =
        kept > 0.0 ? "This project keeps " + juce::String(kept, 1) + " MB of sounds" : juce::String();
    if (const Notice notice = player_.processor.session.notice(); notice.count != heard_) {
        heard_ = notice.count;
        if (!status.sentence.endsWith(notice.text)) // else it is there already
            say(notice.text);
    }
    if (status.kind == status_.kind && status.sentence == status_.sentence && status.pending == status_.pending &&
        text == kept_)
        return;
    if (status.kind != status_.kind && status.kind != Status::Kind::ready && status.kind != Status::Kind::rendering)
        juce::AccessibilityHandler::postAnnouncement(status.sentence,
                                                     juce::AccessibilityHandler::AnnouncementPriority::low);
    status_ = status;
    kept_ = text;
    setDescription(juce::String(face(status.kind).word) + ". " + status.sentence + " " + kept_);
    layout();
}

void StatusBar::dismiss() {
    player_.processor.notices_put_away = heard_;
    if (status_.kind == Status::Kind::failed)
        player_.processor.dismiss_failure();
    say({});
}

void StatusBar::say(const juce::String& sentence) {
    if (sentence == notice_)
        return;
    notice_ = sentence;
    if (sentence.isNotEmpty())
        juce::AccessibilityHandler::postAnnouncement(sentence,
                                                     juce::AccessibilityHandler::AnnouncementPriority::medium);
    layout();
}

void StatusBar::resized() { layout(); }

/// The size on the right, the state on the left, and what was said in between: each gets what it needs, the last two
/// the less the less there is.
void StatusBar::layout() {
    const auto width = [](const juce::String& text, bool strong = false) {
        return text.isEmpty() ? 0 : look::font(look::small_text, strong).getStringWidth(text) + 14;
    };
    auto area = getLocalBounds().reduced(4, 0);
    kept_area_ = area.removeFromRight(juce::jmin(width(kept_), area.getWidth() / 2));
    const int wanted = 22 + width(face(status_.kind).word, true) + width(beside(status_));
    constexpr int button_room = 40;
    const bool dismissable = notice_.isNotEmpty() || status_.kind == Status::Kind::failed;
    const int room = !dismissable        ? area.getWidth()
                     : notice_.isEmpty() ? area.getWidth() - button_room - 6
                                         : juce::jmax(area.getWidth() / 2, area.getWidth() - 60 - width(notice_));
    status_area_ = area.removeFromLeft(juce::jmin(wanted, room));
    notice_area_ = area;
    dismiss_.setVisible(dismissable);
    if (dismissable) {
        notice_area_.removeFromLeft(6);
        const int length = juce::jmin(width(notice_), notice_area_.getWidth() - button_room);
        notice_area_ = notice_area_.removeFromLeft(length + button_room);
        dismiss_.setBounds(notice_area_.removeFromRight(button_room - 6).reduced(0, 1));
    }
    setTooltip(status_.sentence + (notice_.isEmpty() ? juce::String() : "\n" + notice_));
    repaint();
}

void StatusBar::paint(juce::Graphics& g) {
    const Face look = face(status_.kind);
    auto area = status_area_;
    g.setColour(look.colour);
    g.fillPath(glyph(status_.kind, area.removeFromLeft(14).toFloat().withSizeKeepingCentre(11.0f, 11.0f)));
    area.removeFromLeft(8);
    const auto strong = look::font(look::small_text, true);
    g.setFont(strong);
    look::draw_line(g, look.word, area.removeFromLeft(strong.getStringWidth(look.word) + 10),
                    juce::Justification::centredLeft);
    g.setFont(look::font(look::small_text));
    g.setColour(look::text);
    look::draw_line(g, beside(status_), area, juce::Justification::centredLeft);
    if (notice_.isNotEmpty())
        look::draw_line(g, notice_, notice_area_, juce::Justification::centredLeft);
    g.setColour(look::dim);
    look::draw_line(g, kept_, kept_area_, juce::Justification::centredRight);
}

} // namespace producergan::plugin
