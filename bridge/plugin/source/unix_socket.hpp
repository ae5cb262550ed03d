#pragma once
#include <cstddef>
#include <optional>
#include <string>

namespace producergan::plugin {

/// A stream socket to a process on this machine. Never blocks longer than it is told to, never raises SIGPIPE. One
/// thread at a time.
class UnixSocket {
public:
    UnixSocket() = default;
    ~UnixSocket();
    UnixSocket(const UnixSocket&) = delete;
    UnixSocket& operator=(const UnixSocket&) = delete;

    bool connect(const std::string& path); // false if nobody answers there
    void close();
    bool is_open() const { return handle_ >= 0; }

    /// Waits until there is something to read (or room to write, if `writing`), at most so long; false if it closed.
    bool wait(int milliseconds, bool writing);
    /// Reads what is there, up to `size` bytes; 0 if nothing is. Nothing if the other side has gone.
    std::optional<std::size_t> read(char* data, std::size_t size);
    /// Writes what finds room; nothing if the other side has gone.
    std::optional<std::size_t> write(const char* data, std::size_t size);

private:
    int handle_ = -1;
};

} // namespace producergan::plugin
