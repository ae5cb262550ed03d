#include "producergan/held_keys.hpp"

#include <algorithm>

namespace producergan {

void HeldKeys::strike(int key, int velocity) noexcept {
    lift(key); // struck again without a note-off: the last of the order now
    order_[static_cast<std::size_t>(count_++)] = static_cast<std::uint8_t>(key);
    velocities_[static_cast<std::size_t>(key)] = static_cast<std::uint8_t>(velocity);
}

void HeldKeys::lift(int key) noexcept {
    const auto begin = order_.begin(), end = order_.begin() + count_;
    count_ = static_cast<int>(std::remove(begin, end, key) - begin);
}

void HeldKeys::catch_held() noexcept {
    for (int i = 0; i < count_; ++i)
        caught_.set(order_[static_cast<std::size_t>(i)]);
}

bool HeldKeys::down(int key) const noexcept {
    const auto end = order_.begin() + count_;
    return std::find(order_.begin(), end, key) != end;
}

bool HeldKeys::holds(int key) const noexcept { return caught_[static_cast<std::size_t>(key)] || down(key); }

int HeldKeys::first(Priority priority) const noexcept {
    if (count_ == 0)
        return none;
    const auto begin = order_.begin(), end = order_.begin() + count_;
    switch (priority) {
    case Priority::low:
        return *std::min_element(begin, end);
    case Priority::high:
        return *std::max_element(begin, end);
    case Priority::last:
        break;
    }
    return *(end - 1);
}

} // namespace producergan
