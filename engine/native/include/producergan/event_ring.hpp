#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace producergan {

/// The clock that stamps events and blocks: monotonic, the same in every process. [thread-safe]
std::int64_t now_ns() noexcept;

/// One MIDI message of up to three bytes with the moment it arrived.
struct StampedEvent {
    std::int64_t time_ns = 0;
    std::uint32_t port = 0;
    std::uint32_t size = 0;
    std::array<std::uint8_t, 4> bytes{};
};

/// A ring of stamped events over memory that processes share: one writer, any number of readers, no locks.
///
/// A reader that falls more than the capacity behind loses the oldest events and is told how many. A writer that is
/// killed between two instructions leaves a slot unpublished; the next writer starts from the same slot.
class EventRing {
public:
    static constexpr std::size_t capacity = 4096; // events; a power of two. 4 s of the densest MIDI 1.0 cable.

    /// Bytes of shared memory that a ring needs. [thread-safe]
    static std::size_t bytes() noexcept;

    /// Lays a ring over `memory` (at least bytes() long, 64-byte aligned); `create` clears it first. [setup]
    EventRing(void* memory, bool create) noexcept;

    /// False if the memory does not hold a ring of this version. [thread-safe]
    bool valid() const noexcept;

    /// Appends an event; messages longer than three bytes are cut off and not pushed (returns false). The one writer
    /// only. [midi-process]
    bool push(std::int64_t time_ns, std::uint32_t port, const std::uint8_t* data, std::size_t size) noexcept;

    /// Events pushed since the ring was made. [thread-safe]
    std::uint64_t written() const noexcept;

    /// Copies event number `index` if it is still there: 1 read, 0 not yet written, −1 overwritten. [thread-safe]
    int read(std::uint64_t index, StampedEvent& event) const noexcept;

private:
    struct Slot {
        std::atomic<std::uint64_t> sequence; // index + 1 once published, 0 while it is being written
        std::atomic<std::uint64_t> time;
        std::atomic<std::uint64_t> payload; // port << 32 | size << 24 | bytes
    };
    struct Header {
        std::atomic<std::uint64_t> magic;
        std::atomic<std::uint64_t> written;
    };
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

    Header* header_;
    Slot* slots_;
};

/// One reader's place in a ring.
class EventReader {
public:
    /// Starts at the ring's present end: only later events are read. [setup]
    explicit EventReader(const EventRing& ring) noexcept : ring_(&ring), next_(ring.written()) {}

    /// The next event, if there is one. [audio-thread] or [control-thread], one thread a reader
    bool read(StampedEvent& event) noexcept;

    /// Events overwritten before they were read. By the thread that reads: [audio-thread] or [control-thread]
    std::uint64_t lost() const noexcept { return lost_; }

private:
    const EventRing* ring_;
    std::uint64_t next_;
    std::uint64_t lost_ = 0;
};

} // namespace producergan
