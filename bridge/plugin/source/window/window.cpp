#include "window.hpp"

#include <cmath>

namespace producergan::plugin {

namespace {

constexpr int full_width = 980, full_height = 640; // from here on all things grow with the window
constexpr float growth = 0.8f;                     // of its size: the rest is room
constexpr int margin = 12, header_height = 40, status_height = 24;

HostParameter& master_gain(HostParameters& parameters) {
    for (HostParameter* parameter : parameters.sampler)
        if (parameter->row().id == "master_gain_db")
            return *parameter;
    return *parameters.sampler.front();
}

} // namespace

Window::Side::Side(const juce::String& text, const juce::String& help) : TextButton(text) {
    look::name(*this, text, help);
    setMouseClickGrabsKeyboardFocus(false);
}

Window::Window(Processor& processor)
    : AudioProcessorEditor(processor), player_(processor), preset_(player_), master_(master_gain(processor.parameters)),
      macros_(player_), morph_(player_), keys_(player_), key_(player_),
      sound_(player_, &master_gain(processor.parameters)), status_(player_) {
    setLookAndFeel(&look_);
    setTitle("ProducerGAN");
    setWantsKeyboardFocus(true);
    setOpaque(true);
    content_.setFocusContainerType(FocusContainerType::none);
    content_.setInterceptsMouseClicks(false, true);
    addAndMakeVisible(content_);
    int order = 0;
    for (juce::Component* part : std::initializer_list<juce::Component*>{&preset_, &master_, &macros_, &morph_, &keys_, &show_key_,
                                                                         &show_sound_, &key_, &sound_, &status_}) {
        part->setExplicitFocusOrder(++order);
        if (part == &morph_)
            content_.addChildComponent(part); // seen where there is a path
        else
            content_.addAndMakeVisible(part);
    }
    show_key_.onClick = [this] {
        sound_chosen_ = false;
        layout();
    };
    show_sound_.onClick = [this] {
        sound_chosen_ = true;
        layout();
    };
    player_.on_select = [this] { key_.refresh(); };
    player_.on_say = [this](const juce::String& sentence) { status_.say(sentence); };
    voices_.reserve(Snapshot::capacity);
    setResizable(true, true);
    setResizeLimits(least_width, least_height, most_width, most_height);
    setSize(juce::jlimit(least_width, most_width, processor.window_size.x),
            juce::jlimit(least_height, most_height, processor.window_size.y));
    poll();
    startTimerHz(poll_hz);
}

Window::~Window() {
    stopTimer();
    setLookAndFeel(nullptr);
}

void Window::paint(juce::Graphics& g) {
    g.fillAll(look::background);
}

void Window::resized() {
    player_.processor.window_size = {getWidth(), getHeight()};
    layout();
}

void Window::layout() {
    const float larger = juce::jmin(static_cast<float>(getWidth()) / full_width, static_cast<float>(getHeight()) / full_height);
    const float scale = juce::jmax(1.0f, std::pow(larger, growth));
    content_.setTransform(juce::AffineTransform::scale(scale));
    content_.setBounds(0, 0, static_cast<int>(std::ceil(static_cast<float>(getWidth()) / scale)),
                       static_cast<int>(std::ceil(static_cast<float>(getHeight()) / scale)));
    auto area = content_.getLocalBounds().reduced(margin, margin - 2);
    const int wide = area.getWidth();

    auto header = area.removeFromTop(header_height);
    master_.setBounds(header.removeFromRight(132));
    preset_.setBounds(header.removeFromLeft(juce::jmin(380, header.getWidth() - 20)).reduced(0, 1));
    area.removeFromTop(look::gap);
    status_.setBounds(area.removeFromBottom(status_height));
    area.removeFromBottom(look::gap - 4);

    auto right = area.removeFromRight(juce::jlimit(264, 360, wide * 32 / 100));
    area.removeFromRight(look::gap);
    const bool both = right.getHeight() >= KeyPanel::least_height + look::gap + SoundPanel::least_height;
    show_key_.setVisible(!both);
    show_sound_.setVisible(!both);
    key_.setVisible(both || !sound_chosen_);
    sound_.setVisible(both || sound_chosen_);
    show_key_.setToggleState(!sound_chosen_, juce::dontSendNotification);
    show_sound_.setToggleState(sound_chosen_, juce::dontSendNotification);
    if (both) {
        key_.setBounds(right.removeFromTop(juce::jmax(KeyPanel::least_height, right.getHeight() * 42 / 100)));
        right.removeFromTop(look::gap);
        sound_.setBounds(right);
    } else {
        auto sides = right.removeFromTop(look::button_height);
        show_key_.setBounds(sides.removeFromLeft((sides.getWidth() - 6) / 2));
        show_sound_.setBounds(sides.withTrimmedLeft(6));
        right.removeFromTop(look::gap);
        key_.setBounds(right);
        sound_.setBounds(right);
    }

    auto top = area.removeFromTop(juce::jlimit(108, 150, area.getHeight() * 26 / 100));
    area.removeFromTop(look::gap);
    if (morph_.isVisible()) {
        morph_.setBounds(top.removeFromRight(top.getHeight() + 20));
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
    if (now != seen_ || !seen_any_) {
        seen_ = now;
        seen_any_ = true;
        refresh();
    }
    status_.refresh();
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
    const Status status = player_.processor.session.status();
    player_.can_make = model != nullptr && (status.kind == Status::Kind::ready || status.kind == Status::Kind::rendering);
    if (model != player_.model) {
        const bool same = model != nullptr && player_.model != nullptr && model->instrument == player_.model->instrument &&
                          model->name == player_.model->name && model->zones.size() == player_.model->zones.size();
        const KeyMap before = std::move(player_.keys);
        player_.model = model;
        player_.keys = model != nullptr ? KeyMap(*model) : KeyMap();
        const bool same_keys = same && std::equal(before.keys.begin(), before.keys.end(), player_.keys.keys.begin(),
                                                  player_.keys.keys.end(), [](const KeySounds& a, const KeySounds& b) {
                                                      return a.key == b.key && a.zone == b.zone && a.shared == b.shared &&
                                                             a.places == b.places;
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
