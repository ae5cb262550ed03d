#include "session.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "json.hpp"
#include "link_table.hpp"

namespace producergan::plugin {

namespace {

constexpr double voices_every = 0.02, prune_every = 2.0, slots_wait = 0.05; // seconds
constexpr double patience = 60.0;      // of an offline render with an engine that says nothing
constexpr std::size_t most_said = 512; // hands whose answers may still come
constexpr int keep_bits = 24, most_names = 16384;
constexpr std::size_t most_serials = 16; // of programs whose voices may still sound
constexpr std::size_t most_slots = 2048; // asked for at once
constexpr std::size_t most_stands = 512; // that are remembered; a knob that turns for seconds comes by so many
constexpr int most_turns = 64;           // of a slot in a fresh zone that are remembered: they come round

double seconds() { return juce::Time::getMillisecondCounterHiRes() / 1000.0; }

juce::var message(const char* type) { return object({{"type", type}}); }

void add(juce::var& object, const char* name, const juce::var& value) {
    object.getDynamicObject()->setProperty(name, value);
}

Place place_of(const juce::var& head) {
    return {static_cast<std::uint8_t>(static_cast<int>(head["zone"])),
            static_cast<std::uint8_t>(static_cast<int>(head["key"])),
            static_cast<std::uint8_t>(static_cast<int>(head["variant"]))};
}

SoundName name_of(const juce::var& text) { return text.toString().toStdString(); }

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

// ---- what the engine says ----------------------------------------------------------------------------------------

void Session::connected() {
    const std::lock_guard guard(lock_);
    heard_at_ = seconds();
    reopen();
    link_.send(message("presets"));
    changed();
}

/// Says which clips are here already, and asks for the preset.
void Session::reopen() {
    juce::Array<juce::var> names;
    for (const SoundName& name : library_.all_whole())
        if (names.size() < most_names)
            names.add(juce::String(name));
    link_.send(object({{"type", "have"}, {"sounds", names}}));
    open();
}

void Session::disconnected() {
    const std::lock_guard guard(lock_);
    serial_ = -1;
    opening_ = open_again_ = false;
    serials_.clear();
    coming_ = nullptr;
    pending_ = 0;
    said_.clear();
    need_reason_ = "The engine ended.";
    need_done_ = true;
    answered_.notify_all();
    changed();
}

/// Asks the engine for the preset, as it stands where there is one. What it answers does not say to what, so that a
/// further question waits for the answer.
void Session::open() {
    open_again_ = opening_;
    if (opening_)
        return;
    opening_ = true;
    refused_ = false;
    problem_ = {};
    settled_version_ = -1;
    said_.clear();
    if (!chosen_ && model_ != nullptr)
        preset_ = {model_->name, model_->text, model_->folder};
    link_.send(object({{"type", "open"},
                       {"rate", rate_},
                       {"name", preset_.name},
                       {"text", preset_.text},
                       {"folder", preset_.folder}}));
    opened_chosen_ = chosen_;
    hands_unsaid_ = !chosen_ && model_ != nullptr;
    if (hands_unsaid_)
        say_hands();
}

void Session::received(const Message& message) {
    const std::lock_guard guard(lock_);
    const juce::var& head = message.head;
    heard_at_ = seconds();
    if (message.type == "clip") {
        if (!library_.has_room(head["channels"], static_cast<juce::int64>(head["frames"])))
            prune();
        library_.begin(name_of(head["sound"]), head["channels"], static_cast<juce::int64>(head["frames"]),
                       head["sample_rate"], needing_);
        untold_ = true;
        return; // nothing to see yet
    }
    if (message.type == "blocks") {
        untold_ |= library_.write(name_of(head["sound"]), static_cast<juce::int64>(head["start"]),
                                  static_cast<juce::int64>(head["frames"]), message.body);
        unpacked_ = true;
    } else if (message.type == "set") {
        hear_set(head);
    } else if (message.type == "program") {
        hear_program(head);
    } else if (message.type == "done") {
        hear_done(head);
    } else if (message.type == "settled") {
        settled_version_ = static_cast<juce::int64>(head["version"]);
        pending_ = 0;
        if (settled_version_ == said_version_ && serial_ >= 0 && !hands_unsaid_)
            keep_stand();
    } else if (message.type == "status") {
        pending_ = head["pending"];
    } else if (message.type == "edited" && model_ != nullptr) {
        auto edited = std::make_shared<PresetModel>(*model_);
        edited->edit(head);
        model_ = edited;
        scenes_.clear(); // what was kept of other stands is of the seeds before
        settled_version_ = -1;
        keep_stand();
    } else if (message.type == "problem") {
        notice_ = head["reason"];
        if (opening_)
            not_opened();
    } else if (message.type == "notice") {
        notice_ = head["text"];
    } else if (message.type == "sound") {
        if (copied_ != nullptr)
            juce::MessageManager::callAsync([then = copied_, text = head["text"].toString()] { then(text); });
        copied_ = nullptr;
    } else if (message.type == "presets") {
        presets_.clear();
        for (const juce::var& entry : *head["presets"].getArray())
            presets_.push_back({entry[0], entry[1], entry[2]});
    }
    changed();
}

/// The answer to `open` that it cannot be: what plays goes on.
void Session::not_opened() {
    opening_ = false;
    if (std::exchange(open_again_, false))
        return open();
    chosen_ = false;
    if (serial_ < 0) {
        refused_ = true;
        problem_ = notice_;
    }
    answered_.notify_all();
}

void Session::hear_program(const juce::var& head) {
    opening_ = false;
    if (std::exchange(open_again_, false))
        return open(); // something else is wanted by now
    auto model = std::make_shared<PresetModel>(head);
    const auto serial = static_cast<juce::int64>(head["serial"]);
    refused_ = false;
    if (!opened_chosen_ && model_ != nullptr && model->same_as(*model_)) {
        serial_ = serial; // what plays already goes on without a seam
        coming_ = nullptr;
        if (const Desk* desk = rig_.desk(); desk != nullptr)
            serials_[desk->program->id] = serial;
        answered_.notify_all();
        return;
    }
    coming_ = std::make_unique<Coming>(Coming{std::move(model), serial, {}, seconds()});
}

void Session::hear_set(const juce::var& head) {
    const auto serial = static_cast<juce::int64>(head["serial"]);
    const Place place = place_of(head);
    const SoundName sound = name_of(head["sound"]);
    if (coming_ != nullptr && serial == coming_->serial) {
        if (coming_->model->has(place))
            coming_->slots[place] = sound;
        return;
    }
    if (serial != serial_ || model_ == nullptr || !model_->has(place))
        return;
    wanted_[place] = sound;
    if (const auto said = said_.find(static_cast<juce::int64>(head["version"])); said != said_.end()) {
        const auto found = said->second.turns.find(place);
        const int turn = found == said->second.turns.end() ? 0 : found->second;
        // A key that is moved by itself says nothing of where the others stand.
        if (turn < most_turns && !said->second.touched[place.key])
            scenes_.put(said->second.stand, {place, turn}, sound);
    }
    if (!offline_)
        tell(place, sound);
}

void Session::hear_done(const juce::var& head) {
    if (static_cast<juce::int64>(head["id"]) != need_id_)
        return;
    for (const juce::var& sound : *head["sounds"].getArray())
        need_sounds_.push_back(name_of(sound));
    need_reason_ = head["reason"];
    need_done_ = true;
    answered_.notify_all();
}

void Session::all_read() {
    const std::lock_guard guard(lock_);
    if (offline_ && model_ != nullptr)
        return; // what a render began with it ends with
    if (coming_ == nullptr || (coming_->slots.empty() && seconds() - coming_->since < slots_wait))
        return;
    const std::unique_ptr<Coming> coming = std::move(coming_);
    const bool another = opened_chosen_ || model_ == nullptr;
    const Knobs::Positions positions = hands_.positions;
    if (opened_chosen_)
        rig_.let_go();
    if (another) {
        scenes_.clear();
        preset_ = {coming->model->name, coming->model->text, coming->model->folder};
    }
    chosen_ = opened_chosen_ = false;
    serial_ = coming->serial;
    take_up(coming->model, coming->slots, another ? nullptr : &positions);
    said_.clear();
    Hands first;
    first.positions = hands_.positions;
    first.morph = hands_.morph;
    said_[0] = {stand(first), {}, {}};
    keep_stand();
    hands_unsaid_ = true;
    answered_.notify_all();
    changed();
}

/// A preset plays from now on, with these sounds.
void Session::take_up(const std::shared_ptr<const PresetModel>& model, const std::map<Place, SoundName>& slots,
                      const Knobs::Positions* positions) {
    auto desk = std::make_unique<Desk>(model, positions);
    hands_.positions = desk->knobs.positions(); // until a host plays it
    wanted_ = slots;
    told_.clear();
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

// ---- what the sampler is told ------------------------------------------------------------------------------------

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
        tell(place, sound);
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
    if (seconds() - pruned_at_ > prune_every && !needing_)
        prune();
    if (!offline_)
        pack(guard);
}

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

// ---- what the engine is told -------------------------------------------------------------------------------------

juce::var Session::hands_fields(const char* type, const Hands& hands, const Turns& turns) const {
    juce::var head = message(type);
    juce::Array<juce::var> positions, touches, turned;
    for (const double position : hands.positions)
        positions.add(position);
    for (std::size_t key = 0; key < hands.touches.size(); ++key)
        for (std::size_t macro = 0; macro < hands.touches[key].size(); ++macro)
            if (Knobs::is_touch(hands.touches[key][macro]))
                touches.add(row({static_cast<int>(key), static_cast<int>(macro) + 1, hands.touches[key][macro]}));
    turns.each([&](Place place, int turn) { turned.add(row({place.zone, place.key, place.variant, turn})); });
    add(head, "positions", positions);
    add(head, "morph", row({hands.morph[0], hands.morph[1]}));
    add(head, "touches", touches);
    add(head, "turns", turned);
    return head;
}

void Session::say_hands() {
    const Desk* desk = rig_.desk();
    if (desk == nullptr || model_ == nullptr)
        return;
    juce::var head = hands_fields("hands", hands_, desk->turns);
    const std::int64_t version = said_version_ + 1;
    add(head, "version", static_cast<juce::int64>(version));
    if (!link_.send(head, true))
        return;
    said_version_ = version;
    Said& said = said_[version];
    said.stand = stand(hands_);
    for (int key = 0; key < config::keys; ++key)
        said.touched[static_cast<std::size_t>(key)] = hands_.touched(key);
    desk->turns.each([&](Place place, int turn) { said.turns[place] = turn; });
    while (said_.size() > most_said)
        said_.erase(said_.begin());
    // What is wanted already is what these hands have until the engine says otherwise of it.
    hands_unsaid_ = false;
    changed();
}

void Session::say_voices() {
    const double now = seconds();
    if (now - voices_at_ < voices_every)
        return;
    const Desk* desk = rig_.desk();
    if (desk == nullptr)
        return;
    const std::int64_t clock = rig_.sampler.snapshot().read(reports_);
    juce::Array<juce::var> voices;
    if (!serials_.contains(desk->program->id)) // a render's, of the same preset
        serials_[desk->program->id] = serial_;
    for (const VoiceReport& report : reports_)
        if (const auto serial = serials_.find(report.program); serial != serials_.end())
            voices.add(row(
                {static_cast<juce::int64>(report.voice), static_cast<juce::int64>(serial->second), report.zone,
                 report.key, report.slot_key, report.variant, report.channel,
                 static_cast<double>(report.position) / 4294967296.0, static_cast<double>(report.step) / 4294967296.0,
                 static_cast<juce::int64>(report.loop_start), static_cast<juce::int64>(report.loop_end),
                 static_cast<juce::int64>(report.loop_fade), report.looping, report.reverse, report.released}));
    if (voices.isEmpty() && !voices_said_)
        return;
    const bool any = !voices.isEmpty();
    if (link_.send(object({{"type", "voices"}, {"clock", static_cast<juce::int64>(clock)}, {"voices", voices}}),
                   true)) {
        voices_said_ = any;
        voices_at_ = now;
    }
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
    for (const auto& [place, sound] : wanted_)
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

// ---- offline -----------------------------------------------------------------------------------------------------

void Session::set_rate(double rate) {
    const std::lock_guard guard(lock_);
    if (rate == rate_)
        return;
    rate_ = rate;
    link_.post([this, rate] { link_.send(object({{"type", "rate"}, {"rate", rate}})); });
}

void Session::set_offline(bool offline) noexcept {
    if (offline_.exchange(offline) == offline)
        return;
    if (!offline)
        rig_.end_render();
    flipped_ = true;
}

void Session::begin_render() {
    const std::lock_guard guard(lock_);
    failure_ = {};
    needed_.clear();
    told_.clear();
    rig_.begin_render();
    changed();
}

bool Session::can_make() const {
    const auto where = link_.where();
    return where != LinkClient::Where::missing && !refused_ && (coming_ == nullptr || model_ == nullptr);
}

void Session::wait_for_preset() {
    link_.wake();
    std::unique_lock guard(lock_);
    const double begin = seconds();
    while (model_ == nullptr && can_make() && seconds() - std::max(begin, heard_at_) < patience)
        answered_.wait_for(guard, std::chrono::milliseconds(20));
    if (model_ == nullptr && failure_.isEmpty()) {
        failure_ = "The bounce is silent: " + (problem_.isNotEmpty() ? problem_ : link_.trouble());
        changed();
    }
}

bool Session::provide(const Desk& desk, const Hands& hands, const std::vector<Need>& needs) {
    std::unique_lock guard(lock_);
    const Stand here = stand(hands);
    const auto sight = [&](const Need& need) { return Scenes::Sight{need.place, desk.turns.get(need.place)}; };
    const auto alone = [&](const Need& need) { return moved_alone(*desk.model, hands, need.place.zone, need.key); };
    const auto full_name = [&](const Need& need) { // of everything that decides about its sound
        std::string name(reinterpret_cast<const char*>(&here), sizeof here);
        const int numbers[] = {need.place.zone, need.place.key, need.place.variant, sight(need).turn};
        name.append(reinterpret_cast<const char*>(numbers), sizeof numbers);
        if (alone(need))
            name.append(reinterpret_cast<const char*>(&hands.touches[static_cast<std::size_t>(need.key)]),
                        sizeof hands.touches[0]);
        return name;
    };
    const auto known = [&](const Need& need) -> SoundName {
        // With an engine only what it was asked for in this render: what came while it was played was made with others
        // at a time and may differ in its last bits, or is of seeds that were changed since.
        SoundName sound;
        if (const auto found = needed_.find(full_name(need)); found != needed_.end())
            sound = found->second;
        else if (serial_ < 0 && !alone(need))
            sound = scenes_.find(here, sight(need));
        return library_.whole(sound) ? sound : SoundName();
    };
    const auto unknown = [&] {
        std::vector<Need> list;
        for (const Need& need : needs)
            if (known(need).empty())
                list.push_back(need);
        return list;
    };
    if (failure_.isEmpty() && !unknown().empty()) {
        const double begin = seconds();
        while (serial_ < 0 && can_make() && seconds() - std::max(begin, heard_at_) < patience)
            answered_.wait_for(guard, std::chrono::milliseconds(20));
        const std::vector<Need> missing = unknown();
        if (serial_ >= 0 && !missing.empty() && ask(guard, desk, hands, missing))
            for (std::size_t i = 0; i < missing.size(); ++i) {
                needed_[full_name(missing[i])] = need_sounds_[i];
                if (!alone(missing[i]) && sight(missing[i]).turn < most_turns)
                    scenes_.put(here, sight(missing[i]), need_sounds_[i]);
            }
    }
    bool complete = true;
    for (const Need& need : needs) {
        SoundName sound = known(need);
        if (sound.empty())
            sound = scenes_.nearest(here, sight(need));
        complete &= tell(need.place, sound);
    }
    if (!complete && failure_.isEmpty()) {
        const juce::String why = problem_.isNotEmpty() ? problem_ : link_.trouble();
        failure_ = "The bounce lacks sounds that the project does not hold. " + why;
        changed();
    }
    return complete;
}

/// Asks the engine for sounds and waits for them; false, and said, if they do not come.
bool Session::ask(std::unique_lock<std::mutex>& guard, const Desk& desk, const Hands& hands,
                  const std::vector<Need>& missing) {
    for (std::size_t first = 0; first < missing.size(); first += most_slots) {
        juce::Array<juce::var> slots;
        for (std::size_t i = first; i < std::min(missing.size(), first + most_slots); ++i)
            slots.add(row({missing[i].place.zone, missing[i].key, missing[i].place.variant}));
        juce::var head = hands_fields("need", hands, desk.turns);
        add(head, "id", static_cast<juce::int64>(++need_id_));
        add(head, "slots", slots);
        if (first == 0)
            need_sounds_.clear();
        const std::size_t wanted = need_sounds_.size() + static_cast<std::size_t>(slots.size());
        need_done_ = false;
        need_reason_ = {};
        needing_ = true;
        guard.unlock();
        link_.post([this, head] { link_.send(head); });
        guard.lock();
        const double begin = seconds();
        while (!need_done_ && serial_ >= 0 && seconds() - std::max(begin, heard_at_) < patience)
            answered_.wait_for(guard, std::chrono::milliseconds(20));
        needing_ = false;
        if (need_sounds_.size() != wanted) {
            failure_ = "The bounce lacks sounds: " +
                       (need_reason_.isNotEmpty() ? need_reason_ : juce::String("the engine did not answer.")) +
                       " Bounce it again.";
            changed();
            return false;
        }
    }
    return true;
}

// ---- the player --------------------------------------------------------------------------------------------------

void Session::choose(const juce::String& path) {
    link_.wake();
    link_.post([this, path] {
        const std::lock_guard guard(lock_);
        preset_ = {path.substring(0, most_name), {}, {}};
        chosen_ = true;
        unread_.reset();
        if (link_.where() == LinkClient::Where::connected)
            open();
        changed();
    });
}

void Session::ask_for_presets() {
    link_.post([this] { link_.send(message("presets")); });
}

void Session::reroll(int key) {
    link_.post([this, key] { say_reroll(key); });
}

void Session::say_reroll(int key) { link_.send(object({{"type", "reroll"}, {"key", key}})); }

void Session::lock(int key, bool on) {
    link_.post([this, key, on] { link_.send(object({{"type", "lock"}, {"key", key}, {"on", on}})); });
}

void Session::undo() {
    link_.post([this] { link_.send(message("undo")); });
}

void Session::paste(int key, const juce::String& text) {
    link_.post([this, key, text] {
        rig_.forget_turns(key); // the very sound that is pasted is heard next
        link_.send(object({{"type", "paste"}, {"key", key}, {"text", text.substring(0, 16384)}}));
    });
}

void Session::copy(int key, std::function<void(juce::String)> then) {
    link_.post([this, key, then = std::move(then)] {
        const std::lock_guard guard(lock_);
        copied_ = then;
        link_.send(object({{"type", "copy"}, {"key", key}, {"variant", 0}}));
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

juce::String Session::notice() const {
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

} // namespace producergan::plugin
