#include "producergan/audio_callback.hpp"

#include <algorithm>
#include <cmath>

namespace producergan {

AudioCallback::AudioCallback(Sampler& sampler, double sample_rate, std::int64_t latency_ns)
    : sampler_(sampler), frames_per_ns_(sample_rate * 1e-9), latency_ns_(latency_ns), clock_(sample_rate),
      waiting_(config::max_events), due_(config::max_events) {
    readers_.reserve(max_rings);
}

bool AudioCallback::add_ring(const EventRing& ring) {
    if (readers_.size() == max_rings)
        return false;
    readers_.emplace_back(ring);
    return true;
}

void AudioCallback::collect_events() noexcept {
    for (std::size_t i = 0; i < readers_.size(); ++i) {
        StampedEvent event;
        while (waiting_count_ < config::max_events && readers_[i].read(event)) {
            if (event.size == 0 || event.bytes[0] < 0x80 || event.bytes[0] >= 0xf0)
                continue;
            int place = waiting_count_++;
            for (; place > 0 && waiting_[static_cast<std::size_t>(place - 1)].time_ns > event.time_ns; --place)
                waiting_[static_cast<std::size_t>(place)] = waiting_[static_cast<std::size_t>(place - 1)];
            waiting_[static_cast<std::size_t>(place)] = event;
        }
        if (readers_[i].lost() != lost_[i]) {
            sampler_.counters().add(Counter::dropped_events, readers_[i].lost() - lost_[i]);
            lost_[i] = readers_[i].lost();
        }
    }
}

void AudioCallback::render(float* left, float* right, int stride, int frames, bool underflow,
                           std::int64_t now) noexcept {
    Counters& counters = sampler_.counters();
    if (underflow) {
        counters.add(Counter::underflows);
        clock_.restart();
    }
    if (frames <= 0) // no frame where an event could sound
        return;
    const std::int64_t begin = clock_.begin(now, frames);
    block_time_.store(begin, std::memory_order_relaxed);
    collect_events();
    int due = 0;
    while (due < waiting_count_) {
        const StampedEvent& event = waiting_[static_cast<std::size_t>(due)];
        const double offset = static_cast<double>(event.time_ns + latency_ns_ - begin) * frames_per_ns_;
        if (offset >= frames)
            break;
        if (offset < -0.5)
            counters.add(Counter::late_events);
        due_[static_cast<std::size_t>(due++)] = {std::clamp(static_cast<int>(std::floor(offset)), 0, frames - 1),
                                                 event.bytes[0], event.bytes[1], event.bytes[2]};
    }
    waiting_count_ -= due;
    std::move(waiting_.begin() + due, waiting_.begin() + due + waiting_count_, waiting_.begin());
    sampler_.process(due_.data(), due, left, right, stride, frames);
    if (RecordingRing* recording = recording_.load(std::memory_order_acquire))
        recording->write(left, right, stride, frames);
    counters.raise(Counter::worst_block_ns, static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ns() - now)));
}

int AudioCallback::portaudio(const void*, void* output, unsigned long frames, const void*, unsigned long flags,
                             void* self) noexcept {
    constexpr unsigned long output_underflow = 4; // paOutputUnderflow
    static_cast<AudioCallback*>(self)->render(static_cast<float*>(output), static_cast<int>(frames),
                                              (flags & output_underflow) != 0, now_ns());
    return 0; // paContinue
}

} // namespace producergan
