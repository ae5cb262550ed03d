#pragma once
// An engine that a test plays: it listens where plugins look for one and speaks the link, well or badly.
#include <juce_core/juce_core.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "link_table.hpp"
#include "material.hpp"
#include "place.hpp"

namespace producergan::test {

inline void put_length(std::string& bytes, std::size_t length) {
    for (int i = 0; i < 4; ++i)
        bytes += static_cast<char>(length >> (8 * i) & 0xff);
}

/// A frame of the link with these bytes in it, whatever they are.
inline std::string frame_of(const std::string& head, const std::vector<float>& audio = {}) {
    std::string bytes;
    put_length(bytes, head.size());
    put_length(bytes, audio.size() * sizeof(float));
    return bytes.append(head).append(reinterpret_cast<const char*>(audio.data()), audio.size() * sizeof(float));
}

inline std::string frame_of(const juce::var& head, const std::vector<float>& audio = {}) {
    return frame_of(juce::JSON::toString(head, true).toStdString(), audio);
}

inline juce::var record(std::initializer_list<juce::NamedValueSet::NamedValue> fields) {
    auto* made = new juce::DynamicObject();
    for (const auto& field : fields)
        made->setProperty(field.name, field.value);
    return made;
}

inline juce::var numbers(int first, int last) {
    juce::Array<juce::var> list;
    for (int i = first; i <= last; ++i)
        list.add(i);
    return list;
}

/// The engine's end of a connection. One thread at a time.
class Peer {
public:
    explicit Peer(int handle) : handle_(handle) {}
    ~Peer() { ::close(handle_); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// False if the plugin has gone. What it says meanwhile is kept.
    bool send(const std::string& bytes) {
        for (std::size_t at = 0; at < bytes.size();) {
            pollfd watched{handle_, POLLIN | POLLOUT, 0};
            ::poll(&watched, 1, 1000);
            if ((watched.revents & POLLIN) != 0 && !read())
                return false;
            const ssize_t count = ::send(handle_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count > 0)
                at += static_cast<std::size_t>(count);
            else if (errno != EAGAIN && errno != EINTR)
                return false;
        }
        return true;
    }

    /// The plugin's next message; void if it says nothing for so long, or has gone.
    juce::var receive(int milliseconds) {
        for (;;) {
            if (waiting_.size() >= 8) {
                std::uint32_t length = 0;
                std::memcpy(&length, waiting_.data(), sizeof length);
                if (waiting_.size() >= 8 + std::size_t{length}) {
                    const auto head =
                        juce::JSON::parse(juce::String::fromUTF8(waiting_.data() + 8, static_cast<int>(length)));
                    waiting_.erase(0, 8 + std::size_t{length});
                    return head;
                }
            }
            pollfd watched{handle_, POLLIN, 0};
            if (gone_ || ::poll(&watched, 1, milliseconds) <= 0 || !read())
                return {};
        }
    }

    bool gone() const { return gone_; }

    /// Waits until the plugin closes the connection; false if it does not in this time.
    bool ends(int milliseconds) {
        const auto end = juce::Time::getMillisecondCounterHiRes() + milliseconds;
        while (!gone_ && juce::Time::getMillisecondCounterHiRes() < end) {
            pollfd watched{handle_, POLLIN, 0};
            if (::poll(&watched, 1, 10) > 0)
                read();
        }
        return gone_;
    }

private:
    bool read() {
        char buffer[1 << 16];
        const ssize_t count = ::recv(handle_, buffer, sizeof buffer, MSG_DONTWAIT);
        if (count > 0)
            waiting_.append(buffer, static_cast<std::size_t>(count));
        else if (count == 0 || (errno != EAGAIN && errno != EINTR))
            gone_ = true;
        return !gone_;
    }

    int handle_;
    bool gone_ = false;
    std::string waiting_;
};

/// A runtime folder with a socket in it, for as long as it lives; plugins of this process look there alone, and find no
/// engine to start.
class Listening {
public:
    Listening() {
        char name[] = "/tmp/pgan-XXXXXX";
        if (::mkdtemp(name) == nullptr)
            throw std::runtime_error("no folder for the socket");
        folder_ = name;
        ::setenv("PRODUCERGAN_RUNTIME", name, 1);
        ::setenv("PRODUCERGAN_ENGINE", (folder_ + "/none").c_str(), 1);
        const std::string path = folder_ + "/engine-" + std::to_string(::getpid()) + ".sock";
        handle_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        if (::bind(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(handle_, 16) != 0)
            throw std::runtime_error("no socket");
    }
    ~Listening() {
        ::close(handle_);
        std::filesystem::remove_all(folder_);
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

    /// Who connects next; null if nobody does for so long.
    std::unique_ptr<Peer> accept(int milliseconds) const {
        pollfd watched{handle_, POLLIN, 0};
        if (::poll(&watched, 1, milliseconds) <= 0)
            return nullptr;
        const int handle = ::accept4(handle_, nullptr, nullptr, SOCK_CLOEXEC);
        return handle < 0 ? nullptr : std::make_unique<Peer>(handle);
    }

private:
    std::string folder_;
    int handle_ = -1;
};

/// What a good engine says: three zones (loops from key 36, one-shots in layers and siblings from 68, fresh ones from
/// 100), each slot a tone of its own.
class FakeEngine {
public:
    static constexpr int frames = 8192, sample_rate = 24000;
    static constexpr int most_sounds = 600; // then the first come again: what a plugin keeps of them has an end

    explicit FakeEngine(std::uint64_t seed) : random_(seed) {}

    /// Answers a message. False if the plugin has gone.
    bool answer(Peer& peer, const juce::var& message) {
        const auto type = message["type"].toString();
        if (type == "hello")
            return peer.send(
                frame_of(record({{"type", "welcome"}, {"version", link::link_version}, {"engine", "test"}})));
        if (type == "have") {
            had_.clear();
            for (const juce::var& sound : *message["sounds"].getArray())
                had_.insert(sound.toString());
            return true;
        }
        if (type == "open")
            return open(peer, message["name"].toString());
        if (type == "hands")
            return peer.send(frame_of(record({{"type", "settled"}, {"version", message["version"]}})));
        if (type == "need")
            return need(peer, message);
        if (type == "presets")
            return peer.send(frame_of(record({{"type", "presets"}, {"presets", juce::Array<juce::var>()}})));
        return !peer.gone();
    }

    /// A newer sound for a slot at random, whole or with its end missing for ever.
    bool change(Peer& peer) {
        auto slot = table_.begin();
        std::advance(slot, below(random_, static_cast<int>(table_.size())));
        return renew(peer, slot->first, chance(random_, 0.1) ? frames / 2 : frames);
    }

    /// A newer sound for a slot, with so many frames of its clip.
    bool renew(Peer& peer, plugin::Place place, int ready = frames) {
        sounds_ = sounds_ % most_sounds + 1;
        table_[place] = sounds_;
        return put(peer, place, ready);
    }

    juce::int64 serial() const { return serial_; }
    juce::String sound(plugin::Place place) const { return name_of(table_.at(place)); }

private:
    static juce::String name_of(juce::int64 sound) { return juce::String::toHexString(sound).paddedLeft('0', 32); }

    /// The clip-table message, and before it the clip if the plugin lacks it.
    bool put(Peer& peer, plugin::Place place, int ready = frames) {
        const juce::int64 sound = table_[place];
        const juce::String name = name_of(sound);
        std::string bytes;
        if (!had_.contains(name)) {
            std::vector<float> audio(static_cast<std::size_t>(ready));
            const double step = 2.0 * 3.14159265358979 * static_cast<double>(1 + sound % 40) / 1024.0; // loops close
            for (std::size_t i = 0; i < audio.size(); ++i)
                audio[i] = static_cast<float>(0.25 * std::sin(step * static_cast<double>(i)));
            bytes = frame_of(record({{"type", "clip"},
                                     {"sound", name},
                                     {"channels", 1},
                                     {"frames", frames},
                                     {"sample_rate", sample_rate}})) +
                    frame_of(record({{"type", "blocks"}, {"sound", name}, {"start", 0}, {"frames", ready}}), audio);
        }
        return peer.send(bytes + frame_of(record({{"type", "set"},
                                                  {"serial", serial()},
                                                  {"version", 0},
                                                  {"zone", place.zone},
                                                  {"key", place.key},
                                                  {"variant", place.variant},
                                                  {"sound", name}})));
    }

    /// The slot's sound as it is, or its first.
    bool fill(Peer& peer, plugin::Place place) {
        return table_.contains(place) ? put(peer, place) : renew(peer, place);
    }

    bool open(Peer& peer, const juce::String& preset) {
        ++serial_;
        if (preset != preset_)
            table_.clear();
        preset_ = preset;
        bool there = peer.send(frame_of(program(preset)));
        for (int key = 36; key < 68; ++key)
            there = there && fill(peer, {0, static_cast<std::uint8_t>(key), 0});
        for (int key = 68; key < 80; ++key)
            for (std::uint8_t variant = 0; variant < 4; ++variant)
                there = there && fill(peer, {1, static_cast<std::uint8_t>(key), variant});
        for (int key = 100; key < 104; ++key)
            there = there && fill(peer, {2, static_cast<std::uint8_t>(key), 0});
        if (!there)
            return false;
        return peer.send(frame_of(record({{"type", "settled"}, {"version", 0}})));
    }

    bool need(Peer& peer, const juce::var& message) {
        juce::Array<juce::var> sounds;
        for (const juce::var& slot : *message["slots"].getArray()) {
            const plugin::Place place{static_cast<std::uint8_t>(static_cast<int>(slot[0])),
                                      static_cast<std::uint8_t>(static_cast<int>(slot[1])),
                                      static_cast<std::uint8_t>(static_cast<int>(slot[2]))};
            if (!table_.contains(place) && !renew(peer, place))
                return false;
            sounds.add(sound(place));
        }
        return peer.send(
            frame_of(record({{"type", "done"}, {"id", message["id"]}, {"sounds", sounds}, {"reason", ""}})));
    }

    juce::var zone(const char* called, int first, int last, int layers, int siblings, bool fresh, int mode) const {
        return record({{"name", called},
                       {"keys", numbers(first, last)},
                       {"shared", false},
                       {"root", first},
                       {"siblings", siblings},
                       {"layers", layers},
                       {"fresh", fresh},
                       {"path", false},
                       {"locked", juce::Array<juce::var>()},
                       {"parameters", record({{"mode", mode}, {"release", 0.05}})}});
    }

    juce::var program(const juce::String& preset) const {
        juce::Array<juce::var> zones{zone("loops", 36, 67, 1, 1, false, 2), zone("hits", 68, 79, 2, 2, false, 0),
                                     zone("fresh", 100, 103, 1, 1, true, 0)};
        juce::Array<juce::var> macros;
        for (int i = 1; i <= 8; ++i) {
            juce::Array<juce::var> targets;
            if (i <= 2)
                targets.add(record({{"zone", i - 2},
                                    {"play", false},
                                    {"id", i == 1 ? "cutoff" : "tune"},
                                    {"low", i == 1 ? 200.0 : -2.0},
                                    {"high", i == 1 ? 9000.0 : 2.0},
                                    {"curve", i == 1 ? "exponential" : "linear"}}));
            macros.add(record({{"id", i},
                               {"name", "macro"},
                               {"position", 0.5},
                               {"controller", i < 4 ? i : -1},
                               {"minimum", 0.0},
                               {"maximum", 1.0},
                               {"pick_up", false},
                               {"used", true},
                               {"sounds", i > 2},
                               {"targets", targets}}));
        }
        const auto instrument = record({{"name", "fake"},
                                        {"digest", juce::String::repeatedString("0", 64)},
                                        {"sample_rate", sample_rate},
                                        {"channels", 1},
                                        {"clip_frames", frames}});
        return record({{"type", "program"},
                       {"serial", serial()},
                       {"name", preset.substring(0, 64)},
                       {"text", "# " + preset.substring(0, 64)},
                       {"folder", "/"},
                       {"instrument", instrument},
                       {"zones", zones},
                       {"play", record({})},
                       {"claimed", juce::Array<juce::var>{1, 2, 3}},
                       {"triggers", juce::Array<juce::var>()},
                       {"macros", macros}});
    }

    Random random_;
    std::atomic<juce::int64> serial_{0}; // read by other threads
    juce::int64 sounds_ = 0;
    juce::String preset_;
    std::set<juce::String> had_;
    std::map<plugin::Place, juce::int64> table_;
};

/// A good engine in a thread of its own, which changes sounds whenever it has nothing else to do.
class Serving {
public:
    explicit Serving(std::uint64_t seed, bool restless = true)
        : engine(seed), thread_([this, restless] { serve(restless); }) {}
    ~Serving() {
        ending_ = true;
        thread_.join();
    }

    FakeEngine engine;
    std::atomic<int> changed{0}; // sounds

private:
    void serve(bool restless) {
        while (!ending_)
            if (const auto peer = listening_.accept(20); peer != nullptr)
                while (!peer->gone() && !ending_) {
                    const juce::var message = peer->receive(2);
                    if (!message.isVoid())
                        engine.answer(*peer, message);
                    else if (restless && engine.serial() > 0)
                        changed += engine.change(*peer);
                }
    }

    const Listening listening_;
    std::atomic<bool> ending_{false};
    std::thread thread_;
};

} // namespace producergan::test
