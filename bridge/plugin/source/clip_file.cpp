#include "clip_file.hpp"

#include <juce_audio_formats/juce_audio_formats.h>

#include <algorithm>

namespace producergan::plugin {

namespace {

constexpr int bits = 24;
constexpr int name_length = 48; // of a preset's name, so that key and sound are not what a long one costs
constexpr int sound_length = 12;

/// A name that every file system and every drag takes as it is.
juce::String plain_name(const juce::String& text) {
    juce::String name;
    for (auto at = text.getCharPointer(); !at.isEmpty() && name.length() < name_length; ++at)
        name += juce::CharacterFunctions::isLetterOrDigit(*at) || *at == '-' ? juce::String::charToString(*at) : "_";
    return name.isEmpty() ? juce::String("Untitled") : name;
}

bool is_whole(const juce::File& file, const Clip& clip) {
    auto stream = file.createInputStream();
    if (stream == nullptr || stream->getTotalLength() < clip.frames() * clip.channel_count() * bits / 8)
        return false;
    const std::unique_ptr<juce::AudioFormatReader> reader(
        juce::WavAudioFormat().createReaderFor(stream.release(), true));
    return reader != nullptr && reader->lengthInSamples == clip.frames() &&
           static_cast<int>(reader->numChannels) == clip.channel_count();
}

bool write(const juce::File& file, const Clip& clip) {
    auto stream = file.createOutputStream();
    if (stream == nullptr)
        return false;
    std::unique_ptr<juce::AudioFormatWriter> writer(juce::WavAudioFormat().createWriterFor(
        stream.get(), clip.sample_rate(), static_cast<unsigned>(clip.channel_count()), bits, {}, 0));
    if (writer == nullptr)
        return false;
    stream.release(); // the writer's
    const float* channels[] = {clip.channel(0), clip.channel(clip.channel_count() - 1)};
    return writer->writeFromFloatArrays(channels, clip.channel_count(), static_cast<int>(clip.frames()));
}

/// By way of a name beside it, so that no host finds half a file.
juce::Result write_whole(const juce::File& file, const Clip& clip) {
    if (is_whole(file, clip))
        return juce::Result::ok();
    const juce::File folder = file.getParentDirectory();
    if (const auto made = folder.createDirectory(); made.failed())
        return juce::Result::fail("The folder " + folder.getFullPathName() +
                                  ", where dragged sounds are kept, cannot be made.");
    const juce::TemporaryFile coming(file);
    if (!write(coming.getFile(), clip) || !is_whole(coming.getFile(), clip))
        return juce::Result::fail("The sound cannot be written to " + folder.getFullPathName() +
                                  ": the disk may be full, or the folder not yours.");
    if (!coming.overwriteTargetFileWithTemporary())
        return juce::Result::fail(file.getFullPathName() + " is there already and cannot be replaced.");
    return juce::Result::ok();
}

} // namespace

std::vector<juce::File> clip_folders() {
    std::vector<juce::File> folders;
    for (const auto place : {juce::File::userMusicDirectory, juce::File::userApplicationDataDirectory})
        folders.push_back(juce::File::getSpecialLocation(place).getChildFile("ProducerGAN"));
    return folders;
}

juce::Result write_clip_file(const Clip& clip, const juce::String& preset, int key,
                             const std::vector<juce::File>& folders, juce::File& file) {
    const juce::String name = plain_name(preset);
    const juce::String sound = juce::String(clip.name()).substring(0, sound_length);
    juce::String trouble;
    for (const juce::File& folder : folders) {
        file = folder.getChildFile(name).getChildFile(name + "-" + juce::String(key) + "-" + sound + ".wav");
        const auto done = write_whole(file, clip);
        if (done.wasOk())
            return done;
        if (trouble.isEmpty())
            trouble = done.getErrorMessage();
    }
    file = juce::File();
    return juce::Result::fail(trouble);
}

} // namespace producergan::plugin
