#pragma once
#include "look.hpp"
#include "player.hpp"

namespace producergan::plugin {

/// The chosen key: one of its sounds in large, and what can be done with it.
class KeyPanel final : public Card {
public:
    explicit KeyPanel(Player& player);

    void refresh(); // what is known of the key, or the key, changed
    /// Where the newest voice of a clip stands, 0 to 1; below 0 where none sounds.
    void show_position(const std::vector<VoiceReport>& voices);

    void paint(juce::Graphics& g) override;
    void resized() override;

    static constexpr int least_height = 212;

private:
    class Wave final : public juce::Button {
    public:
        explicit Wave(KeyPanel& panel);
        ~Wave() override; // lets go of it
        void paintButton(juce::Graphics& g, bool over, bool down) override;
        void buttonStateChanged() override;
        void mouseDown(const juce::MouseEvent& event) override;
        void mouseDrag(const juce::MouseEvent& event) override;
        void mouseUp(const juce::MouseEvent& event) override;
        bool keyPressed(const juce::KeyPress& press) override;

    private:
        KeyPanel& panel_;
        int struck_ = -1; // the key
        bool dragged_ = false;
    };

    void step(int by); // to another of the key's sounds
    const KeySounds* sounds() const { return player_.keys.find(player_.selected); }
    const Place* place() const; // of the sound that is shown; null if none is
    ClipRef clip() const;

    Player& player_;
    std::size_t shown_ = 0; // of the key's sounds
    int shown_key_ = -1;
    std::uint64_t shown_clip_ = 0;
    std::int64_t shown_ready_ = -1;
    float position_ = -1.0f;
    Wave wave_{*this};
    ArrowButton before_{look::Way::left, "Sound before",
                        "Shows the key's sound before this one: other layers and alternatives."};
    ArrowButton after_{look::Way::right, "Next sound", "Shows the key's next sound: other layers and alternatives."};
    juce::TextButton new_sound_{"New sound"}, lock_{"Lock"}, copy_{"Copy sound"}, paste_{"Paste sound"};
};

} // namespace producergan::plugin
