#include "unix_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace producergan::plugin {

UnixSocket::~UnixSocket() { close(); }

void UnixSocket::close() {
    if (handle_ >= 0)
        ::close(handle_);
    handle_ = -1;
}

bool UnixSocket::connect(const std::string& path) {
    close();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    handle_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    if (handle_ < 0)
        return false;
    ::fcntl(handle_, F_SETFD, FD_CLOEXEC);
    ::fcntl(handle_, F_SETFL, O_NONBLOCK); // a full queue of connections refuses rather than blocks
#ifdef SO_NOSIGPIPE
    const int on = 1;
    ::setsockopt(handle_, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    if (::connect(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return true;
    close();
    return false;
}

bool UnixSocket::wait(int milliseconds, bool writing) {
    pollfd watched{handle_, static_cast<short>(POLLIN | (writing ? POLLOUT : 0)), 0};
    const int ready = ::poll(&watched, 1, milliseconds);
    return ready >= 0 || errno == EINTR;
}

std::optional<std::size_t> UnixSocket::read(char* data, std::size_t size) {
    const ssize_t count = ::recv(handle_, data, size, 0);
    if (count > 0)
        return static_cast<std::size_t>(count);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return 0;
    return std::nullopt;
}

std::optional<std::size_t> UnixSocket::write(const char* data, std::size_t size) {
#ifdef MSG_NOSIGNAL
    const int flags = MSG_NOSIGNAL;
#else
    const int flags = 0;
#endif
    const ssize_t count = ::send(handle_, data, size, flags);
    if (count >= 0)
        return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return 0;
    return std::nullopt;
}

} // namespace producergan::plugin
