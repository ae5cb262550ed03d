#include "producergan/jack_output.hpp"

namespace producergan {

int JackOutput::process(std::uint32_t frames, void* self) noexcept {
    const std::int64_t now = now_ns();
    auto& output = *static_cast<JackOutput*>(self);
    auto* left = static_cast<float*>(output.get_buffer_(output.left_, frames));
    auto* right = static_cast<float*>(output.get_buffer_(output.right_, frames));
    const bool lost_time = output.lost_time_.exchange(false, std::memory_order_relaxed);
    output.callback_.render(left, right, 1, static_cast<int>(frames), lost_time, now);
    return 0; // stay in JACK's graph
}

int JackOutput::xrun(void* self) noexcept {
    static_cast<JackOutput*>(self)->lost_time_.store(true, std::memory_order_relaxed);
    return 0;
}

void JackOutput::shut_down(int, const char*, void* self) noexcept {
    static_cast<JackOutput*>(self)->ended_.store(true, std::memory_order_relaxed);
}

} // namespace producergan
