#include "engine_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

extern char** environ;

namespace producergan::plugin {

namespace fs = std::filesystem;

namespace {

// The engine is the shell's child, and nobody's once the shell has ended: it outlives the host and leaves no zombie.
constexpr const char* start_script = "\"$0\" play --audio none --until-idle 30 >\"$1\" 2>&1 </dev/null &";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
}

bool executable(const std::string& path) {
    struct stat there{};
    return !path.empty() && ::stat(path.c_str(), &there) == 0 && S_ISREG(there.st_mode) &&
           ::access(path.c_str(), X_OK) == 0;
}

/// A folder of the user's own, where nobody else has any of the rights `others`.
bool own_folder(const std::string& path, mode_t others = 077) {
    struct stat there{};
    return ::lstat(path.c_str(), &there) == 0 && S_ISDIR(there.st_mode) && there.st_uid == ::getuid() &&
           (there.st_mode & others) == 0;
}

std::string settings_folder() {
    if (const std::string chosen = variable("XDG_CONFIG_HOME"); !chosen.empty())
        return chosen + "/producergan";
    return variable("HOME") + "/.config/producergan";
}

/// The command that stands in a folder's file `engine`; empty if there is none.
std::string command_in(const std::string& folder) {
    std::ifstream file(folder + "/engine");
    std::string path;
    return std::getline(file, path) && executable(path) ? path : "";
}

bool make_own_folder(const std::string& path) { return ::mkdir(path.c_str(), 0700) == 0 || own_folder(path); }

} // namespace

std::string runtime_folder() {
    if (std::string chosen = variable("PRODUCERGAN_RUNTIME"); !chosen.empty())
        return chosen;
    if (const std::string session = variable("XDG_RUNTIME_DIR"); !session.empty())
        return session + "/producergan";
    return "/tmp/producergan-" + std::to_string(::getuid());
}

std::vector<std::string> engine_sockets() {
    const std::string folder = runtime_folder();
    if (!own_folder(folder))
        return {};
    std::vector<std::pair<fs::file_time_type, std::string>> found;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::error_code ignored;
        if (name.starts_with("engine-") && name.ends_with(".sock") && entry->is_socket(ignored))
            found.emplace_back(entry->last_write_time(ignored), entry->path().string());
    }
    std::sort(found.rbegin(), found.rend());
    std::vector<std::string> paths;
    for (auto& [time, path] : found)
        paths.push_back(std::move(path));
    return paths;
}

std::string engine_command() {
    if (const std::string chosen = variable("PRODUCERGAN_ENGINE"); !chosen.empty())
        return executable(chosen) ? chosen : "";
    if (const std::string folder = runtime_folder(); own_folder(folder))
        if (std::string path = command_in(folder); !path.empty())
            return path;
    if (const std::string folder = settings_folder(); own_folder(folder, 022)) // others may read it
        if (std::string path = command_in(folder); !path.empty())
            return path;
    std::istringstream folders(variable("PATH"));
    for (std::string place; std::getline(folders, place, ':');)
        if (const std::string path = place + "/engine"; !place.empty() && executable(path))
            return path;
    return {};
}

std::string named_engine() { return variable("PRODUCERGAN_ENGINE"); }

bool folder_is_private() {
    struct stat there{};
    const std::string folder = runtime_folder();
    return ::lstat(folder.c_str(), &there) != 0 || own_folder(folder);
}

LaunchRight::~LaunchRight() { give_back(); }

bool LaunchRight::take() {
    if (file_ >= 0)
        return true;
    const std::string folder = runtime_folder();
    if (!make_own_folder(folder))
        return false;
    file_ = ::open((folder + "/launch.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0)
        return false;
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0)
        return true;
    ::close(file_);
    file_ = -1;
    return false;
}

void LaunchRight::give_back() {
    if (file_ >= 0)
        ::close(file_); // and so unlocks it
    file_ = -1;
}

bool launch_engine(const std::string& command) {
    const std::string log = runtime_folder() + "/engine.log";
    std::array<std::string, 5> words{"/bin/sh", "-c", start_script, command, log};
    std::array<char*, 6> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i)
        arguments[i] = words[i].data();
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none); // a host's thread may have blocked some
    ::posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID));
    pid_t shell = 0;
    const int failed = ::posix_spawn(&shell, words[0].c_str(), nullptr, &attributes, arguments.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    if (failed != 0)
        return false;
    int status = 0;
    while (::waitpid(shell, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace producergan::plugin
