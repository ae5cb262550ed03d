#include "window_engine.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <set>

#include "engine_process.hpp"
#include "frame.hpp"
#include "json.hpp"

namespace producergan::plugin::test {

FakeEngine::FakeEngine(FakePreset preset) : preset_(std::move(preset)), path_(runtime_folder() + "/engine-1.sock") {
    for (const char* name : {"Chromatic", "Drums", "Pad", "Path", "Textures"})
        presets_.emplace_back(name, std::string("/presets/") + name + ".toml");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    listening_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listening_, 4) != 0)
        std::abort();
    thread_ = std::thread([this] { run(); });
}

FakeEngine::~FakeEngine() {
    ends_ = true;
    thread_.join();
    ::close(listening_);
    ::unlink(path_.c_str());
}

void FakeEngine::change(FakePreset preset) {
    const std::lock_guard guard(preset_lock_);
    preset_ = std::move(preset);
}

void FakeEngine::list(std::vector<std::pair<std::string, std::string>> presets) {
    const std::lock_guard guard(preset_lock_);
    presets_ = std::move(presets);
}

int FakeEngine::heard(const std::string& type) const {
    const std::lock_guard guard(lock_);
    return static_cast<int>(std::count_if(heard_.begin(), heard_.end(), [&](const juce::var& head) {
        return head["type"].toString().toStdString() == type;
    }));
}

juce::var FakeEngine::last(const std::string& type) const {
    const std::lock_guard guard(lock_);
    for (auto head = heard_.rbegin(); head != heard_.rend(); ++head)
        if ((*head)["type"].toString().toStdString() == type)
            return *head;
    return {};
}

void FakeEngine::run() {
    std::string waiting;
    char buffer[1 << 16];
    while (!ends_) {
        pollfd there{client_ >= 0 ? client_ : listening_, POLLIN, 0};
        if (::poll(&there, 1, 20) <= 0)
            continue;
        if (client_ < 0) {
            client_ = ::accept(listening_, nullptr, nullptr);
            waiting.clear();
            continue;
        }
        const ssize_t count = ::recv(client_, buffer, sizeof buffer, 0);
        if (count <= 0) {
            ::close(client_);
            client_ = -1;
            continue;
        }
        waiting.append(buffer, static_cast<std::size_t>(count));
        while (waiting.size() >= 8) {
            const std::size_t size = juce::ByteOrder::littleEndianInt(waiting.data());
            if (waiting.size() < 8 + size)
                break;
            const juce::var head =
                juce::JSON::parse(juce::String::fromUTF8(waiting.data() + 8, static_cast<int>(size)));
            waiting.erase(0, 8 + size);
            {
                const std::lock_guard guard(lock_);
                const juce::String type = head["type"].toString();
                if (type != "voices" && type != "hands") // said all the time
                    heard_.push_back(head);
            }
            answer(head);
        }
    }
    if (client_ >= 0)
        ::close(client_);
}

void FakeEngine::answer(const juce::var& head) {
    const std::lock_guard guard(preset_lock_);
    const juce::String type = head["type"].toString();
    if (type == "hello") {
        send("welcome", object({{"version", link::link_version}, {"engine", "test"}}));
    } else if (type == "presets") {
        juce::Array<juce::var> rows;
        for (const auto& [name, path] : presets_)
            rows.add(juce::Array<juce::var>{juce::String(name), juce::String(path), "A preset."});
        send("presets", object({{"presets", rows}}));
    } else if (type == "open") {
        auto& program = *preset_.program.getDynamicObject();
        for (const auto& [name, path] : presets_)
            if (head["name"].toString() == juce::String(path))
                program.setProperty("name", juce::String(name));
        program.setProperty("serial", ++serial_);
        send("program", preset_.program);
        for (const auto& [place, sound] : preset_.sounds)
            send_sound(place, sound);
        send("settled", object({{"version", 0}}));
    } else if (type == "hands") {
        if (!rendering_)
            send("settled", object({{"version", head["version"]}}));
    } else if (type == "reroll" || type == "paste") {
        const int key = head["key"];
        std::map<int, std::set<int>> locked;
        for (int zone = 0; zone < preset_.program["zones"].size(); ++zone)
            for (const int number : *preset_.program["zones"][zone]["locked"].getArray())
                locked[zone].insert(number);
        for (auto& [place, sound] : preset_.sounds)
            if ((key < 0 && !locked[place.zone].contains(place.key)) || key == place.key) {
                sound = sound_name(0, 1000000 + ++made_);
                send_sound(place, sound);
            }
        send_edited();
    } else if (type == "lock") {
        for (int zone = 0; zone < preset_.program["zones"].size(); ++zone) {
            auto& row = *preset_.program["zones"][zone].getDynamicObject();
            if (!row.getProperty("keys").getArray()->contains(head["key"]))
                continue;
            juce::Array<juce::var> locked = *row.getProperty("locked").getArray();
            locked.removeAllInstancesOf(head["key"]);
            if (head["on"])
                locked.add(head["key"]);
            row.setProperty("locked", locked);
        }
        send_edited();
    } else if (type == "undo") {
        send_edited();
    } else if (type == "copy") {
        send("sound", object({{"key", head["key"]}, {"text", "sound of key " + head["key"].toString()}}));
    }
}

void FakeEngine::send_edited() {
    juce::Array<juce::var> rows;
    for (int zone = 0; zone < preset_.program["zones"].size(); ++zone)
        rows.add(juce::Array<juce::var>{zone, preset_.program["zones"][zone]["locked"]});
    send("edited",
         object({{"text", preset_.program["text"].toString() + "# " + juce::String(++made_)}, {"locked", rows}}));
}

void FakeEngine::send_sound(Place place, const std::string& sound) {
    const std::vector<float> samples = audio(sound);
    send(
        "clip",
        object({{"sound", juce::String(sound)}, {"channels", 1}, {"frames", clip_frames}, {"sample_rate", clip_rate}}));
    send("blocks", object({{"sound", juce::String(sound)}, {"start", 0}, {"frames", clip_frames}}), samples);
    send("set", object({{"serial", serial_},
                        {"version", 0},
                        {"zone", place.zone},
                        {"key", place.key},
                        {"variant", place.variant},
                        {"sound", juce::String(sound)}}));
}

void FakeEngine::send(const char* type, const juce::var& head, const std::vector<float>& body) {
    const std::string text = juce::JSON::toString(brought_up_to_date(head, type), true).toStdString();
    juce::MemoryOutputStream out;
    out.writeInt(static_cast<int>(text.size()));
    out.writeInt(static_cast<int>(4 * body.size()));
    out.write(text.data(), text.size());
    out.write(body.data(), 4 * body.size());
    const std::lock_guard guard(write_lock_);
    const auto* bytes = static_cast<const char*>(out.getData());
    for (std::size_t at = 0; at < out.getDataSize() && client_ >= 0;) {
        const ssize_t count = ::send(client_, bytes + at, out.getDataSize() - at, MSG_NOSIGNAL);
        if (count <= 0)
            return;
        at += static_cast<std::size_t>(count);
    }
}

} // namespace producergan::plugin::test
