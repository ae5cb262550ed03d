// The Python face of the native layer: thin, no logic of its own.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/vector.h>

#include "producergan/event_ring.hpp"
#include "producergan/parameters.hpp"

namespace nb = nanobind;
using namespace producergan;

namespace {

using Bytes = nb::ndarray<std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// An EventRing and the Python buffer that it lies in.
struct RingOverBuffer {
    Bytes buffer;
    EventRing ring;
    RingOverBuffer(Bytes memory, bool create) : buffer(memory), ring(checked(memory), create) {
        if (!ring.valid())
            throw nb::value_error("the memory holds no event ring of this version");
    }
    static void* checked(const Bytes& memory) {
        if (memory.size() < EventRing::bytes())
            throw nb::value_error("the buffer is too small for an event ring");
        if (reinterpret_cast<std::uintptr_t>(memory.data()) % 64 != 0)
            throw nb::value_error("the buffer of an event ring must be aligned to 64 bytes");
        return memory.data();
    }
};

nb::dict describe(const ParameterInfo& info) {
    const auto text = [](std::string_view view) { return nb::str(view.data(), view.size()); };
    nb::dict row;
    row["id"] = text(info.id);
    row["label"] = text(info.label);
    row["unit"] = text(info.unit);
    row["minimum"] = info.minimum;
    row["maximum"] = info.maximum;
    row["default"] = info.default_value;
    row["curve"] = text(info.curve);
    row["choices"] = info.choices.empty() ? nb::list() : nb::list(text(info.choices).attr("split")("|"));
    row["smoothed"] = info.smoothed;
    row["scope"] = info.scope == Scope::zone ? "zone" : "play";
    return row;
}

struct ReaderOfRing {
    nb::object owner; // keeps the shared memory alive
    EventReader reader;
};

} // namespace

NB_MODULE(_native, m) {
    m.doc() = "The native sampler, event ring and clocks.";
    m.def("now_ns", &now_ns, "The clock that stamps events, in nanoseconds. [thread-safe]");

    nb::list parameters;
    for (const ParameterInfo& info : zone_parameters)
        parameters.append(describe(info));
    for (const ParameterInfo& info : play_parameters)
        parameters.append(describe(info));
    m.attr("PARAMETERS") = nb::tuple(parameters);

    nb::class_<ReaderOfRing>(m, "EventReader", "One reader's place in an EventRing.")
        .def(
            "read",
            [](ReaderOfRing& self, std::size_t limit) {
                nb::list events;
                StampedEvent event;
                for (std::size_t i = 0; i < limit && self.reader.read(event); ++i)
                    events.append(nb::make_tuple(event.time_ns, event.port,
                                                 nb::bytes(reinterpret_cast<const char*>(event.bytes.data()), event.size)));
                return events;
            },
            nb::arg("limit") = 4096, "Up to `limit` new events as (time_ns, port, bytes). [control-thread]")
        .def_prop_ro("lost", [](const ReaderOfRing& self) { return self.reader.lost(); },
                     "Events overwritten before they were read.");

    nb::class_<RingOverBuffer>(m, "EventRing",
                               "Stamped MIDI events in shared memory: one writer, any number of readers.")
        .def(nb::init<Bytes, bool>(), nb::arg("buffer"), nb::arg("create"),
             "Lays a ring over a writable uint8 array of at least SIZE bytes; `create` clears it. Raises ValueError.")
        .def_prop_ro_static("SIZE", [](nb::handle) { return EventRing::bytes(); }, "Bytes that a ring needs.")
        .def(
            "push",
            [](RingOverBuffer& self, std::int64_t time_ns, nb::bytes data, std::uint32_t port) {
                return self.ring.push(time_ns, port, static_cast<const std::uint8_t*>(data.data()), data.size());
            },
            nb::arg("time_ns"), nb::arg("data"), nb::arg("port") = 0,
            "Appends a message of 1 to 3 bytes; False if it is longer. The one writer only. [midi-process]")
        .def_prop_ro("written", [](const RingOverBuffer& self) { return self.ring.written(); },
                     "Events pushed since the ring was made. [thread-safe]")
        .def("reader", [](nb::object self) {
            return ReaderOfRing{self, EventReader(nb::cast<RingOverBuffer&>(self).ring)};
        }, "A reader that starts with the next event. [control-thread]");
}
