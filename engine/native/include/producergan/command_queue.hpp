#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace producergan {

/// A bounded queue from one thread to another without locks. Items are moved; a full queue refuses.
template <typename Item, std::size_t capacity>
class CommandQueue {
    static_assert((capacity & (capacity - 1)) == 0);

public:
    /// False, and `item` untouched, if the queue is full. [control-thread]
    bool push(Item&& item) {
        const std::size_t head = head_.load(std::memory_order_relaxed);
        if (head - tail_.load(std::memory_order_acquire) == capacity)
            return false;
        (*items_)[head % capacity] = std::move(item);
        head_.store(head + 1, std::memory_order_release);
        return true;
    }

    /// False if the queue is empty. [audio-thread]
    bool pop(Item& item) noexcept {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == head_.load(std::memory_order_acquire))
            return false;
        item = std::move((*items_)[tail % capacity]);
        tail_.store(tail + 1, std::memory_order_release);
        return true;
    }

private:
    std::unique_ptr<std::array<Item, capacity>> items_ = std::make_unique<std::array<Item, capacity>>();
    alignas(64) std::atomic<std::size_t> head_{0};
    alignas(64) std::atomic<std::size_t> tail_{0};
};

} // namespace producergan
