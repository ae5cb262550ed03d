#pragma once
#include <juce_core/juce_core.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "engine_process.hpp"
#include "frame.hpp"
#include "unix_socket.hpp"

namespace producergan::plugin {

/// The plugin's end of the link: a thread that finds an engine or starts one, comes back to it silently, and hands over
/// what it says.
class LinkClient : private juce::Thread {
public:
    enum class Where {
        waiting,   // nothing was asked of it yet
        starting,  // an engine is being started, or about to answer
        connected, // the handshake is done
        missing    // there is no engine, and none that could be started
    };

    /// What is called in the link's own thread.
    class Listener {
    public:
        virtual ~Listener() = default;
        virtual void connected() = 0;
        virtual void disconnected() = 0;
        virtual void received(const Message& message) = 0; // raises LinkError on what cannot be used
        virtual void all_read() = 0;                       // what has come so far was handed over
        virtual void beat() = 0;                           // some 200 times a second, connected or not
    };

    explicit LinkClient(Listener& listener);
    ~LinkClient() override;

    /// From now on an engine is looked for, and started where there is none. [thread-safe]
    void wake() noexcept;
    void stop(); // ends the thread; no call of the listener comes afterwards [message-thread]

    static inline std::atomic<int> retry_ms{250}; // from one try to find an engine to the next; tests shorten it

    Where where() const { return where_.load(); } // [thread-safe]
    juce::String trouble() const;                 // why it is missing, a sentence; empty if it is not [thread-safe]

    /// Runs something in the link's thread. [thread-safe]
    void post(std::function<void()> action);

    /// Sends a message; false if there is no connection, or too much waits already to add what `may_wait` says need not
    /// be said. [link-thread]
    bool send(const juce::var& head, bool may_wait = false);

private:
    void run() override;
    void run_actions();
    bool connect();
    void start_engine();
    void missing(const juce::String& sentence);
    void serve();
    void close(const juce::String& why);

    static constexpr int beat_ms = 5, idle_ms = 20, launch_s = 30, handshake_s = 5;
    static constexpr std::size_t most_waiting = 1 << 16; // bytes: an engine that reads nothing is told nothing new

    Listener& listener_;
    std::atomic<Where> where_{Where::waiting};
    std::atomic<bool> wanted_{false};
    mutable std::mutex lock_;
    juce::String trouble_;
    std::vector<std::function<void()>> actions_;
    juce::WaitableEvent turn_;

    UnixSocket socket_;
    FrameReader reader_;
    std::string outgoing_;
    std::string path_;             // of the engine that is spoken to
    std::set<std::string> passed_; // engines that were of no use: the others are tried first
    LaunchRight right_;
    double launched_at_ = -1.0, greeted_at_ = -1.0, next_try_ = 0.0; // seconds
};

} // namespace producergan::plugin
