// A host's offline render: whatever it needs is asked of the engine and waited for.
#include <algorithm>

#include "clock.hpp"
#include "json.hpp"
#include "session.hpp"

namespace producergan::plugin {

namespace {

constexpr std::size_t most_slots = 2048; // asked for at once

double patience() { return Session::patience_ms / 1000.0; } // seconds

} // namespace

void Session::set_offline(bool offline) noexcept {
    if (offline_.exchange(offline) == offline)
        return;
    if (!offline)
        rig_.end_render();
    flipped_ = true;
}

void Session::begin_render() {
    const std::lock_guard guard(lock_);
    needed_.clear();
    told_.clear();
    rig_.begin_render();
    changed();
}

bool Session::may_come() const {
    const auto where = link_.where();
    return where != LinkClient::Where::missing && !refused_ && (coming_ == nullptr || model_ == nullptr);
}

/// Why there is no engine that makes sounds, a sentence.
juce::String Session::why_not() const {
    if (problem_.isNotEmpty())
        return problem_;
    const juce::String trouble = link_.trouble();
    return trouble.isNotEmpty() ? trouble : "The engine does not answer.";
}

void Session::wait_for_preset() {
    link_.wake();
    std::unique_lock guard(lock_);
    failure_ = {}; // of the render before
    const double begin = seconds();
    while (model_ == nullptr && may_come() && seconds() - std::max(begin, heard_at_) < patience())
        answered_.wait_for(guard, std::chrono::milliseconds(20));
    if (model_ == nullptr) {
        failure_ = "The bounce is silent: " + why_not();
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
        while (serial_ < 0 && may_come() && seconds() - std::max(begin, heard_at_) < patience())
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
        complete &= !sound.empty();
        if (sound.empty()) // what comes nearest is better than nothing, but it is not what was asked for
            sound = scenes_.nearest(here, sight(need));
        complete &= tell(need.place, sound);
    }
    if (!complete && failure_.isEmpty()) {
        failure_ = "The bounce lacks sounds that the project does not hold. " + why_not();
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
        while (!need_done_ && serial_ >= 0 && seconds() - std::max(begin, heard_at_) < patience())
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

} // namespace producergan::plugin
