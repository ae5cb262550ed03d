// Shows that the plugin's processBlock neither allocates, frees, locks nor waits, and makes no system call at all: its
// audio thread runs under a filter of the kernel that reports each. Meanwhile an engine sends clips and presets, the
// host moves everything that it can, the window strikes keys, a project is loaded.
//
// no_allocation [BLOCKS] [malloc|free|new|lock|trylock|yield|call]   with a word, that is done inside on purpose
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <csignal>
#include <cstddef>
#include <thread>

#include "detector.hpp"
#include "fake_engine.hpp"
#include "processor.hpp"

using namespace producergan;
using namespace producergan::plugin;
using namespace producergan::test;

namespace {

constexpr int longest = 1024;

std::atomic<unsigned long> calls{0};
std::atomic<int> last_call{-1};

constexpr long cookie = 0x70676100000; // in the place of a sixth argument: a call that was counted already

/// Counts the call that the kernel reports, and then makes it all the same, so that whoever made it does not stumble.
void count_call(int, siginfo_t* info, void* context) {
    ++calls;
    last_call = info->si_syscall;
#ifdef __x86_64__
    auto* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const int before = errno;
    const long result = ::syscall(info->si_syscall, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                                  registers[REG_R10], registers[REG_R8], cookie);
    registers[REG_RAX] = result < 0 ? -errno : result;
    errno = before;
#else
    (void)context;
#endif
}

/// From now on each system call of this thread comes to count_call first. False where the kernel does not do that.
bool forbid_calls() {
    struct sigaction action{};
    action.sa_sigaction = count_call;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSYS, &action, nullptr);
    constexpr auto sixth = static_cast<unsigned>(offsetof(seccomp_data, args) + 5 * sizeof(__u64)); // little-endian
    sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 5, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sixth),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(cookie & 0xffffffff), 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sixth + 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(cookie >> 32), 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{sizeof steps / sizeof *steps, steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// A thread that does nothing but play the blocks that it is given. It cannot end: that would be a system call.
class AudioThread {
public:
    explicit AudioThread(Processor& processor) {
        std::thread([this, &processor] {
            state_ = forbid_calls() ? idle : unwatched;
            for (;;) {
                while (state_.load(std::memory_order_acquire) != given) {
                }
                if (!sin.empty()) {
                    if (sin == "call") {
                        const Inside flag;
                        syscall(SYS_getppid);
                    } else {
                        sin_on_purpose(sin);
                    }
                } else {
                    const Inside flag;
                    processor.processBlock(*audio_, *midi_);
                }
                found = violations;
                what = last_violation;
                state_.store(idle, std::memory_order_release);
            }
        }).detach();
        wait();
    }

    bool watched() const { return watched_; }

    void play(juce::AudioBuffer<float>& audio, juce::MidiBuffer& midi) {
        audio_ = &audio;
        midi_ = &midi;
        state_.store(given, std::memory_order_release);
        wait();
    }

    std::string sin; // done once instead of playing
    std::atomic<unsigned long> found{0};
    std::atomic<const char*> what{""};

private:
    enum State { starting, unwatched, idle, given };

    void wait() {
        while (state_.load(std::memory_order_acquire) == starting || state_.load(std::memory_order_acquire) == given)
            std::this_thread::yield();
        watched_ &= state_ != unwatched;
        if (state_ == unwatched)
            state_ = idle;
    }

    std::atomic<State> state_{starting};
    bool watched_ = true;
    juce::AudioBuffer<float>* audio_ = nullptr;
    juce::MidiBuffer* midi_ = nullptr;
};

void fill(juce::MidiBuffer& midi, Random& random, int frames) {
    midi.clear();
    for (int i = below(random, chance(random, 0.01) ? 200 : 20); i > 0; --i) {
        const Event event = make_event(random, frames);
        const std::uint8_t bytes[] = {event.status, event.data1, event.data2};
        const int size = juce::MidiMessage::getMessageLengthFromFirstByte(event.status);
        midi.addEvent(bytes, std::min(3, size), below(random, std::max(1, frames)));
    }
    if (chance(random, 0.05)) {
        const std::uint8_t exclusive[] = {0xf0, 0x7e, 0x7f, 0x06, 0x01, 0xf7};
        midi.addEvent(exclusive, sizeof exclusive, 0);
    }
}

/// What the host, the player and the window do, and the blocks. Returns the program's exit status.
int direct(Processor& processor, const Serving& serving, int blocks, const std::string& on_purpose) {
    Random random(7);
    AudioThread thread(processor);
    juce::AudioBuffer<float> audio(16, longest);
    juce::MidiBuffer midi;
    juce::MemoryBlock project;
    int presets = 0, restored = 0, sounding = 0;
    processor.session.wake();
    for (int block = 0; block < blocks || serving.changed < 200; ++block) {
        const int frames = chance(random, 0.01) ? 0 : 1 + below(random, chance(random, 0.5) ? 64 : longest);
        fill(midi, random, frames);
        for (HostParameter* parameter : processor.parameters.all())
            if (chance(random, 0.03))
                parameter->setValueNotifyingHost(
                    parameter == processor.parameters.bypass && chance(random, 0.9) ? 0.0f : unit(random));
        if (chance(random, 0.1))
            processor.strike(below(random, 128), below(random, 128));
        if (block % 400 == 399)
            processor.session.choose("preset " + juce::String(++presets));
        if (block % 700 == 100)
            processor.getStateInformation(project);
        if (block % 700 == 600) {
            processor.setStateInformation(project.getData(), static_cast<int>(project.getSize()));
            restored += processor.state_trouble().isEmpty();
        }
        juce::AudioBuffer<float> view(audio.getArrayOfWritePointers(), processor.getTotalNumOutputChannels(), frames);
        if (block == blocks / 2 && !on_purpose.empty()) {
            thread.sin = on_purpose;
            thread.play(view, midi);
            thread.sin.clear();
        }
        thread.play(view, midi);
        sounding += view.getMagnitude(0, frames) > 0.0f;
        if (block % 8 == 0)
            std::this_thread::sleep_for(std::chrono::microseconds(500)); // the engine has a turn
    }
    const auto notes = static_cast<unsigned long long>(processor.rig.sampler.counters().get(Counter::notes));
    std::printf("%lu violations%s%s, %lu system calls", thread.found.load(), thread.found != 0 ? ", the last " : "",
                thread.what.load(), calls.load());
    if (calls != 0)
        std::printf(", the last number %d", last_call.load());
    std::printf("%s; %llu notes, %d blocks with sound, %lld presets, %d clips changed, %d projects\n",
                thread.watched() ? "" : " (not watched)", notes, sounding,
                static_cast<long long>(serving.engine.serial()), serving.changed.load(), restored);
    if (on_purpose.empty() && (notes == 0 || sounding < blocks / 4 || serving.engine.serial() < 3 || restored == 0)) {
        std::puts("the playing did not reach what it is for");
        return 2;
    }
    return thread.found != 0 || calls != 0 ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
    const int blocks = argc > 1 ? std::atoi(argv[1]) : 4000;
    const std::string on_purpose = argc > 2 ? argv[2] : "";
    const juce::ScopedJuceInitialiser_GUI juce;
    Serving serving(1);
    Processor processor;
    processor.setRateAndBufferSizeDetails(48000.0, longest);
    processor.prepareToPlay(48000.0, longest);
    std::thread([&] {
        const int status = direct(processor, serving, blocks, on_purpose);
        std::fflush(nullptr);
        std::_Exit(status); // the audio thread cannot end
    }).detach();
    juce::MessageManager::getInstance()->runDispatchLoop();
}
