// What a project keeps of a session: the preset, where its macros stand, the sounds and the clips themselves.
//
// "PGan", the format's version and the head's length (u32, little-endian), the head (JSON), then the packed clips one
// after another. Numbers that decide about memory are checked before they are used: a state may be damaged, or nothing
// of ours.
#include <cstring>

#include "link_table.hpp"
#include "session.hpp"

namespace producergan::plugin {

namespace {

constexpr char magic[4] = {'P', 'G', 'a', 'n'};
constexpr std::uint32_t format = 1;
constexpr std::size_t prefix = 12;
constexpr std::int64_t most_frames = std::int64_t{1} << 26; // of all clips together: 256 MiB of one channel
constexpr int most_stands = 1 << 16;

[[noreturn]] void damaged() {
    throw LinkError("The project's state of ProducerGAN is damaged; choose the preset again.");
}

std::uint32_t number_at(const char* data) { return juce::ByteOrder::littleEndianInt(data); }

const juce::Array<juce::var>& list_of(const juce::var& value) {
    if (value.getArray() == nullptr)
        damaged();
    return *value.getArray();
}

/// One of a list's things. JUCE's own look-up trusts that it is a list and long enough.
const juce::var& item(const juce::var& list, int index) {
    const auto& items = list_of(list);
    if (index >= items.size())
        damaged();
    return items.getReference(index);
}

float unit(const juce::var& value) {
    const auto number = static_cast<double>(value);
    return std::isfinite(number) ? static_cast<float>(juce::jlimit(-1.0, 1.0, number)) : 0.0f;
}

bool is_name(const juce::String& text) { return text.length() == 32 && text.containsOnly("0123456789abcdef"); }

juce::var stand_to(const Stand& stand) {
    juce::Array<juce::var> numbers;
    for (const float number : stand)
        numbers.add(static_cast<double>(number));
    return numbers;
}

Stand stand_from(const juce::var& value) {
    const auto& numbers = list_of(value);
    Stand stand{};
    if (numbers.size() != static_cast<int>(stand.size()))
        damaged();
    for (std::size_t i = 0; i < stand.size(); ++i)
        stand[i] = unit(numbers[static_cast<int>(i)]);
    return stand;
}

int within(const juce::var& value, int most) {
    const auto number = static_cast<double>(value);
    if (!(number >= 0.0 && number <= most))
        damaged();
    return static_cast<int>(number);
}

} // namespace

juce::MemoryBlock Session::save(const juce::var& host) {
    const std::lock_guard guard(lock_);
    if (!unread_.isEmpty())
        return unread_; // of a later version, and nothing was chosen since
    auto* head = new juce::DynamicObject();
    const juce::var owner(head);
    head->setProperty("preset", model_ != nullptr ? model_->name : preset_.name);
    juce::Array<juce::var> positions, scenes, clips;
    juce::MemoryBlock audio;
    if (model_ != nullptr) {
        if (!offline_)
            keep_stand(); // what plays now above all
        head->setProperty("program", model_->head);
        for (std::size_t i = 0; i < config::macros; ++i)
            positions.add(rig_.put_position(static_cast<int>(i)));
        // The newest stands first, as long as there is room; at 16 bits where not even those of now have it at 24.
        const auto all = scenes_.all();
        for (const int bits : {24, 16}) {
            scenes.clear();
            clips.clear();
            audio.reset();
            std::set<SoundName> packed;
            std::int64_t frames_left = most_frames;
            bool whole = true;
            for (auto scene = all.begin(); scene != all.end() && whole; ++scene) {
                juce::Array<juce::var> sights;
                for (const auto& [sight, sound] : *scene->second) {
                    const StoredClip* stored = library_.packed(sound, bits);
                    if (stored == nullptr)
                        continue;
                    if (!packed.contains(sound)) {
                        const ClipRef clip = library_.find(sound);
                        frames_left -= clip->frames() * clip->channel_count();
                        if (audio.getSize() + stored->data.getSize() > most_kept_bytes || frames_left < 0) {
                            whole = false;
                            break;
                        }
                        packed.insert(sound);
                        clips.add(juce::Array<juce::var>{juce::String(sound), clip->channel_count(),
                                                         static_cast<juce::int64>(clip->frames()), clip->sample_rate(),
                                                         bits, static_cast<juce::int64>(stored->data.getSize())});
                        audio.append(stored->data.getData(), stored->data.getSize());
                    }
                    sights.add(juce::Array<juce::var>{sight.place.zone, sight.place.key, sight.place.variant,
                                                      sight.turn, juce::String(sound)});
                }
                scenes.insert(0, juce::Array<juce::var>{stand_to(scene->first), sights});
            }
            if (whole || scenes.size() > 1)
                break;
        }
    }
    head->setProperty("host", host);
    head->setProperty("positions", positions);
    head->setProperty("scenes", scenes);
    head->setProperty("clips", clips);
    kept_bytes_ = audio.getSize();
    const std::string text = juce::JSON::toString(owner, true).toStdString();
    juce::MemoryOutputStream out;
    out.write(magic, sizeof magic);
    out.writeInt(static_cast<int>(format));
    out.writeInt(static_cast<int>(text.size()));
    out.write(text.data(), text.size());
    out.write(audio.getData(), audio.getSize());
    return out.getMemoryBlock();
}

juce::var Session::restore(const void* data, std::size_t size) {
    try {
        return read_state(data, size);
    } catch (const std::exception&) {
        // What cannot be read is given back as it was, as long as nothing else is there to be saved.
        const std::lock_guard guard(lock_);
        if (model_ == nullptr)
            unread_ = juce::MemoryBlock(data, size);
        throw;
    }
}

juce::var Session::read_state(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const char*>(data);
    if (size < prefix || std::memcmp(bytes, magic, sizeof magic) != 0)
        damaged();
    if (number_at(bytes + 4) > format) {
        const std::lock_guard guard(lock_);
        unread_ = juce::MemoryBlock(data, size);
        throw LinkError(
            "The project was saved by a later version of ProducerGAN; update it. Its sounds are kept as they are.");
    }
    const std::uint32_t head_size = number_at(bytes + 8);
    if (number_at(bytes + 4) != format || head_size > size - prefix ||
        !juce::CharPointer_UTF8::isValidString(bytes + prefix, static_cast<int>(head_size)))
        damaged();
    juce::var head;
    if (!shallow(bytes + prefix, head_size) ||
        juce::JSON::parse(juce::String::fromUTF8(bytes + prefix, static_cast<int>(head_size)), head).failed() ||
        head.getDynamicObject() == nullptr)
        damaged();
    const juce::String name = head["preset"].toString().substring(0, most_name);
    if (!head.hasProperty("program")) { // saved before there was anything to play
        const std::lock_guard guard(lock_);
        preset_ = {name, {}, {}};
        return head["host"];
    }
    const juce::var program = brought_up_to_date(head["program"], "program");
    check_message(program, 0, link::Direction::to_client);
    auto model = std::make_shared<PresetModel>(program);
    Knobs::Positions positions{};
    for (std::size_t i = 0; i < positions.size(); ++i)
        positions[i] = std::max(0.0, static_cast<double>(juce::jlimit(
                                         0.0, 1.0, static_cast<double>(item(head["positions"], static_cast<int>(i))))));
    std::vector<std::pair<ClipRef, StoredClip>> clips;
    std::set<SoundName> names;
    std::size_t at = prefix + head_size;
    std::int64_t frames_left = most_frames;
    for (const juce::var& row : list_of(head["clips"])) {
        const auto& fields = list_of(row);
        if (fields.size() != 6 || !is_name(fields[0].toString()))
            damaged();
        const int channels = within(fields[1], link::max_channels), frames = within(fields[2], 1 << 22);
        const auto rate = static_cast<double>(fields[3]);
        const int bits = within(fields[4], 24), length = within(fields[5], 1 << 30);
        frames_left -= std::int64_t{channels} * frames;
        if (channels < 1 || frames < 1 || !(rate >= 1000.0 && rate <= 768000.0) || (bits != 16 && bits != 24) ||
            frames_left < 0 || static_cast<std::size_t>(length) > size - at)
            damaged();
        ClipRef clip = unpack(bytes + at, static_cast<std::size_t>(length), channels, frames, rate,
                              fields[0].toString().toStdString());
        if (clip != nullptr) // one that is damaged is left out: the engine can make it again
            clips.emplace_back(std::move(clip),
                               StoredClip{bits, juce::MemoryBlock(bytes + at, static_cast<std::size_t>(length))});
        at += static_cast<std::size_t>(length);
    }
    for (const auto& [clip, stored] : clips)
        names.insert(clip->name());
    Scenes scenes;
    if (list_of(head["scenes"]).size() > most_stands)
        damaged();
    for (const juce::var& row : list_of(head["scenes"])) {
        const Stand stand = stand_from(item(row, 0));
        for (const juce::var& sight : list_of(item(row, 1))) {
            const SoundName sound = item(sight, 4).toString().toStdString();
            const Place place{static_cast<std::uint8_t>(within(item(sight, 0), config::max_zones - 1)),
                              static_cast<std::uint8_t>(within(item(sight, 1), config::keys - 1)),
                              static_cast<std::uint8_t>(within(item(sight, 2), config::max_variants - 1))};
            if (names.contains(sound) && place.zone < model->zones.size())
                scenes.put(stand, {place, within(item(sight, 3), 1 << 30)}, sound);
        }
    }

    const std::lock_guard guard(lock_);
    unread_.reset();
    for (auto& [clip, stored] : clips) // beside what is there: an engine may know that it is
        if (!library_.whole(clip->name()))
            library_.put(std::move(clip), std::move(stored));
    scenes_ = std::move(scenes);
    kept_bytes_ = size - prefix - head_size;
    chosen_ = false;
    coming_ = nullptr;
    preset_ = {model->name, model->text, model->folder};
    model_ = model;
    hands_.positions = positions;
    Hands hands = hands_;
    wanted_.clear();
    play_kept(hands);
    const std::map<Place, SoundName> slots = wanted_;
    take_up(model, slots, &positions);
    serial_ = -1;
    link_.post([this] {
        const std::lock_guard again(lock_);
        if (link_.where() == LinkClient::Where::connected)
            reopen();
    });
    changed();
    return head["host"];
}

} // namespace producergan::plugin
