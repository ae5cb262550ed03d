// A session's end of the link: what the engine says, and what it is told.
#include <utility>

#include "clock.hpp"
#include "json.hpp"
#include "session.hpp"

namespace producergan::plugin {

namespace {

constexpr double voices_every = 0.02, slots_wait = 0.05; // seconds
constexpr std::size_t most_said = 512;                   // hands whose answers may still come

Place place_of(const juce::var& head) {
    return {static_cast<std::uint8_t>(static_cast<int>(head["zone"])),
            static_cast<std::uint8_t>(static_cast<int>(head["key"])),
            static_cast<std::uint8_t>(static_cast<int>(head["variant"]))};
}

SoundName name_of(const juce::var& text) { return text.toString().toStdString(); }

} // namespace

// ---- what the engine says ----------------------------------------------------------------------------------------

void Session::connected() {
    const std::lock_guard guard(lock_);
    heard_at_ = seconds();
    reopen();
    link_.send(object({{"type", "presets"}}));
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
    copied_.clear();
    pending_ = 0;
    said_.clear();
    only_whole();
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
        notice_ = {notice_.count + 1, head["reason"]};
        if (opening_)
            not_opened();
    } else if (message.type == "notice") {
        notice_ = {notice_.count + 1, head["text"]};
    } else if (message.type == "sound") {
        if (const auto then = copied_.extract(static_cast<int>(head["key"])); !then.empty())
            juce::MessageManager::callAsync([then = then.mapped(), text = head["text"].toString()] { then(text); });
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
        problem_ = notice_.text;
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
    if (!opened_chosen_ && model_ != nullptr && model->digest != model_->digest) {
        refused_ = true;
        problem_ = "The instrument " + model->instrument +
                   " is another one now than the project was made with; choose the preset again to play the new one.";
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
    if (const SoundName& before = wanted_[place]; library_.whole(before))
        whole_[place] = before;
    wanted_[place] = sound;
    spared_.erase(place);
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

// ---- what the engine is told -------------------------------------------------------------------------------------

juce::var Session::hands_fields(const char* type, const Hands& hands, const Turns& turns) const {
    juce::Array<juce::var> positions, touches, turned;
    for (const double position : hands.positions)
        positions.add(position);
    for (std::size_t key = 0; key < hands.touches.size(); ++key)
        for (std::size_t macro = 0; macro < hands.touches[key].size(); ++macro)
            if (Knobs::is_touch(hands.touches[key][macro]))
                touches.add(row({static_cast<int>(key), static_cast<int>(macro) + 1, hands.touches[key][macro]}));
    turns.each([&](Place place, int turn) { turned.add(row({place.zone, place.key, place.variant, turn})); });
    return object({{"type", type},
                   {"positions", positions},
                   {"morph", row({hands.morph[0], hands.morph[1]})},
                   {"touches", touches},
                   {"turns", turned}});
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

void Session::say_reroll(int key) { link_.send(object({{"type", "reroll"}, {"key", key}})); }

} // namespace producergan::plugin
