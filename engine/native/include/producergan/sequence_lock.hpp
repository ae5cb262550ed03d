#pragma once
#include <atomic>
#include <cstdint>
#include <thread>

namespace producergan {

/// One writer that never waits, and readers that copy anew while it writes. What is guarded is made of atomics.
class SequenceLock {
public:
    void begin() noexcept {                                // the one writer's [audio-thread]
        sequence_.fetch_add(1, std::memory_order_relaxed); // odd: being written
        std::atomic_thread_fence(std::memory_order_release);
    }
    void end() noexcept { sequence_.fetch_add(1, std::memory_order_release); } // even: whole [audio-thread]

    /// Calls `copy`, which reads what is guarded (relaxed), until nothing was written meanwhile. [control-thread]
    template <typename Copy>
    void read(Copy&& copy) const {
        for (;; std::this_thread::yield()) {
            const std::uint64_t before = sequence_.load(std::memory_order_acquire);
            if (before % 2 != 0)
                continue;
            copy();
            std::atomic_thread_fence(std::memory_order_acquire);
            if (sequence_.load(std::memory_order_relaxed) == before)
                return;
        }
    }

private:
    std::atomic<std::uint64_t> sequence_{0};
};

} // namespace producergan
