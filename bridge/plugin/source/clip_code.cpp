#include "clip_code.hpp"

#include <juce_audio_formats/juce_audio_formats.h>

#include <array>
#include <atomic>

#include <cmath>
#include <vector>

namespace producergan::plugin {

namespace {

/// What stands for 1.0, so that −1.0 has its place too.
double full_scale(int bits) { return (1 << (bits - 1)) - 1; }

constexpr double nominal_rate = 48000.0; // FLAC's own field does not hold every rate; the state says the clip's

} // namespace

std::uint64_t new_clip_id() {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1) + 1;
}

StoredClip pack(const Clip& clip, int bits) {
    StoredClip stored{bits, {}};
    const int frames = static_cast<int>(clip.frames());
    const double scale = full_scale(bits);
    std::array<std::vector<int>, 2> samples;
    std::array<const int*, 3> channels{}; // ends with a null
    for (int c = 0; c < clip.channel_count(); ++c) {
        auto& row = samples[static_cast<std::size_t>(c)];
        row.resize(static_cast<std::size_t>(frames));
        for (int i = 0; i < frames; ++i) // rounded, so that half a step is lost at the most
            row[static_cast<std::size_t>(i)] =
                static_cast<int>(
                    std::lround(juce::jlimit(-1.0, 1.0, static_cast<double>(clip.channel(c)[i])) * scale)) *
                (1 << (32 - bits));
        channels[static_cast<std::size_t>(c)] = row.data();
    }
    auto stream = std::make_unique<juce::MemoryOutputStream>(stored.data, false);
    juce::FlacAudioFormat flac;
    const std::unique_ptr<juce::AudioFormatWriter> writer(
        flac.createWriterFor(stream.get(), nominal_rate, static_cast<unsigned>(clip.channel_count()), bits, {}, 5));
    if (writer != nullptr) {
        stream.release(); // the writer's from now on
        writer->write(channels.data(), frames);
    }
    return stored;
}

ClipRef unpack(const void* data, std::size_t size, int channels, std::int64_t frames, double sample_rate,
               const std::string& name) {
    juce::FlacAudioFormat flac;
    const std::unique_ptr<juce::AudioFormatReader> reader(
        flac.createReaderFor(new juce::MemoryInputStream(data, size, false), true));
    if (reader == nullptr || static_cast<int>(reader->numChannels) != channels || reader->lengthInSamples != frames ||
        (reader->bitsPerSample != 16 && reader->bitsPerSample != 24))
        return nullptr;
    std::vector<int> samples(static_cast<std::size_t>(channels * frames));
    std::array<int*, 2> rows{};
    for (int c = 0; c < channels; ++c)
        rows[static_cast<std::size_t>(c)] = samples.data() + c * frames;
    if (!reader->read(rows.data(), channels, 0, static_cast<int>(frames), false))
        return nullptr;
    const int bits = static_cast<int>(reader->bitsPerSample);
    std::vector<float> audio(samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i)
        audio[i] = static_cast<float>((samples[i] >> (32 - bits)) / full_scale(bits));
    auto clip = std::make_shared<Clip>(new_clip_id(), channels, frames, sample_rate, name);
    clip->write(0, audio.data(), frames, frames);
    return clip;
}

} // namespace producergan::plugin
