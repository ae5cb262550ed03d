#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace producergan {

enum class Counter : int {
    blocks,
    underflows,
    worst_block_ns,
    late_events,
    dropped_events,
    dropped_commands,
    notes,
    steals,
    starved,
    muted,
    limited_blocks,
    count
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(Counter::count)> counter_names{
    "blocks", "underflows", "worst_block_ns", "late_events", "dropped_events", "dropped_commands",
    "notes",  "steals",     "starved",        "muted",       "limited_blocks"};

/// Figures that the audio thread counts and anyone may read without stopping it. All functions: [thread-safe]
class Counters {
public:
    void add(Counter which, std::uint64_t amount = 1) noexcept {
        at(which).fetch_add(amount, std::memory_order_relaxed);
    }
    void raise(Counter which, std::uint64_t value) noexcept {
        if (value > get(which))
            at(which).store(value, std::memory_order_relaxed);
    }
    std::uint64_t get(Counter which) const noexcept {
        return values_[static_cast<std::size_t>(which)].load(std::memory_order_relaxed);
    }

private:
    std::atomic<std::uint64_t>& at(Counter which) noexcept { return values_[static_cast<std::size_t>(which)]; }
    std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Counter::count)> values_{};
};

} // namespace producergan
