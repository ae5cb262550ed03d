#include "window.hpp"

#include <cmath>
#include <utility>

namespace producergan::plugin {

namespace {

constexpr int full_width = 980, full_height = 640; // from here on all things grow with the window
constexpr float growth = 0.8f;                     // of its size: the rest is room
constexpr int margin = 12, header_height = 40, status_height = 24;
constexpr int least_macros = 480; // width

HostParameter& master_gain(HostParameters& parameters) {
    for (HostParameter* parameter : parameters.sampler)
        if (parameter->row().id == "master_gain_db")
            return *parameter;
    return *parameters.sampler.front();
}

/// Leads the tab key through the controls. A click beside them chooses none: it would take the host's keys.
class OnlyByTab final : public juce::KeyboardFocusTraverser {
    juce::Component* getDefaultComponent(juce::Component*) override { return nullptr; }
};

/// The size that a window had, on the screen that there is now.
juce::Point<int> fitting(juce::Point<int> size) {
    const auto* display = juce::Desktop::getInstance().getDisplays().getPrimaryDisplay();
    const auto room = display != nullptr ? display->userArea : juce::Rectangle<int>(size.x, size.y);
    return {juce::jlimit(Window::least_width, Window::most_width, juce::jmin(size.x, room.getWidth())),
            juce::jlimit(Window::least_height, Window::most_height, juce::jmin(size.y, room.getHeight()))};
}

} // namespace

Window::Window(Processor& processor)
    : AudioProcessorEditor(processor), player_(processor), preset_(player_),
      master_(player_, master_gain(processor.parameters), false), macros_(player_), morph_(player_), keys_(player_),
      key_(player_), sound_(player_, &master_gain(processor.parameters)), status_(player_) {
    setLookAndFeel(&look_);
    setTitle("ProducerGAN");
    setWantsKeyboardFocus(true);
    setOpaque(true);
    content_.setFocusContainerType(FocusContainerType::none);
    content_.setInterceptsMouseClicks(false, true);
    addAndMakeVisible(content_);
    int order = 0;
    for (juce::Component* part :
         std::initializer_list<juce::Component*>{&preset_, &before_, &after_, &master_, &macros_, &morph_, &keys_,
                                                 &key_, &show_sound_, &show_morph_, &sound_, &status_}) {
        part->setExplicitFocusOrder(++order);
        content_.addChildComponent(part);
        part->setVisible(part != &morph_ && part != &show_sound_ &&
                         part != &show_morph_); // those where there is a path
    }
    look::name(show_sound_, "Show sound", "Shows the sampler's parameters.");
    look::name(show_morph_, "Show morph pad", "Shows the pad that moves between the sounds of a path.");
    for (juce::Button* button : {&show_sound_, &show_morph_}) {
        button->setMouseClickGrabsKeyboardFocus(false);
        button->setColour(juce::TextButton::buttonOnColourId, look::line);
        button->setColour(juce::TextButton::textColourOnId, look::text);
    }
    show_sound_.onClick = [this] {
        morph_chosen_ = false;
        layout();
    };
    show_morph_.onClick = [this] {
        morph_chosen_ = true;
        layout();
    };
    before_.onClick = [this] { preset_.step(-1); };
    after_.onClick = [this] { preset_.step(1); };
    player_.on_select = [this] { key_.refresh(); };
    player_.on_say = [this](const juce::String& sentence) { status_.say(sentence); };
    voices_.reserve(Snapshot::capacity);
    const auto kept = fitting(processor.window_size()); // what follows sets sizes of its own
    setResizable(true, true);
    setResizeLimits(least_width, least_height, most_width, most_height);
    setSize(kept.x, kept.y);
    poll();
    startTimerHz(poll_hz);
}

Window::~Window() {
    stopTimer();
    setLookAndFeel(nullptr);
}

void Window::paint(juce::Graphics& g) { g.fillAll(look::background); }

void Window::resized() {
    player_.processor.set_window_size({getWidth(), getHeight()});
    layout();
}

std::unique_ptr<juce::ComponentTraverser> Window::createKeyboardFocusTraverser() {
    return std::make_unique<OnlyByTab>();
}

void Window::layout() {
    const float larger =
        juce::jmin(static_cast<float>(getWidth()) / full_width, static_cast<float>(getHeight()) / full_height);
    const float scale = juce::jmax(1.0f, std::pow(larger, growth));
    content_.setTransform(juce::AffineTransform::scale(scale));
    content_.setBounds(0, 0, static_cast<int>(std::ceil(static_cast<float>(getWidth()) / scale)),
                       static_cast<int>(std::ceil(static_cast<float>(getHeight()) / scale)));
    auto area = content_.getLocalBounds().reduced(margin, margin - 2);
    const int wide = area.getWidth();

    auto header = area.removeFromTop(header_height);
    const int side = juce::jlimit(264, 360, wide * 32 / 100);
    master_.setBounds(header.removeFromRight(side).withTrimmedLeft(look::padding));
    preset_.setBounds(header.removeFromLeft(juce::jmin(380, header.getWidth() - look::gap - 2 * 34)).reduced(0, 1));
    for (juce::Button* button : {&before_, &after_}) {
        header.removeFromLeft(4);
        button->setBounds(header.removeFromLeft(30).reduced(0, 1));
    }
    area.removeFromTop(look::gap);
    status_.setBounds(area.removeFromBottom(status_height));
    area.removeFromBottom(look::gap - 4);

    auto right = area.removeFromRight(side);
    area.removeFromRight(look::gap);
    auto top = area.removeFromTop(juce::jlimit(108, 160, area.getHeight() * 26 / 100));
    area.removeFromTop(look::gap);
    const int square = top.getHeight() + 20; // the morph pad's, beside the macros where these keep room for their names
    const bool beside = morph_.used() && top.getWidth() - square - look::gap >= least_macros;
    const bool turns = morph_.used() && !beside; // else it takes turns with the sampler's parameters
    key_.setBounds(right.removeFromTop(juce::jmax(KeyPanel::least_height, right.getHeight() * 42 / 100)));
    right.removeFromTop(look::gap);
    show_sound_.setVisible(turns);
    show_morph_.setVisible(turns);
    show_sound_.setToggleState(!morph_chosen_, juce::dontSendNotification);
    show_morph_.setToggleState(morph_chosen_, juce::dontSendNotification);
    if (turns) {
        auto buttons = right.removeFromTop(look::button_height);
        show_sound_.setBounds(buttons.removeFromLeft((buttons.getWidth() - 6) / 2));
        show_morph_.setBounds(buttons.withTrimmedLeft(6));
        right.removeFromTop(6);
    }
    sound_.setVisible(!turns || !morph_chosen_);
    morph_.setVisible(beside || (turns && morph_chosen_));
    sound_.setBounds(right);
    morph_.setBounds(right);
    if (beside) {
        morph_.setBounds(top.removeFromRight(square));
        top.removeFromRight(look::gap);
    }
    macros_.setBounds(top);
    keys_.setBounds(area);
}

void Window::timerCallback() {
    if (isShowing())
        poll();
}

void Window::poll() {
    const unsigned now = player_.processor.session.changes();
    const Status before = std::exchange(player_.status, player_.processor.status());
    if (now != seen_ || !seen_any_ || before.kind != player_.status.kind ||
        before.sentence != player_.status.sentence) {
        seen_ = now;
        seen_any_ = true;
        refresh();
    }
    status_.refresh();
    master_.refresh();
    sound_.refresh();
    std::bitset<128> sounding;
    player_.processor.rig.sampler.snapshot().read(voices_);
    for (const VoiceReport& voice : voices_)
        if (!voice.released)
            sounding.set(voice.key & 0x7f);
    const int last = player_.processor.rig.last_key();
    keys_.show(sounding, last);
    key_.show_position(voices_);
}

void Window::refresh() {
    const auto model = player_.processor.session.model();
    player_.can_make = model != nullptr && player_.processor.session.makes_sounds();
    if (model != player_.model) {
        const bool same = model != nullptr && player_.model != nullptr &&
                          model->instrument == player_.model->instrument && model->name == player_.model->name &&
                          model->zones.size() == player_.model->zones.size();
        const KeyMap before = std::move(player_.keys);
        player_.model = model;
        player_.keys = model != nullptr ? KeyMap(*model) : KeyMap();
        const bool same_keys = same && std::equal(before.keys.begin(), before.keys.end(), player_.keys.keys.begin(),
                                                  player_.keys.keys.end(), [](const KeySounds& a, const KeySounds& b) {
                                                      return a.key == b.key && a.zone == b.zone &&
                                                             a.shared == b.shared && a.places == b.places;
                                                  });
        if (player_.keys.find(player_.selected) == nullptr)
            player_.selected = player_.keys.keys.empty() ? -1 : player_.keys.keys.front().key;
        if (!same_keys)
            keys_.rebuild();
        macros_.rebuild();
        morph_.rebuild();
        layout();
    }
    preset_.refresh();
    keys_.refresh();
    key_.refresh();
}

} // namespace producergan::plugin
