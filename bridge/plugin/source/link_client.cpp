#include "link_client.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "clock.hpp"
#include "json.hpp"
#include "link_table.hpp"

namespace producergan::plugin {

LinkClient::LinkClient(Listener& listener) : Thread("ProducerGAN link"), listener_(listener) { startThread(); }

LinkClient::~LinkClient() { stop(); }

void LinkClient::stop() {
    signalThreadShouldExit();
    turn_.signal();
    stopThread(10000);
}

void LinkClient::wake() noexcept { wanted_.store(true, std::memory_order_relaxed); }

juce::String LinkClient::trouble() const {
    const std::lock_guard guard(lock_);
    return trouble_;
}

void LinkClient::post(std::function<void()> action) {
    {
        const std::lock_guard guard(lock_);
        actions_.push_back(std::move(action));
    }
    turn_.signal();
}

bool LinkClient::send(const juce::var& head, bool may_wait) {
    if (where_ != Where::connected || (may_wait && outgoing_.size() > most_waiting))
        return false;
    outgoing_ += frame(head);
    return true;
}

void LinkClient::run_actions() {
    std::vector<std::function<void()>> actions;
    {
        const std::lock_guard guard(lock_);
        std::swap(actions, actions_);
    }
    for (const auto& action : actions)
        try {
            action();
        } catch (const std::exception& error) { // a message that the link does not take: the next one counts
            const std::lock_guard guard(lock_);
            trouble_ = error.what();
        }
}

void LinkClient::run() {
    while (!threadShouldExit()) {
        run_actions();
        try {
            listener_.beat();
        } catch (const std::exception& error) {
            close(error.what());
        }
        if (wanted_ && where_ == Where::waiting)
            where_ = Where::starting;
        if (socket_.is_open()) {
            serve();
        } else if (wanted_ && seconds() >= next_try_) {
            next_try_ = seconds() + retry_ms / 1000.0;
            if (!connect())
                start_engine();
        } else {
            turn_.wait(wanted_ ? beat_ms : idle_ms);
        }
    }
    socket_.close();
}

bool LinkClient::connect() {
    std::vector<std::string> paths = engine_sockets();
    std::erase_if(passed_,
                  [&](const std::string& path) { return std::find(paths.begin(), paths.end(), path) == paths.end(); });
    std::stable_partition(paths.begin(), paths.end(), [&](const std::string& path) { return !passed_.contains(path); });
    for (const std::string& path : paths)
        if (socket_.connect(path)) {
            path_ = path;
            reader_ = {};
            outgoing_ = frame(object({{"type", "hello"},
                                      {"version", link::link_version},
                                      {"client", "ProducerGAN plugin"},
                                      {"pid", static_cast<juce::int64>(::getpid())}}));
            greeted_at_ = seconds();
            return true;
        }
    return false;
}

void LinkClient::missing(const juce::String& sentence) {
    const std::lock_guard guard(lock_);
    trouble_ = sentence;
    where_ = Where::missing;
}

/// Starts one if nobody else is about to.
void LinkClient::start_engine() {
    if (launched_at_ >= 0.0 && seconds() - launched_at_ < launch_s)
        return;
    if (launched_at_ >= 0.0) {
        right_.give_back();
        missing("The engine that was started does not answer; see engine.log in " + juce::String(runtime_folder()) +
                ".");
        launched_at_ = -1.0;
    }
    const bool failed_before = where_ == Where::missing;
    if (!folder_is_private())
        return missing("Others can get into " + juce::String(runtime_folder()) +
                       ", or it is none of your folders, so no engine is looked for there; set PRODUCERGAN_RUNTIME to "
                       "a folder of yours.");
    const std::string command = engine_command();
    if (command.empty())
        return missing(
            named_engine().empty()
                ? juce::String("ProducerGAN's engine was not found; install it, or name it in PRODUCERGAN_ENGINE.")
                : "There is no program " + juce::String(named_engine()) + ", which PRODUCERGAN_ENGINE names.");
    if (!right_.take())
        return;    // another plugin starts one
    if (connect()) // which that other one started a moment ago
        return right_.give_back();
    if (!launch_engine(command)) {
        right_.give_back();
        return missing("The engine " + juce::String(command) + " cannot be started.");
    }
    launched_at_ = seconds();
    if (!failed_before) // or else what went wrong would be read by nobody
        where_ = Where::starting;
}

void LinkClient::serve() {
    socket_.wait(beat_ms, !outgoing_.empty());
    try {
        static thread_local std::array<char, 1 << 16> buffer;
        for (int i = 0; i < 16; ++i) {
            const auto count = socket_.read(buffer.data(), buffer.size());
            if (!count)
                return close({});
            reader_.feed(buffer.data(), *count);
            if (*count < buffer.size())
                break;
        }
        for (Message message; reader_.next(message);) {
            if (message.type == "refused") {
                passed_.insert(path_);
                return close(message.head["reason"]);
            }
            if (where_ == Where::connected) {
                listener_.received(message);
            } else if (message.type == "welcome") {
                right_.give_back();
                launched_at_ = -1.0;
                passed_.clear();
                {
                    const std::lock_guard guard(lock_);
                    trouble_ = {};
                }
                where_ = Where::connected;
                listener_.connected();
            } else {
                throw LinkError("The engine did not say welcome.");
            }
        }
        listener_.all_read();
        if (where_ != Where::connected && seconds() - greeted_at_ > handshake_s) {
            passed_.insert(path_);
            return close("The engine does not answer.");
        }
        if (!outgoing_.empty()) {
            const auto count = socket_.write(outgoing_.data(), outgoing_.size());
            if (!count)
                return close({});
            outgoing_.erase(0, *count);
        }
    } catch (const std::exception& error) { // what the engine said is no use: as if it were not there
        passed_.insert(path_);
        close(error.what());
    }
}

void LinkClient::close(const juce::String& why) {
    const bool was_connected = where_ == Where::connected;
    socket_.close();
    outgoing_.clear();
    {
        const std::lock_guard guard(lock_);
        trouble_ = why;
    }
    where_ = why.isEmpty() ? Where::starting : Where::missing;
    if (why.isNotEmpty())
        next_try_ = seconds() + retry_ms / 1000.0; // whatever it was that it said: it is not asked again at once
    if (was_connected)
        listener_.disconnected();
}

} // namespace producergan::plugin
