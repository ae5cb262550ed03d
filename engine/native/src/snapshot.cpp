#include "producergan/snapshot.hpp"

namespace producergan {

void Snapshot::begin() noexcept {
    lock_.begin();
    filling_ = 0;
}

void Snapshot::add(const VoiceReport& v) noexcept {
    if (filling_ == capacity)
        return;
    auto* word = &data_[static_cast<std::size_t>(filling_++ * words)];
    const std::uint64_t packed = std::uint64_t{v.zone} | std::uint64_t{v.key} << 8 | std::uint64_t{v.slot_key} << 16 |
                                 std::uint64_t{v.variant} << 24 | std::uint64_t{v.channel} << 32 |
                                 std::uint64_t{v.looping} << 40 | std::uint64_t{v.reverse} << 41 |
                                 std::uint64_t{v.released} << 42;
    const std::uint64_t values[words] = {v.voice,
                                         v.clip,
                                         static_cast<std::uint64_t>(v.position),
                                         static_cast<std::uint64_t>(v.step),
                                         static_cast<std::uint64_t>(v.loop_start) << 32 |
                                             static_cast<std::uint64_t>(v.loop_end),
                                         static_cast<std::uint64_t>(v.loop_fade),
                                         packed,
                                         v.program,
                                         v.incoming,
                                         static_cast<std::uint64_t>(v.faded)};
    for (int i = 0; i < words; ++i)
        word[i].store(values[i], std::memory_order_relaxed);
}

void Snapshot::end(std::int64_t frame) noexcept {
    count_.store(static_cast<std::uint64_t>(filling_), std::memory_order_relaxed);
    frame_.store(static_cast<std::uint64_t>(frame), std::memory_order_relaxed);
    lock_.end();
}

std::int64_t Snapshot::read(std::vector<VoiceReport>& voices) const {
    std::int64_t frame = 0;
    lock_.read([&] {
        const std::size_t count = count_.load(std::memory_order_relaxed);
        frame = static_cast<std::int64_t>(frame_.load(std::memory_order_relaxed));
        voices.clear();
        for (std::size_t i = 0; i < count; ++i) {
            const auto* word = &data_[i * words];
            const auto value = [&](int index) { return word[index].load(std::memory_order_relaxed); };
            const std::uint64_t packed = value(6);
            const auto byte = [&](int shift) { return static_cast<std::uint8_t>(packed >> shift & 0xff); };
            VoiceReport v;
            v.voice = value(0);
            v.clip = value(1);
            v.position = static_cast<std::int64_t>(value(2));
            v.step = static_cast<std::int64_t>(value(3));
            v.loop_start = static_cast<std::int64_t>(value(4) >> 32);
            v.loop_end = static_cast<std::int64_t>(value(4) & 0xffffffffu);
            v.loop_fade = static_cast<std::int64_t>(value(5));
            v.program = value(7);
            v.incoming = value(8);
            v.faded = static_cast<std::int64_t>(value(9));
            v.zone = byte(0);
            v.key = byte(8);
            v.slot_key = byte(16);
            v.variant = byte(24);
            v.channel = byte(32);
            v.looping = packed >> 40 & 1;
            v.reverse = packed >> 41 & 1;
            v.released = packed >> 42 & 1;
            voices.push_back(v);
        }
    });
    return frame;
}

} // namespace producergan
