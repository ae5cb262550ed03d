#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "window_presets.hpp"

namespace producergan::plugin::test {

/// The engine's end of the link, as far as a window sees it: it plays one preset, keeps what it was told, and answers.
class FakeEngine {
public:
    /// Listens in the runtime folder.
    explicit FakeEngine(FakePreset preset);
    ~FakeEngine();

    /// How often it was told such a message.
    int heard(const std::string& type) const;
    /// The last message of this type; void if there was none.
    juce::var last(const std::string& type) const;

    void say(const char* type, const juce::var& head) { send(type, head); }

    /// What it plays from the next `open` on, under the name of what is asked for where that is in its list.
    void change(FakePreset preset);
    /// The presets that there are: names and paths.
    void list(std::vector<std::pair<std::string, std::string>> presets);

    /// From now on it does not say that it has settled.
    void keep_rendering(bool on) { rendering_ = on; }

private:
    void run();
    void answer(const juce::var& head);
    void send(const char* type, const juce::var& head, const std::vector<float>& body = {});
    void send_sound(Place place, const std::string& sound);
    void send_edited();

    std::mutex preset_lock_;
    FakePreset preset_;
    std::vector<std::pair<std::string, std::string>> presets_;
    int serial_ = 0;
    std::string path_;
    int listening_ = -1, client_ = -1;
    std::atomic<bool> ends_{false}, rendering_{false};
    mutable std::mutex lock_;
    std::mutex write_lock_;
    std::vector<juce::var> heard_;
    int made_ = 0; // sounds beyond the preset's
    std::thread thread_;
};

} // namespace producergan::plugin::test
