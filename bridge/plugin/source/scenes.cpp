#include "scenes.hpp"

#include <algorithm>

namespace producergan::plugin {

namespace {

float distance(const Stand& a, const Stand& b) {
    float sum = 0.0f;
    for (std::size_t i = 0; i < a.size(); ++i)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/// The sound of a slot at a turn; where that turn is not known, of the turns known from the first on the one that comes
/// round.
SoundName round_robin(const Scenes::Sounds& sounds, Scenes::Sight sight) {
    if (const auto exact = sounds.find(sight); exact != sounds.end())
        return exact->second;
    int known = 0;
    while (sounds.contains({sight.place, known}))
        ++known;
    return known > 0 ? sounds.at({sight.place, sight.turn % known}) : SoundName();
}

} // namespace

void Scenes::put(const Stand& stand, Sight sight, const SoundName& sound) {
    Scene& scene = scenes_[stand];
    scene.sounds[sight] = sound;
    scene.used = ++clock_;
}

SoundName Scenes::find(const Stand& stand, Sight sight) {
    const auto scene = scenes_.find(stand);
    if (scene == scenes_.end())
        return {};
    const auto found = scene->second.sounds.find(sight);
    if (found == scene->second.sounds.end())
        return {};
    scene->second.used = ++clock_;
    return found->second;
}

SoundName Scenes::nearest(const Stand& stand, Sight sight) {
    if (SoundName exact = find(stand, sight); !exact.empty())
        return exact;
    Scene* best = nullptr;
    float least = 0.0f;
    SoundName sound;
    for (auto& [there, scene] : scenes_) {
        const float away = distance(stand, there);
        if (best != nullptr && away >= least)
            continue;
        if (SoundName found = round_robin(scene.sounds, sight); !found.empty()) {
            best = &scene;
            least = away;
            sound = std::move(found);
        }
    }
    if (best != nullptr)
        best->used = ++clock_;
    return sound;
}

void Scenes::prune(const Stand& kept, std::size_t most_sounds, std::size_t most_stands) {
    std::set<SoundName> names;
    std::size_t stands = 0;
    const auto count = [&](const Sounds& sounds) {
        ++stands;
        for (const auto& [sight, sound] : sounds)
            names.insert(sound);
    };
    if (const auto here = scenes_.find(kept); here != scenes_.end())
        count(here->second.sounds);
    for (const auto& [stand, sounds] : all()) {
        if (stand == kept)
            continue;
        if (stands < most_stands && names.size() <= most_sounds) {
            count(*sounds);
            if (names.size() <= most_sounds)
                continue;
        }
        scenes_.erase(stand);
    }
}

void Scenes::keep(const std::set<SoundName>& names) {
    for (auto& [stand, scene] : scenes_)
        std::erase_if(scene.sounds, [&](const auto& entry) { return !names.contains(entry.second); });
    std::erase_if(scenes_, [](const auto& entry) { return entry.second.sounds.empty(); });
}

std::set<SoundName> Scenes::sounds() const {
    std::set<SoundName> names;
    for (const auto& [stand, scene] : scenes_)
        for (const auto& [sight, name] : scene.sounds)
            names.insert(name);
    return names;
}

void Scenes::clear() { scenes_.clear(); }

std::vector<std::pair<Stand, const Scenes::Sounds*>> Scenes::all() const {
    std::vector<std::pair<std::uint64_t, std::pair<Stand, const Sounds*>>> rows;
    for (const auto& [stand, scene] : scenes_)
        rows.push_back({scene.used, {stand, &scene.sounds}});
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::pair<Stand, const Sounds*>> sorted;
    for (auto& row : rows)
        sorted.push_back(row.second);
    return sorted;
}

} // namespace producergan::plugin
