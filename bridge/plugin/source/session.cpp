#include "session.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "clock.hpp"
#include "json.hpp"
#include "producergan/course.hpp"
#include "producergan/resampler.hpp"

namespace producergan::plugin {

namespace {

constexpr double prune_every = 2.0;  // seconds
constexpr double spare_ahead = 0.06; // seconds: a long block and a crossfade; less than the engine makes at once
constexpr int keep_bits = 24;
constexpr std::size_t most_serials = 16; // of programs whose voices may still sound
constexpr std::size_t most_stands = 512; // that are remembered; a knob that turns for seconds comes by so many

/// Whether all is there that a voice reads of a clip in so many frames of the output from now on.
bool goes_on(const Clip& clip, const VoiceReport& voice, double frames) {
    Course course;
    course.mode = voice.looping ? Mode::loop : Mode::gated;
    course.reverse = voice.reverse;
    course.loop_start = voice.loop_start;
    course.loop_end = voice.loop_end;
    course.loop_fade = voice.loop_fade;
    const double read = frames * static_cast<double>(voice.step) / static_cast<double>(Resampler::one);
    return course.ready(clip, voice.position / Resampler::one, static_cast<std::int64_t>(std::ceil(read)), 0);
}

/// Every slot of a preset's clip table that a key plays.
std::vector<Place> places(const PresetModel& model) {
    std::vector<Place> all;
    for (std::size_t zone = 0; zone < model.zones.size(); ++zone) {
        const Zone& native = model.zones[zone].native;
        std::set<int> keys;
        for (const int key : model.zones[zone].keys)
            keys.insert(native.slot_key(key));
        for (const int key : keys)
            for (int variant = 0; variant < native.layers * native.siblings; ++variant)
                all.push_back({static_cast<std::uint8_t>(zone), static_cast<std::uint8_t>(key),
                               static_cast<std::uint8_t>(variant)});
    }
    return all;
}

} // namespace

Session::Session(Rig& rig) : rig_(rig), link_(*this) {
    if (const char* chosen = std::getenv("PRODUCERGAN_PRESET"); chosen != nullptr && *chosen != 0)
        preset_.name = chosen;
    reports_.reserve(Snapshot::capacity);
}

Session::~Session() { stop(); }

void Session::stop() { link_.stop(); }

// ---- the player --------------------------------------------------------------------------------------------------

void Session::choose(const juce::String& path) {
    link_.wake();
    link_.post([this, path] {
        const std::lock_guard guard(lock_);
        preset_ = {path.substring(0, most_name), {}, {}};
        chosen_ = true;
        failure_ = {};
        unread_.reset();
        if (link_.where() == LinkClient::Where::connected)
            open();
        changed();
    });
}

void Session::ask_for_presets() {
    link_.post([this] { link_.send(object({{"type", "presets"}})); });
}

void Session::reroll(int key) {
    link_.post([this, key] { say_reroll(key); });
}

void Session::lock(int key, bool on) {
    link_.post([this, key, on] { link_.send(object({{"type", "lock"}, {"key", key}, {"on", on}})); });
}

void Session::undo() {
    link_.post([this] { link_.send(object({{"type", "undo"}})); });
}

void Session::paste(int key, const juce::String& text) {
    link_.post([this, key, text] {
        rig_.forget_turns(key); // the very sound that is pasted is heard next
        link_.send(object({{"type", "paste"}, {"key", key}, {"text", text.substring(0, 16384)}}));
    });
}

void Session::copy(int key, int variant, std::function<void(juce::String)> then) {
    link_.post([this, key, variant, then = std::move(then)] {
        const std::lock_guard guard(lock_);
        copied_[key] = then;
        link_.send(object({{"type", "copy"}, {"key", key}, {"variant", variant}}));
    });
}

Status Session::status() const {
    const std::lock_guard guard(lock_);
    const auto where = link_.where();
    if (failure_.isNotEmpty())
        return {Status::Kind::failed, failure_, 0};
    if (where == LinkClient::Where::connected && refused_)
        return model_ != nullptr ? Status{Status::Kind::frozen, "Frozen copy: " + problem_, 0}
                                 : Status{Status::Kind::missing, problem_, 0};
    if (where == LinkClient::Where::missing)
        return model_ != nullptr ? Status{Status::Kind::frozen, "Frozen copy: " + link_.trouble(), 0}
                                 : Status{Status::Kind::missing, link_.trouble(), 0};
    if (where != LinkClient::Where::connected || serial_ < 0)
        return {Status::Kind::starting,
                model_ != nullptr ? "Frozen copy; the engine is starting." : "The engine is starting.", 0};
    if (settled_version_ < said_version_ || pending_ > 0)
        return {Status::Kind::rendering, "Rendering new sounds.", pending_};
    return {Status::Kind::ready, "Ready.", 0};
}

bool Session::makes_sounds() const {
    const std::lock_guard guard(lock_);
    return link_.where() == LinkClient::Where::connected && serial_ >= 0 && !refused_;
}

void Session::dismiss_failure() {
    const std::lock_guard guard(lock_);
    failure_ = {};
    changed();
}

Notice Session::notice() const {
    const std::lock_guard guard(lock_);
    return notice_;
}

std::vector<PresetEntry> Session::presets() const {
    const std::lock_guard guard(lock_);
    return presets_;
}

std::shared_ptr<const PresetModel> Session::model() const {
    const std::lock_guard guard(lock_);
    return model_;
}

ClipRef Session::clip(Place place) const {
    const std::lock_guard guard(lock_);
    const auto found = wanted_.find(place);
    return found == wanted_.end() ? nullptr : library_.find(found->second);
}

// ---- what the sampler is told ------------------------------------------------------------------------------------

void Session::set_rate(double rate) {
    const std::lock_guard guard(lock_);
    if (rate == rate_)
        return;
    rate_ = rate;
    link_.post([this, rate] { link_.send(object({{"type", "rate"}, {"rate", rate}})); });
}

/// A preset plays from now on, with these sounds.
void Session::take_up(const std::shared_ptr<const PresetModel>& model, const std::map<Place, SoundName>& slots,
                      const Knobs::Positions* positions) {
    auto desk = std::make_unique<Desk>(model, positions);
    hands_.positions = desk->knobs.positions(); // until a host plays it
    wanted_ = slots;
    whole_.clear();
    told_.clear();
    spared_.clear();
    tail_seconds_ = model->tail_seconds();
    for (const auto& [place, sound] : slots)
        if (const ClipRef clip = library_.find(sound); clip != nullptr && place.zone < model->zones.size()) {
            desk->program->slot(place.zone, place.key).clips[place.variant] = clip;
            told_[place] = clip->id();
        }
    model_ = std::make_shared<PresetModel>(*model);
    serials_[desk->program->id] = serial_;
    while (serials_.size() > most_serials)
        serials_.erase(serials_.begin());
    unplayed_ = std::move(desk);
    untold_ = true;
    rig_.play(unplayed_);
}

bool Session::tell(Place place, const SoundName& sound) {
    const ClipRef clip = library_.find(sound);
    if (clip == nullptr)
        return false;
    if (told_[place] == clip->id())
        return true;
    if (unplayed_ != nullptr || !rig_.sampler.set_clip(place.zone, place.key, place.variant, clip)) {
        untold_ = true; // its queue is full: the next beat tells it again
        return false;
    }
    told_[place] = clip->id();
    return true;
}

/// What is wanted now is the sound of where the hands stand, all of it: the engine only says what changes.
void Session::keep_stand() {
    const Desk* desk = rig_.desk();
    const Stand here = stand(hands_);
    for (const auto& [place, sound] : wanted_)
        if (const int turn = turn_of(desk, place);
            turn < most_turns && !moved_alone(*model_, hands_, place.zone, place.key))
            scenes_.put(here, {place, turn}, sound);
}

int Session::turn_of(const Desk* desk, Place place) const {
    const bool of_this = desk != nullptr && desk->model->zones.size() == model_->zones.size();
    return of_this ? desk->turns.get(place) : 0;
}

void Session::tell_wanted() {
    untold_ = false;
    for (const auto& [place, sound] : wanted_)
        if (!spared_.contains(place))
            tell(place, sound);
}

SoundName Session::last_whole(Place place) const {
    const auto found = whole_.find(place);
    return found != whole_.end() && library_.whole(found->second) ? found->second : SoundName();
}

/// A voice that comes to the end of what is there of its clip goes back to the last whole sound of its slot until more
/// has come: an engine that falls behind or stands still costs new sounds, never audio.
void Session::spare_voices() {
    std::set<Place> running_out;
    if (const Desk* desk = rig_.desk(); desk != nullptr) {
        rig_.sampler.snapshot().read(reports_);
        for (const VoiceReport& voice : reports_) {
            const Place place{voice.zone, voice.slot_key, voice.variant};
            const auto wanted = wanted_.find(place);
            if (voice.program != desk->program->id || wanted == wanted_.end() || library_.whole(wanted->second))
                continue;
            const ClipRef clip = library_.find(wanted->second);
            if (clip != nullptr && !goes_on(*clip, voice, spare_ahead * rate_) && !last_whole(place).empty())
                running_out.insert(place);
        }
    }
    for (const Place place : running_out)
        tell(place, last_whole(place));
    std::swap(spared_, running_out);
    for (const Place place : running_out)
        if (const auto wanted = wanted_.find(place); !spared_.contains(place) && wanted != wanted_.end())
            tell(place, wanted->second);
}

/// The engine is gone, and what it was sending does not come any more.
void Session::only_whole() {
    const std::vector<SoundName> all = library_.all_whole();
    scenes_.keep({all.begin(), all.end()});
    for (auto& [place, sound] : wanted_)
        if (!library_.whole(sound))
            if (const SoundName whole = last_whole(place); !whole.empty())
                sound = whole;
    untold_ = true;
}

/// Without an engine: the sounds that were kept, those of the nearest stand of the hands.
void Session::play_kept(const Hands& hands) {
    const Desk* desk = rig_.desk();
    if (model_ == nullptr)
        return;
    const Stand here = stand(hands);
    for (const Place place : places(*model_))
        if (SoundName sound = scenes_.nearest(here, {place, turn_of(desk, place)}); !sound.empty())
            wanted_[place] = std::move(sound);
    untold_ = true;
}

Stand Session::stand(const Hands& hands) const {
    Stand here{};
    for (std::size_t i = 0; i < hands.positions.size(); ++i)
        if (model_ == nullptr || model_->moves_sounds[i])
            here[i] = static_cast<float>(hands.positions[i]);
    here[8] = static_cast<float>(hands.morph[0]);
    here[9] = static_cast<float>(hands.morph[1]);
    return here;
}

void Session::beat() {
    std::unique_lock guard(lock_);
    rig_.collect();
    if (flipped_.exchange(false)) // between live play and a render: the one told the sampler what the other did not
        untold_ = hands_unsaid_ = true;
    if (unplayed_ != nullptr)
        rig_.play(unplayed_);
    const bool moved = rig_.look(hands_);
    hands_unsaid_ |= moved;
    const auto [last, all] = rig_.take_triggers();
    if (serial_ >= 0) {
        if (all > 0 || (last > 0 && rig_.last_key() >= 0))
            say_reroll(all > 0 ? -1 : rig_.last_key());
        if (hands_unsaid_ && !offline_)
            say_hands();
        if (!offline_)
            say_voices();
    } else if (moved && !offline_ && coming_ == nullptr) {
        play_kept(hands_);
    }
    if (untold_ && !offline_)
        tell_wanted();
    if (!offline_)
        spare_voices();
    if (seconds() - pruned_at_ > prune_every && !needing_)
        prune();
    if (!offline_)
        pack(guard);
}

// ---- what is kept ------------------------------------------------------------------------------------------------

/// Packs a clip when there is nothing better to do, so that a project is saved at once.
void Session::pack(std::unique_lock<std::mutex>& guard) {
    if (!unpacked_ || (serial_ >= 0 && (settled_version_ < said_version_ || pending_ > 0)))
        return;
    const ClipRef clip = library_.unpacked();
    if (clip == nullptr) {
        unpacked_ = false;
        kept_bytes_ = std::min(most_kept_bytes, library_.packed_bytes(scenes_.sounds()));
        return;
    }
    guard.unlock(); // it takes milliseconds
    StoredClip packed = producergan::plugin::pack(*clip, keep_bits);
    guard.lock();
    library_.put_packed(clip, std::move(packed));
}

/// Clips beyond what is kept are given up, those of stands used longest ago first.
void Session::prune() {
    pruned_at_ = seconds();
    if (library_.bytes() <= most_clip_bytes && scenes_.stands() <= most_stands)
        return;
    if (!offline_)
        keep_stand(); // or the only stand that knew what no macro moves might go
    const std::size_t each = std::max<std::size_t>(1, library_.bytes() / std::max<std::size_t>(1, library_.size()));
    scenes_.prune(stand(hands_), most_clip_bytes * 3 / 4 / each, most_stands * 3 / 4);
    std::set<SoundName> kept = scenes_.sounds();
    for (const auto* sounds : {&wanted_, &whole_})
        for (const auto& [place, sound] : *sounds)
            kept.insert(sound);
    if (coming_ != nullptr)
        for (const auto& [place, sound] : coming_->slots)
            kept.insert(sound);
    juce::Array<juce::var> lost;
    const auto say_lost = [&] {
        link_.send(object({{"type", "lost"}, {"sounds", lost}}));
        lost.clear();
    };
    for (const SoundName& name : library_.keep(kept)) {
        lost.add(juce::String(name));
        if (lost.size() == most_names)
            say_lost();
    }
    if (!lost.isEmpty())
        say_lost();
}

} // namespace producergan::plugin
