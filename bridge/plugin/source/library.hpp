#pragma once
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "clip_code.hpp"
#include "place.hpp"

namespace producergan::plugin {

/// The clips that the plugin holds, by the name of their sound. One thread at a time.
class Library {
public:
    static constexpr std::size_t most_bytes = std::size_t{1} << 30, most_clips = 1 << 16; // more than any preset has

    bool has_room(int channels, std::int64_t frames) const; // for such a clip beside the others

    /// A clip begins. One that is there whole stays until the other is; of one that is not, what has come counts,
    /// unless it is made `anew`. Raises std::invalid_argument on sizes that no clip has, LinkError where there is no
    /// room.
    void begin(const SoundName& name, int channels, std::int64_t frames, double sample_rate, bool anew = false);

    /// Frames of a clip that has begun, [channels][frames]; true if it takes another's place now. Raises LinkError
    /// where they do not fit.
    bool write(const SoundName& name, std::int64_t start, std::int64_t frames, const std::vector<float>& audio);

    /// A whole clip, for example from a project.
    void put(ClipRef clip, std::optional<StoredClip> packed);

    ClipRef find(const SoundName& name) const; // null if it is not there; maybe not whole
    bool whole(const SoundName& name) const;
    std::vector<SoundName> all_whole() const;

    /// The packed form of a whole clip, made once for each number of bits; null if it is not whole.
    const StoredClip* packed(const SoundName& name, int bits);

    /// A whole clip that is not packed yet, null if there is none; and its packed form, made elsewhere since it takes
    /// time.
    ClipRef unpacked() const;
    void put_packed(const ClipRef& clip, StoredClip packed);

    /// Gives up all clips but these. Returns the names of those that were given up.
    std::vector<SoundName> keep(const std::set<SoundName>& names);

    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }                      // of audio in memory
    std::size_t packed_bytes(const std::set<SoundName>& names) const; // of those of these that are packed

private:
    struct Entry {
        ClipRef clip;
        ClipRef coming; // that takes its place once it is whole
        bool whole = false;
        std::optional<StoredClip> packed;
    };
    static std::size_t bytes_of(const ClipRef& clip);
    static std::size_t bytes_of(const Entry& entry) { return bytes_of(entry.clip) + bytes_of(entry.coming); }

    std::map<SoundName, Entry> entries_;
    std::size_t bytes_ = 0;
};

} // namespace producergan::plugin
