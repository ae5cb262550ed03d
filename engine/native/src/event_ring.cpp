#include "producergan/event_ring.hpp"

#include <chrono>
#include <new>

namespace producergan {

namespace {
constexpr std::uint64_t ring_magic = 0x50474556'00000001; // "PGEV", version 1
} // namespace

std::int64_t now_ns() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::size_t EventRing::bytes() noexcept { return 64 + capacity * sizeof(Slot); }

EventRing::EventRing(void* memory, bool create) noexcept
    : header_(static_cast<Header*>(memory)), slots_(reinterpret_cast<Slot*>(static_cast<std::byte*>(memory) + 64)) {
    if (!create)
        return;
    for (std::size_t i = 0; i < capacity; ++i) {
        auto* slot = new (&slots_[i]) Slot;
        slot->sequence.store(0, std::memory_order_relaxed);
    }
    new (header_) Header;
    header_->written.store(0, std::memory_order_relaxed);
    header_->magic.store(ring_magic, std::memory_order_release);
}

bool EventRing::valid() const noexcept { return header_->magic.load(std::memory_order_acquire) == ring_magic; }

bool EventRing::push(std::int64_t time_ns, std::uint32_t port, const std::uint8_t* data, std::size_t size) noexcept {
    if (size == 0 || size > 3)
        return false;
    const std::uint64_t index = header_->written.load(std::memory_order_relaxed);
    Slot& slot = slots_[index % capacity];
    std::uint64_t payload = std::uint64_t{port} << 32 | std::uint64_t{size} << 24;
    for (std::size_t i = 0; i < size; ++i)
        payload |= std::uint64_t{data[i]} << (8 * i);
    slot.sequence.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    slot.time.store(static_cast<std::uint64_t>(time_ns), std::memory_order_relaxed);
    slot.payload.store(payload, std::memory_order_relaxed);
    slot.sequence.store(index + 1, std::memory_order_release);
    header_->written.store(index + 1, std::memory_order_release);
    return true;
}

std::uint64_t EventRing::written() const noexcept { return header_->written.load(std::memory_order_acquire); }

int EventRing::read(std::uint64_t index, StampedEvent& event) const noexcept {
    const std::uint64_t end = written();
    if (index >= end)
        return 0;
    if (end - index > capacity)
        return -1;
    const Slot& slot = slots_[index % capacity];
    if (slot.sequence.load(std::memory_order_acquire) != index + 1)
        return -1;
    event.time_ns = static_cast<std::int64_t>(slot.time.load(std::memory_order_relaxed));
    const std::uint64_t payload = slot.payload.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (slot.sequence.load(std::memory_order_relaxed) != index + 1)
        return -1;
    event.port = static_cast<std::uint32_t>(payload >> 32);
    event.size = static_cast<std::uint32_t>(payload >> 24 & 0xff);
    for (std::size_t i = 0; i < 3; ++i)
        event.bytes[i] = static_cast<std::uint8_t>(payload >> (8 * i) & 0xff);
    return 1;
}

bool EventReader::read(StampedEvent& event) noexcept {
    for (;;) {
        const int outcome = ring_->read(next_, event);
        if (outcome > 0) {
            ++next_;
            return true;
        }
        if (outcome == 0)
            return false;
        // Overtaken: go on with the oldest event that the writer will not reach at once.
        const std::uint64_t end = ring_->written();
        const std::uint64_t keep = EventRing::capacity / 2;
        const std::uint64_t oldest = end > keep ? end - keep : 0;
        const std::uint64_t target = oldest > next_ ? oldest : next_ + 1;
        lost_ += target - next_;
        next_ = target;
    }
}

} // namespace producergan
