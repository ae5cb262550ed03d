// The plugin's window under test, with a fake engine in $PRODUCERGAN_RUNTIME; needs a display.
//
//   window controls                  what each control does
//   window hand NAME                 one thing that a player does; without NAME it prints which there are
//   window names [sin]               every control has a name; `sin`: one has none
//   window leaks [sin]               opened and closed 100 times while audio runs; `sin`: each leaves something behind
//   window shot PRESET WIDTH HEIGHT NAME.png
//                                    a picture of the window, and NAME-screen.png: what the screen shows of it;
//                                    PRESET: drums, path, tones, frozen (no engine), none (no preset either),
//                                    failed (and something else was said),
//                                    engine (the one that is there, with $PRODUCERGAN_PRESET)
#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "json.hpp"
#include "window_checks.hpp"
#include "window_hands.hpp"
#include "window_screen.hpp"

namespace producergan::plugin::test {

namespace {

FakePreset preset(const std::string& name) { return name == "path" ? path() : name == "tones" ? tones() : drums(); }

void wait_for_preset(Processor& processor) {
    wait_until("the preset comes", [&] {
        play_block(processor);
        return processor.session.status().kind == Status::Kind::ready;
    });
}

int names(bool sin) {
    std::string lacking;
    for (const char* name : {"drums", "path", "tones"}) {
        FakeEngine engine(preset(name));
        Processor processor;
        processor.prepareToPlay(48000.0, 256);
        wait_for_preset(processor);
        std::unique_ptr<juce::AudioProcessorEditor> editor(processor.createEditor());
        juce::TextButton plain("A button that has text, but no title");
        if (sin)
            editor->addAndMakeVisible(plain);
        lacking += nameless(*editor);
    }
    std::printf("%s", lacking.c_str());
    return lacking.empty() ? 0 : 1;
}

constexpr int openings = 100;

struct Size {
    long resident = 0, heap = 0, threads = 0, files = 0, components = 0;
};

Size size() {
    Size now;
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "VmRSS:")
            status >> now.resident;
        else if (word == "Threads:")
            status >> now.threads;
    now.heap = static_cast<long>(mallinfo2().uordblks / 1024);
    now.files = juce::File("/proc/self/fd").getNumberOfChildFiles(juce::File::findFilesAndDirectories);
    now.components = juce::Desktop::getInstance().getNumComponents();
    return now;
}

int leaks(bool sin) {
    FakeEngine engine(drums());
    Processor processor;
    processor.prepareToPlay(48000.0, 256);
    wait_for_preset(processor);
    juce::MemoryBlock state;
    processor.getStateInformation(state); // packs the clips: else they get packed meanwhile
    std::vector<std::unique_ptr<Window>> left;
    std::vector<Size> sizes;
    {
        const Host host(processor);
        for (int i = 0; i < openings; ++i) {
            std::unique_ptr<juce::AudioProcessorEditor> editor(processor.createEditor());
            editor->addToDesktop(0);
            editor->setVisible(true);
            pump_for(60); // it draws and follows what is played
            if (sin)
                left.push_back(std::make_unique<Window>(processor));
            processor.editorBeingDeleted(editor.get());
            editor.reset();
            pump();
            sizes.push_back(size());
        }
    }
    // All of it breathes with the messages under way: what stays is the least of many. The first dozens fill JUCE's
    // caches of letters.
    const auto least = [&](long Size::* what, int first) {
        const auto smaller = [what](const Size& one, const Size& other) { return one.*what < other.*what; };
        return (*std::min_element(sizes.begin() + first, sizes.begin() + first + 20, smaller)).*what;
    };
    const auto grown = [&](long Size::* what, int since) { return least(what, openings - 20) - least(what, since); };
    const long resident = grown(&Size::resident, 10), heap = grown(&Size::heap, openings - 40);
    const long threads = grown(&Size::threads, 10), files = grown(&Size::files, 10);
    std::printf(
        "%d openings: grown by %ld kB resident, %ld threads, %ld files; heap by %ld kB in the last 20; %ld windows "
        "left\n",
        openings, resident, threads, files, heap, sizes.back().components);
    std::fflush(stdout);
    const bool steady = resident < 8192 && heap < 1024 && threads <= 0 && files <= 0 && sizes.back().components == 0;
    if (sin)
        std::_Exit(steady ? 0 : 1); // what was left behind stands in the way of an orderly end
    return steady ? 0 : 1;
}

int shot(const std::string& name, int width, int height, const std::string& picture) {
    auto engine = name == "engine" ? nullptr : std::make_unique<FakeEngine>(preset(name));
    juce::MemoryBlock state;
    Processor processor;
    processor.prepareToPlay(48000.0, 256);
    if (name == "none" || name == "frozen") {
        if (name == "frozen") {
            Processor before;
            before.prepareToPlay(48000.0, 256);
            wait_for_preset(before);
            before.getStateInformation(state);
            processor.setStateInformation(state.getData(), static_cast<int>(state.getSize()));
        }
        engine.reset();
        wait_until("the engine is missed", [&] {
            play_block(processor);
            const auto kind = processor.session.status().kind;
            return kind == Status::Kind::missing || kind == Status::Kind::frozen;
        });
    } else {
        wait_for_preset(processor);
        processor.getStateInformation(state);
    }
    wait_until("the macros' positions are shown", [&] {
        return std::abs(processor.parameters.macros[0]->getValue() - processor.rig.position(0)) < 1e-6 &&
               std::abs(processor.parameters.macros[2]->getValue() - processor.rig.position(2)) < 1e-6;
    });
    processor.set_window_size({width, height});
    std::unique_ptr<juce::AudioProcessorEditor> editor(processor.createEditor());
    auto& window = dynamic_cast<Window&>(*editor);
    window.setTopLeftPosition(20, 20);
    window.addToDesktop(0);
    window.setVisible(true);
    if (name == "drums") // some of them were moved
        for (std::size_t i = 1; i < processor.parameters.sampler.size(); i += 3)
            processor.parameters.sampler[i]->setValueNotifyingHost(0.4f);
    if (name == "failed") {
        processor.setStateInformation("rubbish", 7);
        engine->say("problem", object({{"reason", "This is no sound string of this instrument."}}));
        wait_until("it is said", [&] { return processor.session.notice().count > 0; });
    }
    juce::MidiBuffer midi;
    for (const int key : {41, 60, 64})
        midi.addEvent(juce::MidiMessage::noteOn(1, key, juce::uint8{100}), 0);
    if (name == "drums" || has(window, "Pad A#2, key 46"))
        find_as<Pad>(window, "Pad A#2, key 46").focusGained(juce::Component::focusChangedDirectly); // chooses it
    play_block(processor, midi);
    for (int i = 0; i < 8; ++i)
        play_block(processor);
    window.poll();
    const auto write = [](const juce::Image& image, const juce::String& path) {
        juce::File(path).deleteFile();
        juce::FileOutputStream out{juce::File(path)};
        check("the picture is written", juce::PNGImageFormat().writeImageToStream(image, out));
    };
    write(window.createComponentSnapshot(window.getLocalBounds()), picture);
    pump_for(400); // the window manager has its say
    window.poll();
    pump_for(100);
    write(screen_of(window), juce::String(picture).replace(".png", "-screen.png"));
    return 0;
}

int run(const std::vector<std::string>& words) {
    const juce::ScopedJuceInitialiser_GUI gui;
    const std::string what = words.empty() ? "" : words[0];
    const bool sin = words.size() > 1 && words[1] == "sin";
    if (what == "controls") {
        check_controls();
        return 0;
    }
    if (what == "hand" && words.size() == 1)
        for (const std::string& name : hands())
            std::printf("%s\n", name.c_str());
    if (what == "hand")
        return words.size() == 1 || check_hand(words[1]) ? 0 : 2;
    if (what == "names")
        return names(sin);
    if (what == "leaks")
        return leaks(sin);
    if (what == "shot" && words.size() == 5)
        return shot(words[1], std::stoi(words[2]), std::stoi(words[3]), words[4]);
    std::printf(
        "usage: window controls | hand [NAME] | names [sin] | leaks [sin] | shot PRESET WIDTH HEIGHT NAME.png\n");
    return 2;
}

} // namespace

} // namespace producergan::plugin::test

int main(int count, char** words) { return producergan::plugin::test::run({words + 1, words + count}); }
