#pragma once
#include <string>
#include <vector>

namespace producergan::plugin {

/// The user's own folder for the sockets of engines: $PRODUCERGAN_RUNTIME, else $XDG_RUNTIME_DIR/producergan, else one
/// in the system's folder for temporary files. [thread-safe]
std::string runtime_folder();

/// The sockets of engines there, the newest first. [control-thread]
std::vector<std::string> engine_sockets();

/// The command that starts an engine: $PRODUCERGAN_ENGINE, else the one that an engine left in the runtime folder, else
/// the one that `bridge plugin install` left in producergan in $XDG_CONFIG_HOME or ~/.config, else the one on PATH;
/// empty if there is none. [control-thread]
std::string engine_command();

/// What $PRODUCERGAN_ENGINE says; empty if nothing. [control-thread]
std::string named_engine();

/// Whether the runtime folder is the user's alone, or could still be made. [control-thread]
bool folder_is_private();

/// Holds the right to start an engine while it lives, so that of several plugins only one does. [control-thread]
class LaunchRight {
public:
    ~LaunchRight();
    bool take(); // false if somebody else has it
    void give_back();

private:
    int file_ = -1;
};

/// Starts an engine that serves the link alone, and that ends when nobody uses it. False if that is not possible.
/// [control-thread]
bool launch_engine(const std::string& command);

} // namespace producergan::plugin
