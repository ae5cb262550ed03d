#include "library.hpp"

#include "frame.hpp"

namespace producergan::plugin {

std::size_t Library::bytes_of(const ClipRef& clip) {
    return clip == nullptr ? 0 : sizeof(float) * static_cast<std::size_t>(clip->frames() * clip->channel_count());
}

bool Library::has_room(int channels, std::int64_t frames) const {
    return entries_.size() < most_clips &&
           bytes_ + sizeof(float) * static_cast<std::size_t>(channels * frames) <= most_bytes;
}

void Library::begin(const SoundName& name, int channels, std::int64_t frames, double sample_rate, bool anew) {
    const auto there = entries_.find(name);
    if (there != entries_.end() && !there->second.whole && !anew && there->second.clip->channel_count() == channels &&
        there->second.clip->frames() == frames && there->second.clip->sample_rate() == sample_rate)
        return; // another engine goes on with it
    if (!has_room(channels, frames))
        throw LinkError("The engine sent more sounds than the plugin can hold.");
    auto clip = std::make_shared<Clip>(new_clip_id(), channels, frames, sample_rate, name);
    Entry& entry = entries_[name];
    bytes_ -= bytes_of(entry);
    if (entry.clip != nullptr && (entry.whole || anew))
        entry.coming = std::move(clip);
    else
        entry = {std::move(clip), nullptr, false, std::nullopt};
    bytes_ += bytes_of(entry);
}

bool Library::write(const SoundName& name, std::int64_t start, std::int64_t frames, const std::vector<float>& audio) {
    const auto found = entries_.find(name);
    if (found == entries_.end())
        throw LinkError("The engine sent audio of a sound that it had not begun.");
    Entry& entry = found->second;
    if (entry.whole && entry.coming == nullptr)
        return false;
    Clip& clip = entry.coming != nullptr ? *entry.coming : *entry.clip;
    if (audio.size() != static_cast<std::size_t>(clip.channel_count()) * static_cast<std::size_t>(frames))
        throw LinkError("The engine sent audio of another number of channels than its sound has.");
    clip.write(start, audio.data(), frames, frames);
    if (!clip.ready(0, clip.frames() - 1))
        return false;
    const bool another = entry.coming != nullptr;
    if (another) {
        bytes_ -= bytes_of(entry.clip);
        entry.clip = std::move(entry.coming);
        entry.packed.reset();
    }
    entry.whole = true;
    return another;
}

void Library::put(ClipRef clip, std::optional<StoredClip> packed) {
    const SoundName name = clip->name();
    Entry& entry = entries_[name];
    bytes_ -= bytes_of(entry);
    entry = {std::move(clip), nullptr, true, std::move(packed)};
    bytes_ += bytes_of(entry);
}

ClipRef Library::find(const SoundName& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : found->second.clip;
}

bool Library::whole(const SoundName& name) const {
    const auto found = entries_.find(name);
    return found != entries_.end() && found->second.whole;
}

std::vector<SoundName> Library::all_whole() const {
    std::vector<SoundName> names;
    for (const auto& [name, entry] : entries_)
        if (entry.whole)
            names.push_back(name);
    return names;
}

const StoredClip* Library::packed(const SoundName& name, int bits) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || !found->second.whole)
        return nullptr;
    auto& packed = found->second.packed;
    if (!packed || packed->bits != bits)
        packed = pack(*found->second.clip, bits);
    return &*packed;
}

ClipRef Library::unpacked() const {
    for (const auto& [name, entry] : entries_)
        if (entry.whole && !entry.packed)
            return entry.clip;
    return nullptr;
}

void Library::put_packed(const ClipRef& clip, StoredClip packed) {
    if (const auto found = entries_.find(clip->name()); found != entries_.end() && found->second.clip == clip)
        found->second.packed = std::move(packed);
}

std::vector<SoundName> Library::keep(const std::set<SoundName>& names) {
    std::vector<SoundName> given_up;
    for (auto entry = entries_.begin(); entry != entries_.end();)
        if (names.contains(entry->first)) {
            ++entry;
        } else {
            given_up.push_back(entry->first);
            bytes_ -= bytes_of(entry->second);
            entry = entries_.erase(entry);
        }
    return given_up;
}

std::size_t Library::packed_bytes(const std::set<SoundName>& names) const {
    std::size_t sum = 0;
    for (const SoundName& name : names)
        if (const auto found = entries_.find(name); found != entries_.end() && found->second.packed)
            sum += found->second.packed->data.getSize();
    return sum;
}

} // namespace producergan::plugin
