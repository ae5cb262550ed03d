// The Python face of the macro knobs: thin, no logic of its own.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <tuple>

#include "module.hpp"
#include "producergan/knobs.hpp"

namespace nb = nanobind;
using namespace producergan;

namespace {

using TargetRow = std::tuple<std::string, std::optional<int>, std::string, double, double, bool>;

ParameterTarget target_from(const TargetRow& row) {
    const auto& [scope, zone, id, low, high, exponential] = row;
    ParameterTarget target;
    target.scope = scope_of(scope);
    target.zone = zone.value_or(-1);
    target.parameter = parameter_of(target.scope, id);
    target.low = low;
    target.high = high;
    target.exponential = exponential;
    return target;
}

Macros macros_from(const std::vector<nb::dict>& rows) {
    if (rows.size() != config::macros)
        throw nb::value_error("a preset has eight macros");
    Macros macros;
    for (std::size_t i = 0; i < macros.size(); ++i) {
        macros[i].position = nb::cast<double>(rows[i]["position"]);
        macros[i].controller = nb::cast<std::optional<int>>(rows[i]["controller"]).value_or(MacroInfo::no_controller);
        macros[i].minimum = nb::cast<double>(rows[i]["minimum"]);
        macros[i].maximum = nb::cast<double>(rows[i]["maximum"]);
        macros[i].pick_up = nb::cast<bool>(rows[i]["pick_up"]);
        macros[i].used = nb::cast<bool>(rows[i]["used"]);
        for (const TargetRow& row : nb::cast<std::vector<TargetRow>>(rows[i]["targets"]))
            macros[i].targets.push_back(target_from(row));
    }
    return macros;
}

int checked(int macro) {
    if (macro < 0 || macro >= config::macros)
        throw nb::index_error("macros count from 0 to 7 here");
    return macro;
}

} // namespace

void bind_knobs(nb::module_& m) {
    m.attr("MACROS") = config::macros;
    m.attr("PRESSURE") = MacroInfo::pressure;
    m.attr("POLY_PRESSURE") = MacroInfo::poly_pressure;

    m.def("on_curve", &on_curve, nb::arg("low"), nb::arg("high"), nb::arg("exponential"), nb::arg("position"),
          "From `low` to `high` over the positions 0 to 1, which are clamped. [thread-safe]");
    m.def(
        "stepped",
        [](const std::string& scope, const std::string& id, double value) {
            const Scope which = scope_of(scope);
            return stepped(parameter_info(which, parameter_of(which, id)), value);
        },
        nb::arg("scope"), nb::arg("id"), nb::arg("value"),
        "The value that a parameter takes for this one: in its range, and whole where it is a choice or an integer. "
        "Raises KeyError. [thread-safe]");

    nb::class_<Knobs>(m, "Knobs", "Where the eight macros stand under the player's controllers; macros count from 0.")
        .def(
            "__init__",
            [](Knobs* self, const std::vector<nb::dict>& macros, int mpe_members, int channel) {
                new (self) Knobs(macros_from(macros), mpe_members, channel);
            },
            nb::arg("macros"), nb::arg("mpe_members"), nb::arg("channel"),
            "macros: eight dicts of position, controller, minimum, maximum, pick_up, used (whether it moves anything) "
            "and targets: (scope, zone or None, parameter id, low, high, exponential). Raises ValueError, KeyError. "
            "[control-thread]")
        .def("follow", &Knobs::follow, nb::arg("before"),
             "What the keyboard told another preset's knobs of its MPE zone holds on. [control-thread]")
        .def(
            "handle",
            [](Knobs& self, nb::bytes message) {
                const auto* data = static_cast<const std::uint8_t*>(message.data());
                const std::size_t whole = message.size() > 0 && (data[0] & 0xe0) == 0xc0 ? 2 : 3;
                return message.size() == whole && self.handle(data[0], data[1], whole > 2 ? data[2] : std::uint8_t{0});
            },
            nb::arg("message"),
            "Takes a MIDI message; True if a macro moved, for all keys or for one. [control-thread]")
        .def(
            "set", [](Knobs& self, int macro, double position) { return self.set(checked(macro), position); },
            nb::arg("macro"), nb::arg("position"),
            "Moves a macro by other means than its controller; True if it moved. Raises IndexError. [control-thread]")
        .def(
            "bind", [](Knobs& self, const std::vector<nb::dict>& macros) { self.bind(macros_from(macros)); },
            nb::arg("macros"),
            "Controllers, ranges and targets are these from now on; the macros stand where they stood. Raises "
            "ValueError, KeyError. [control-thread]")
        .def(
            "release", [](Knobs& self, int macro) { self.release(checked(macro)); }, nb::arg("macro"),
            "Its controller is another one now. Raises IndexError. [control-thread]")
        .def_prop_ro(
            "positions",
            [](const Knobs& self) { return std::vector<double>(self.positions().begin(), self.positions().end()); },
            "Where each macro stands, 0 to 1. [control-thread]")
        .def_prop_ro(
            "touches",
            [](const Knobs& self) {
                nb::dict touches;
                for (int key = 0; key < config::keys; ++key) {
                    nb::dict touch;
                    for (int macro = 0; macro < config::macros; ++macro) {
                        const double position =
                            self.touches()[static_cast<std::size_t>(key)][static_cast<std::size_t>(macro)];
                        if (Knobs::is_touch(position))
                            touch[nb::int_(macro)] = position;
                    }
                    if (touch.size() > 0)
                        touches[nb::int_(key)] = touch;
                }
                return touches;
            },
            "Key to macro to the position that this key alone has. [control-thread]")
        .def(
            "values",
            [](const Knobs& self) {
                nb::list values;
                self.each_value([&](Scope scope, int zone, int parameter, double value) {
                    const std::string_view id = parameter_info(scope, parameter).id;
                    const nb::object where = scope == Scope::zone ? nb::object(nb::int_(zone)) : nb::none();
                    values.append(nb::make_tuple(where, nb::str(id.data(), id.size()), value));
                });
                return values;
            },
            "Every parameter that macros move, at where they stand: (zone, −1 for all, None for a play setting; id; "
            "value), in the order in which they are to be set. [control-thread]");
}
