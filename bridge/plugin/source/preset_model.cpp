#include "preset_model.hpp"

#include <algorithm>

#include "frame.hpp"

namespace producergan::plugin {

namespace {

template <typename Table>
int index_of(const Table& table, const juce::String& id) {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (id == juce::String(table[i].id.data(), table[i].id.size()))
            return static_cast<int>(i);
    return -1; // a parameter of a newer engine: what cannot be played is left out
}

template <typename Table, typename Values>
void read_values(const Table& table, const juce::var& values, Values& into) {
    for (const auto& entry : values.getDynamicObject()->getProperties())
        if (const int index = index_of(table, entry.name.toString()); index >= 0) {
            const auto& row = table[static_cast<std::size_t>(index)];
            into[static_cast<std::size_t>(index)] =
                static_cast<float>(std::clamp(static_cast<double>(entry.value), row.minimum, row.maximum));
        }
}

std::set<int> numbers(const juce::var& list) {
    std::set<int> found;
    for (const juce::var& number : *list.getArray())
        found.insert(static_cast<int>(number));
    return found;
}

ZoneModel zone_of(const juce::var& row) {
    ZoneModel zone;
    zone.name = row["name"];
    const std::set<int> keys = numbers(row["keys"]);
    zone.keys.assign(keys.begin(), keys.end());
    for (const int key : zone.keys)
        zone.native.notes.set(static_cast<std::size_t>(key));
    zone.fresh = row["fresh"];
    zone.path = row["path"];
    zone.locked = numbers(row["locked"]);
    zone.native.shared = row["shared"];
    zone.native.root = row["root"];
    zone.native.siblings = row["siblings"];
    zone.native.layers = row["layers"];
    read_values(zone_parameters, row["parameters"], zone.native.parameters);
    return zone;
}

MacroInfo macro_of(const juce::var& row, std::size_t zone_count) {
    MacroInfo macro;
    macro.position = row["position"];
    macro.controller = row["controller"];
    macro.minimum = row["minimum"];
    macro.maximum = row["maximum"];
    macro.pick_up = row["pick_up"];
    macro.used = row["used"];
    for (const juce::var& entry : *row["targets"].getArray()) {
        ParameterTarget target;
        target.scope = entry["play"] ? Scope::play : Scope::zone;
        target.zone = entry["zone"];
        target.parameter = target.scope == Scope::play ? index_of(play_parameters, entry["id"].toString())
                                                       : index_of(zone_parameters, entry["id"].toString());
        target.low = entry["low"];
        target.high = entry["high"];
        target.exponential = entry["curve"].toString() == "exponential";
        if (target.exponential && !(target.low * target.high > 0.0))
            throw LinkError("The engine sent a macro whose exponential range crosses zero.");
        if (target.parameter >= 0 && target.zone < static_cast<int>(zone_count))
            macro.targets.push_back(target);
    }
    return macro;
}

} // namespace

PresetModel::PresetModel(const juce::var& program)
    : head(brought_up_to_date(program, "program")), name(program["name"]), folder(program["folder"]),
      text(program["text"]), instrument(program["instrument"]["name"]), digest(program["instrument"]["digest"]) {
    clip_seconds = static_cast<double>(program["instrument"]["clip_frames"]) /
                   static_cast<double>(program["instrument"]["sample_rate"]);
    for (const juce::var& row : *program["zones"].getArray())
        zones.push_back(zone_of(row));
    for (std::size_t i = 0; i < play_param_count; ++i)
        play[i] = static_cast<float>(play_parameters[i].default_value);
    read_values(play_parameters, program["play"], play);
    for (const int controller : numbers(program["claimed"]))
        claimed.set(static_cast<std::size_t>(controller));
    for (const juce::var& row : *program["triggers"].getArray())
        triggers.push_back({row[0], row[1], row[2]});
    for (std::size_t i = 0; i < macros.size(); ++i) {
        const juce::var& row = program["macros"][static_cast<int>(i)];
        macros[i] = macro_of(row, zones.size());
        macro_names[i] = row["name"];
        moves_sounds[i] = row["sounds"];
    }
}

ProgramRef PresetModel::program() const {
    std::vector<Zone> list;
    for (const ZoneModel& zone : zones)
        list.push_back(zone.native);
    auto made = std::make_shared<Program>(std::move(list));
    made->play = play;
    made->play[static_cast<std::size_t>(PlayParam::limiter)] = 0.0f; // a DAW has headroom, and its own limiters
    made->claimed = claimed;
    return made;
}

bool PresetModel::has(Place place) const {
    if (place.zone >= zones.size())
        return false;
    const Zone& zone = zones[place.zone].native;
    return place.variant < zone.layers * zone.siblings &&
           (zone.shared ? place.key == zone.root : zone.notes[place.key]);
}

bool PresetModel::same_as(const PresetModel& other) const {
    const auto without_serial = [](const juce::var& program) {
        juce::var copy = program.clone();
        copy.getDynamicObject()->removeProperty("serial");
        return juce::JSON::toString(copy, true);
    };
    return text == other.text && without_serial(head) == without_serial(other.head);
}

void PresetModel::edit(const juce::var& edited) {
    text = edited["text"];
    head = head.clone();
    head.getDynamicObject()->setProperty("text", text);
    for (ZoneModel& zone : zones)
        zone.locked.clear();
    for (const juce::var& row : *edited["locked"].getArray())
        if (const int zone = row[0]; zone < static_cast<int>(zones.size()))
            zones[static_cast<std::size_t>(zone)].locked = numbers(row[1]);
    for (std::size_t i = 0; i < zones.size(); ++i) {
        juce::Array<juce::var> keys;
        for (const int key : zones[i].locked)
            keys.add(key);
        head["zones"][static_cast<int>(i)].getDynamicObject()->setProperty("locked", keys);
    }
}

float PresetModel::value(Scope scope, std::size_t index) const {
    return scope == Scope::play ? play[index] : zones.front().native.parameters[index];
}

double PresetModel::tail_seconds() const {
    double longest = 0.0;
    for (const ZoneModel& zone : zones) {
        const bool to_its_end = static_cast<Mode>(zone.native.get(ZoneParam::mode)) == Mode::one_shot;
        const int deepest = zone.native.shared && !zone.keys.empty() ? zone.native.root - zone.keys.front() : 0;
        double tune = zone.native.get(ZoneParam::tune), release = zone.native.get(ZoneParam::release);
        for (const MacroInfo& macro : macros) // as far as they may go
            for (const ParameterTarget& target : macro.targets)
                if (target.scope == Scope::zone && target.parameter == static_cast<int>(ZoneParam::tune))
                    tune = std::min({tune, target.low, target.high});
                else if (target.scope == Scope::zone && target.parameter == static_cast<int>(ZoneParam::release))
                    release = std::max({release, target.low, target.high});
        const double slowest = std::exp2((deepest - tune) / 12.0);
        longest = std::max({longest, release, to_its_end ? clip_seconds * slowest : 0.0});
    }
    return longest;
}

} // namespace producergan::plugin
