// The plugin's window under test, with a fake engine in $PRODUCERGAN_RUNTIME; needs a display.
//
//   window controls                  what each control does
//   window names [sin]               every control has a name; `sin`: one has none
//   window leaks [sin]               opened and closed 50 times while audio runs; `sin`: each leaves something behind
//   window shot PRESET WIDTH HEIGHT PICTURE
//                                    a picture of the window; then "shown ID", and it stays until a line is read
#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <iostream>

#include "window_checks.hpp"

namespace producergan::plugin::test {

namespace {

FakePreset preset(const std::string& name) {
    return name == "path" ? path() : name == "tones" ? tones() : drums();
}

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
    std::vector<std::unique_ptr<Window>> left;
    Size early, late;
    {
        const Host host(processor);
        for (int i = 1; i <= 50; ++i) {
            std::unique_ptr<juce::AudioProcessorEditor> editor(processor.createEditor());
            editor->addToDesktop(0);
            editor->setVisible(true);
            const auto end = juce::Time::getMillisecondCounter() + 60;
            while (juce::Time::getMillisecondCounter() < end) { // it draws and follows what is played
                pump();
                juce::Thread::sleep(1);
            }
            if (sin)
                left.push_back(std::make_unique<Window>(processor));
            processor.editorBeingDeleted(editor.get());
            editor.reset();
            pump();
            (i == 10 ? early : late) = size();
        }
    }
    std::printf("after 10: %ld kB resident, %ld kB of heap, %ld threads, %ld files, %ld windows\n", early.resident, early.heap,
                early.threads, early.files, early.components);
    std::printf("after 50: %ld kB resident, %ld kB of heap, %ld threads, %ld files, %ld windows\n", late.resident, late.heap,
                late.threads, late.files, late.components);
    // The heap breathes with the messages that are under way.
    const bool steady = late.resident - early.resident < 4096 && late.heap - early.heap < 512 &&
                        late.threads <= early.threads && late.files <= early.files && late.components <= early.components;
    std::fflush(stdout);
    if (sin)
        std::_Exit(steady ? 0 : 1);
    return steady ? 0 : 1;
}

int shot(const std::string& name, int width, int height, const std::string& picture) {
    FakeEngine engine(preset(name));
    Processor processor;
    processor.prepareToPlay(48000.0, 256);
    wait_for_preset(processor);
    juce::MemoryBlock state;
    processor.getStateInformation(state);
    processor.window_size = {width, height};
    std::unique_ptr<juce::AudioProcessorEditor> editor(processor.createEditor());
    auto& window = dynamic_cast<Window&>(*editor);
    window.setTopLeftPosition(20, 20);
    window.addToDesktop(0);
    window.setVisible(true);
    juce::MidiBuffer midi;
    for (const int key : {41, 60, 64})
        midi.addEvent(juce::MidiMessage::noteOn(1, key, juce::uint8{100}), 0);
    if (name == "drums")
        find_as<Pad>(window, "Pad F2, key 41").keyPressed(juce::KeyPress(juce::KeyPress::upKey, juce::ModifierKeys(), 0));
    play_block(processor, midi);
    for (int i = 0; i < 8; ++i)
        play_block(processor);
    window.poll();
    const juce::Image image = window.createComponentSnapshot(window.getLocalBounds());
    juce::File(picture).deleteFile();
    juce::FileOutputStream out{juce::File(picture)};
    check("the picture is written", juce::PNGImageFormat().writeImageToStream(image, out));
    out.flush();
    const auto end = juce::Time::getMillisecondCounter() + 400;
    while (juce::Time::getMillisecondCounter() < end) {
        pump();
        juce::Thread::sleep(2);
    }
    std::printf("shown %llu\n", static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(window.getWindowHandle())));
    std::fflush(stdout);
    std::atomic<bool> done{false};
    std::thread reader([&] {
        std::string line;
        std::getline(std::cin, line);
        done = true;
    });
    while (!done) {
        pump();
        juce::Thread::sleep(2);
    }
    reader.join();
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
    if (what == "names")
        return names(sin);
    if (what == "leaks")
        return leaks(sin);
    if (what == "shot" && words.size() == 5)
        return shot(words[1], std::stoi(words[2]), std::stoi(words[3]), words[4]);
    std::printf("usage: window controls | names [sin] | leaks [sin] | shot PRESET WIDTH HEIGHT PICTURE\n");
    return 2;
}

} // namespace

} // namespace producergan::plugin::test

int main(int count, char** words) {
    return producergan::plugin::test::run({words + 1, words + count});
}
