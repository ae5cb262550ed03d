// The Python face of the native layer: thin, no logic of its own.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>

#include "module.hpp"
#include "producergan/audio_callback.hpp"
#include "producergan/course.hpp"
#include "producergan/event_ring.hpp"
#include "producergan/jack_output.hpp"
#include "producergan/null_clock.hpp"
#include "producergan/parameters.hpp"
#include "producergan/recording_ring.hpp"
#include "producergan/sampler.hpp"
#include "producergan/timing.hpp"

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
    row["main"] = info.main;
    row["scope"] = info.scope == Scope::zone ? "zone" : "play";
    return row;
}

/// Values by id, clamped. Raises KeyError.
void set_parameters(Zone& zone, nb::dict values) {
    for (auto [id, value] : values) {
        const int index = parameter_of(Scope::zone, nb::cast<std::string>(id));
        zone.parameters[static_cast<std::size_t>(index)] =
            in_range(parameter_info(Scope::zone, index), nb::cast<float>(value));
    }
}

Zone zone_from(nb::dict row) {
    Zone zone;
    for (int key : nb::cast<std::vector<int>>(row["keys"])) {
        if (key < 0 || key >= config::keys)
            throw nb::value_error("a zone's keys lie between 0 and 127");
        zone.notes.set(static_cast<std::size_t>(key));
    }
    zone.shared = nb::cast<bool>(row["shared"]);
    zone.root = nb::cast<int>(row["root"]);
    zone.siblings = nb::cast<int>(row["siblings"]);
    if (row.contains("layers"))
        zone.layers = nb::cast<int>(row["layers"]);
    set_parameters(zone, nb::cast<nb::dict>(row["parameters"]));
    return zone;
}

/// Numbers of controllers as a set; channel mode messages, from 120 on, cannot be claimed.
std::bitset<128> controllers_from(const std::vector<int>& numbers) {
    std::bitset<128> controllers;
    for (int controller : numbers)
        if (controller >= 0 && controller < 120)
            controllers.set(static_cast<std::size_t>(controller));
    return controllers;
}

using Audio = nb::ndarray<float, nb::numpy, nb::ndim<2>, nb::c_contig>;

using Messages = std::vector<std::tuple<int, nb::bytes>>;
using Outputs = nb::ndarray<float, nb::numpy, nb::ndim<3>, nb::c_contig>;

/// Renders into frames that alternate left and right, output after output.
float* render(Sampler& sampler, const Messages& messages, int frames, int output_count) {
    if (frames < 0)
        throw nb::value_error("a block has no negative length");
    if (output_count < 1 || output_count > config::outputs)
        throw nb::value_error("there are 1 to 8 outputs");
    std::vector<Event> events;
    events.reserve(messages.size());
    for (const auto& [offset, bytes] : messages) {
        const auto* data = static_cast<const std::uint8_t*>(bytes.data());
        if (bytes.size() < 1 || bytes.size() > 3)
            throw nb::value_error("a MIDI message has 1 to 3 bytes");
        events.push_back({offset, data[0], bytes.size() > 1 ? data[1] : std::uint8_t{0},
                          bytes.size() > 2 ? data[2] : std::uint8_t{0}});
    }
    auto* out = new float[static_cast<std::size_t>(2 * frames * output_count) + 1];
    std::array<Output, config::outputs> outputs;
    for (int i = 0; i < output_count; ++i)
        outputs[static_cast<std::size_t>(i)] = {out + 2 * frames * i, out + 2 * frames * i + 1};
    const nb::gil_scoped_release free_python;
    sampler.process(events.data(), static_cast<int>(events.size()), outputs.data(), output_count, 2, frames);
    return out;
}

nb::capsule owner_of(float* memory) {
    return nb::capsule(memory, [](void* owned) noexcept { delete[] static_cast<float*>(owned); });
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
    bind_knobs(m);

    m.def(
        "first_course",
        [](nb::dict parameters, std::int64_t frames, double rate) {
            if (frames < 1 || !(rate > 0.0))
                throw nb::value_error("a clip has at least one frame and a rate above 0");
            Zone zone;
            set_parameters(zone, parameters);
            const Course course = first_course(zone, frames, rate);
            return std::make_tuple(course.start, course.loop_start, course.loop_end, course.loop_fade);
        },
        nb::arg("parameters"), nb::arg("frames"), nb::arg("rate"),
        "Where a note of a zone with these parameters begins on a clip of `frames` frames at `rate` Hz: (position, "
        "loop_start, loop_end, loop_fade), in frames as VoiceReport has them. Raises KeyError, ValueError. "
        "[thread-safe]");

    nb::class_<ReaderOfRing>(m, "EventReader", "One reader's place in an EventRing.")
        .def(
            "read",
            [](ReaderOfRing& self, std::size_t limit) {
                nb::list events;
                StampedEvent event;
                for (std::size_t i = 0; i < limit && self.reader.read(event); ++i)
                    events.append(
                        nb::make_tuple(event.time_ns, event.port,
                                       nb::bytes(reinterpret_cast<const char*>(event.bytes.data()), event.size)));
                return events;
            },
            nb::arg("limit") = 4096, "Up to `limit` new events as (time_ns, port, bytes). [control-thread]")
        .def_prop_ro(
            "lost", [](const ReaderOfRing& self) { return self.reader.lost(); },
            "Events overwritten before they were read. [control-thread]");

    nb::class_<RingOverBuffer>(m, "EventRing",
                               "Stamped MIDI events in shared memory: one writer, any number of readers.")
        .def(nb::init<Bytes, bool>(), nb::arg("buffer"), nb::arg("create"),
             "Lays a ring over a writable uint8 array of at least SIZE bytes; `create` clears it. Raises ValueError.")
        .def_prop_ro_static(
            "SIZE", [](nb::handle) { return EventRing::bytes(); }, "Bytes that a ring needs.")
        .def(
            "push",
            [](RingOverBuffer& self, std::int64_t time_ns, nb::bytes data, std::uint32_t port) {
                return self.ring.push(time_ns, port, static_cast<const std::uint8_t*>(data.data()), data.size());
            },
            nb::arg("time_ns"), nb::arg("data"), nb::arg("port") = 0,
            "Appends a message of 1 to 3 bytes; False if it is longer. The one writer only. [midi-process]")
        .def_prop_ro(
            "written", [](const RingOverBuffer& self) { return self.ring.written(); },
            "Events pushed since the ring was made. [thread-safe]")
        .def(
            "reader",
            [](nb::object self) { return ReaderOfRing{self, EventReader(nb::cast<RingOverBuffer&>(self).ring)}; },
            "A reader that starts with the next event. [control-thread]");

    m.attr("BLOCK_FRAMES") = config::block_frames;
    m.attr("MAX_EVENTS") = config::max_events;
    m.attr("MAX_ZONES") = config::max_zones;
    m.attr("MAX_SIBLINGS") = config::max_siblings;
    m.attr("MAX_LAYERS") = config::max_layers;
    m.attr("MAX_VARIANTS") = config::max_variants;
    m.attr("OUTPUTS") = config::outputs;
    m.attr("SWAP_SECONDS") = config::swap_seconds;
    m.attr("KILL_SECONDS") = config::kill_seconds;
    m.attr("MORPH_DELAY_SECONDS") = config::morph_delay_seconds;
    m.attr("RENEWAL_SECONDS") = config::renewal_seconds;
    m.def("renewal_frames", &renewal_frames, nb::arg("sample_rate"),
          "The grid on which a render looks for sounds that were played, in frames. [thread-safe]");

    nb::class_<MorphTimes>(m, "MorphTimes", "At which frames of a render the hands' moves are heard.")
        .def(nb::init<double>(), nb::arg("sample_rate"))
        .def(
            "move",
            [](MorphTimes& self, std::int64_t frame) {
                const MorphTimes::Due due = self.move(frame);
                return nb::make_tuple(due.frame, due.replaces);
            },
            nb::arg("frame"),
            "The hands moved at this frame, none before the last: (frame from which that is heard, whether in place of "
            "the move before). [control-thread]");

    using Block = nb::ndarray<const float, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
    nb::class_<Clip>(m, "Clip", "One sound's audio at the instrument's rate, ready in blocks of BLOCK_FRAMES frames.")
        .def(
            nb::new_([](std::uint64_t id, int channels, std::int64_t frames, double sample_rate, std::string name) {
                return std::make_shared<Clip>(id, channels, frames, sample_rate, std::move(name));
            }),
            nb::arg("id"), nb::arg("channels"), nb::arg("frames"), nb::arg("sample_rate"), nb::arg("name") = "",
            "An empty clip of `frames` frames with one or two channels; `sample_rate` in Hz; `name` that of its sound. "
            "Raises ValueError.")
        .def(
            "write",
            [](Clip& self, std::int64_t start, const Block& audio) {
                if (audio.shape(0) != static_cast<std::size_t>(self.channel_count()))
                    throw nb::value_error("the audio has another number of channels than the clip");
                const auto frames = static_cast<std::int64_t>(audio.shape(1));
                self.write(start, audio.data(), frames, frames);
            },
            nb::arg("start"), nb::arg("audio"),
            "Copies float32 audio [channels, frames] to frame `start`; whole blocks, ready at once. Raises ValueError. "
            "[control-thread]")
        .def(
            "read",
            [](const Clip& self, std::int64_t start, std::int64_t frames) {
                if (frames < 0 || frames > self.frames())
                    throw nb::value_error("the clip has no such frames");
                const auto channels = static_cast<std::size_t>(self.channel_count());
                const auto count = static_cast<std::size_t>(frames);
                auto* out = new float[channels * count + 1];
                self.read(start, frames, out, frames);
                return Audio(out, {channels, count}, owner_of(out));
            },
            nb::arg("start"), nb::arg("frames"),
            "Copies of `frames` frames from `start` on: float32 [channels, frames]. Raises ValueError if they lie "
            "outside the clip or are not ready. [thread-safe]")
        .def(
            "ready_blocks",
            [](const Clip& self) {
                nb::int_ mask(0);
                nb::object bits = mask;
                for (std::int64_t block = 0; block < self.blocks(); ++block)
                    if (self.block_ready(block))
                        bits = bits | (nb::int_(1) << nb::int_(block));
                return bits;
            },
            "The ready blocks as the bits of a number, block 0 the lowest. [thread-safe]")
        .def_prop_ro("id", &Clip::id)
        .def_prop_ro("name", &Clip::name,
                     "That of its sound, the same in every process; \"\" where nobody gave it one.")
        .def_prop_ro("frames", &Clip::frames)
        .def_prop_ro("channels", &Clip::channel_count)
        .def_prop_ro("blocks", &Clip::blocks);

    nb::class_<Program>(m, "Program", "Zones, play settings and the clip table of a preset.")
        .def(
            nb::new_([](std::vector<nb::dict> zones, nb::dict play, const std::vector<int>& claimed) {
                std::vector<Zone> list;
                for (const nb::dict& zone : zones)
                    list.push_back(zone_from(zone));
                auto program = std::make_shared<Program>(std::move(list));
                for (auto [id, value] : play) {
                    const int index = parameter_of(Scope::play, nb::cast<std::string>(id));
                    program->play[static_cast<std::size_t>(index)] =
                        in_range(parameter_info(Scope::play, index), nb::cast<float>(value));
                }
                program->claimed = controllers_from(claimed);
                return program;
            }),
            nb::arg("zones"), nb::arg("play"), nb::arg("claimed"),
            "zones: dicts of keys, shared, root, siblings, layers (1 where absent), parameters; play: parameter values "
            "by id; claimed: controllers that belong to macros. Raises ValueError, KeyError.")
        .def_ro("id", &Program::id, "Tells the programs of this process apart.")
        .def(
            "put",
            [](Program& self, int zone, int key, int variant, std::shared_ptr<Clip> clip) {
                if (zone < 0 || zone >= static_cast<int>(self.zones.size()) || key < 0 || key >= config::keys ||
                    variant < 0 || variant >= config::max_variants)
                    throw nb::index_error("no such slot in this program");
                self.slot(zone, key).clips[static_cast<std::size_t>(variant)] = std::move(clip);
            },
            nb::arg("zone"), nb::arg("key"), nb::arg("variant"), nb::arg("clip"),
            "Fills a slot before the program is handed to a sampler; afterwards Sampler.set_clip does. The variant is "
            "layer · siblings + sibling. Raises IndexError. [setup]");

    nb::class_<VoiceReport>(m, "VoiceReport", "What one voice was doing at the end of a block.")
        .def_ro("voice", &VoiceReport::voice, "Counts up with each voice started.")
        .def_ro("program", &VoiceReport::program, "Id of the program it was struck in.")
        .def_ro("incoming", &VoiceReport::incoming, "Id of the clip that a crossfade under way leads to, else 0.")
        .def_ro("faded", &VoiceReport::faded, "Output frames of that crossfade that are done.")
        .def_ro("clip", &VoiceReport::clip, "Id of the clip it sounds or is on its way to.")
        .def_prop_ro(
            "position", [](const VoiceReport& v) { return static_cast<double>(v.position) / 4294967296.0; },
            "Frames of the clip, counted from where the sound begins, also in reverse.")
        .def_prop_ro(
            "step", [](const VoiceReport& v) { return static_cast<double>(v.step) / 4294967296.0; },
            "Frames of the clip an output frame.")
        .def_ro("loop_start", &VoiceReport::loop_start)
        .def_ro("loop_end", &VoiceReport::loop_end)
        .def_ro("loop_fade", &VoiceReport::loop_fade,
                "Frames of the loop's crossfade; it reads as many before its start.")
        .def_ro("zone", &VoiceReport::zone)
        .def_ro("key", &VoiceReport::key)
        .def_ro("slot_key", &VoiceReport::slot_key)
        .def_ro("variant", &VoiceReport::variant)
        .def_ro("channel", &VoiceReport::channel)
        .def_ro("looping", &VoiceReport::looping)
        .def_ro("reverse", &VoiceReport::reverse)
        .def_ro("released", &VoiceReport::released);

    nb::class_<Sampler>(m, "Sampler", "MIDI in, stereo audio out, the sounds from a clip table.")
        .def(nb::init<>())
        .def("prepare", &Sampler::prepare, nb::arg("sample_rate"),
             "Sets the output rate in Hz; all voices fall silent. Raises ValueError. [setup]")
        .def(
            "process",
            [](Sampler& self, const Messages& events, int frames) {
                float* out = render(self, events, frames, 1);
                return Audio(out, {static_cast<std::size_t>(frames), 2}, owner_of(out));
            },
            nb::arg("events"), nb::arg("frames"),
            "Renders a block: events as (offset, bytes), sorted; float32 [frames, 2]. [audio-thread]")
        .def(
            "process_outputs",
            [](Sampler& self, const Messages& events, int frames, int outputs) {
                float* out = render(self, events, frames, outputs);
                return Outputs(out, {static_cast<std::size_t>(outputs), static_cast<std::size_t>(frames), 2},
                               owner_of(out));
            },
            nb::arg("events"), nb::arg("frames"), nb::arg("outputs"),
            "The same for 1 to 8 outputs: float32 [outputs, frames, 2]. Raises ValueError. [audio-thread]")
        .def("set_program", &Sampler::set_program, nb::arg("program"), "[thread-safe]")
        .def("set_clip", &Sampler::set_clip, nb::arg("zone"), nb::arg("key"), nb::arg("variant"), nb::arg("clip"),
             "The clip-table message; False if the queue is full. [thread-safe]")
        .def(
            "set_parameter",
            [](Sampler& self, std::optional<int> zone, const std::string& id, float value) {
                if (!zone)
                    return self.set_play_parameter(static_cast<PlayParam>(parameter_of(Scope::play, id)), value);
                return self.set_zone_parameter(*zone, static_cast<ZoneParam>(parameter_of(Scope::zone, id)), value);
            },
            nb::arg("zone").none(), nb::arg("id"), nb::arg("value"),
            "Sets a zone's parameter, that of all zones with −1, or with None a play setting; clamped. Raises "
            "KeyError. [thread-safe]")
        .def(
            "set_parameter_now",
            [](Sampler& self, std::optional<int> zone, const std::string& id, float value) {
                const Scope scope = zone ? Scope::zone : Scope::play;
                self.set_parameter_now(scope, zone.value_or(0), parameter_of(scope, id), value);
            },
            nb::arg("zone").none(), nb::arg("id"), nb::arg("value"),
            "The same at the present frame, before all messages under way. Raises KeyError. [audio-thread]")
        .def(
            "set_claimed",
            [](Sampler& self, const std::vector<int>& controllers) {
                return self.set_claimed(controllers_from(controllers));
            },
            nb::arg("controllers"),
            "These controllers belong to macros from now on, in the present program; False if the queue is full. "
            "[thread-safe]")
        .def("take_all_messages", &Sampler::take_all_messages,
             "Lets every message that is under way take effect now, however many there are. [audio-thread]")
        .def("silence", &Sampler::silence, "Fades everything that sounds. [thread-safe]")
        .def("collect", &Sampler::collect, "Frees what the audio thread is done with. [thread-safe]")
        .def(
            "voices",
            [](const Sampler& self) {
                std::vector<VoiceReport> voices;
                const std::int64_t frame = self.snapshot().read(voices);
                return nb::make_tuple(frame, voices);
            },
            "(output frame, voices) at the end of the last block. [control-thread]")
        .def_prop_ro(
            "clock",
            [](const Sampler& self) {
                std::vector<VoiceReport> voices;
                return self.snapshot().read(voices);
            },
            "Output frames since prepare, at the end of the last block. [control-thread]")
        .def(
            "counters",
            [](Sampler& self) {
                nb::dict figures;
                for (std::size_t i = 0; i < counter_names.size(); ++i)
                    figures[nb::str(counter_names[i].data(), counter_names[i].size())] =
                        self.counters().get(static_cast<Counter>(i));
                return figures;
            },
            "What the audio thread has counted, by name. [thread-safe]");

    nb::class_<RecordingRing>(m, "RecordingRing", "Stereo frames on their way from the audio thread to a file.")
        .def(nb::init<std::size_t>(), nb::arg("frames"), "Room for at least `frames` frames. [setup]")
        .def(
            "read",
            [](RecordingRing& self) {
                const std::size_t frames = self.waiting();
                auto* out = new float[2 * frames + 1];
                self.read(out, frames);
                return Audio(out, {frames, 2}, owner_of(out));
            },
            "What has arrived since the last read: float32 [frames, 2]. [control-thread]")
        .def_prop_ro("dropped", &RecordingRing::dropped, "Frames that found no room. [thread-safe]");

    nb::class_<AudioCallback>(m, "AudioCallback", "Joins event rings, a sampler and an audio device.")
        .def(
            "__init__",
            [](AudioCallback* self, Sampler& sampler, double sample_rate, double latency) {
                new (self) AudioCallback(sampler, sample_rate, static_cast<std::int64_t>(latency * 1e9));
            },
            nb::arg("sampler"), nb::arg("sample_rate"), nb::arg("latency"), nb::keep_alive<1, 2>(),
            "An event stamped at t is played `latency` seconds after t. [setup]")
        .def(
            "add_ring", [](AudioCallback& self, const RingOverBuffer& ring) { return self.add_ring(ring.ring); },
            nb::arg("ring"), nb::keep_alive<1, 2>(), "Plays what is pushed from now on. [setup]")
        .def("record", &AudioCallback::record, nb::arg("ring").none(), nb::keep_alive<1, 2>(),
             "From now on each block goes to `ring` as well; None ends that. [thread-safe]")
        .def("restart_clock", &AudioCallback::restart_clock,
             "Another device begins: its blocks have times of their own. [setup]")
        .def(
            "render",
            [](AudioCallback& self, int frames, std::int64_t now, bool underflow) {
                auto* out = new float[static_cast<std::size_t>(2 * frames) + 1];
                self.render(out, frames, underflow, now);
                return Audio(out, {static_cast<std::size_t>(frames), 2}, owner_of(out));
            },
            nb::arg("frames"), nb::arg("now"), nb::arg("underflow") = false,
            "One block as a device would ask for it at `now` (ns), after time was lost or not. [audio-thread]")
        .def_prop_ro("block_time", &AudioCallback::block_time,
                     "When the last block began, in ns, smoothed. [thread-safe]")
        .def_prop_ro_static(
            "function", [](nb::handle) { return reinterpret_cast<std::uintptr_t>(&AudioCallback::portaudio); },
            "Address of the PaStreamCallback.")
        .def_prop_ro(
            "user_data", [](AudioCallback& self) { return reinterpret_cast<std::uintptr_t>(&self); },
            "Address to hand to PortAudio beside it.");

    nb::class_<JackOutput>(m, "JackOutput", "What JACK calls: fills two ports of a JACK client from an AudioCallback.")
        .def(
            "__init__",
            [](JackOutput* self, AudioCallback& callback, std::uintptr_t get_buffer, std::uintptr_t left,
               std::uintptr_t right) {
                new (self) JackOutput(callback, reinterpret_cast<JackOutput::GetBuffer>(get_buffer),
                                      reinterpret_cast<void*>(left), reinterpret_cast<void*>(right));
            },
            nb::arg("callback"), nb::arg("get_buffer"), nb::arg("left"), nb::arg("right"), nb::keep_alive<1, 2>(),
            "Addresses: of jack_port_get_buffer and of the two ports. [setup]")
        .def_prop_ro("ended", &JackOutput::ended, "Whether JACK no longer asks for audio. [thread-safe]")
        .def_prop_ro_static(
            "process", [](nb::handle) { return reinterpret_cast<std::uintptr_t>(&JackOutput::process); },
            "Address of the JackProcessCallback.")
        .def_prop_ro_static(
            "xrun", [](nb::handle) { return reinterpret_cast<std::uintptr_t>(&JackOutput::xrun); },
            "Address of the JackXRunCallback.")
        .def_prop_ro_static(
            "shut_down", [](nb::handle) { return reinterpret_cast<std::uintptr_t>(&JackOutput::shut_down); },
            "Address of the JackInfoShutdownCallback.")
        .def_prop_ro(
            "user_data", [](JackOutput& self) { return reinterpret_cast<std::uintptr_t>(&self); },
            "Address to hand to JACK beside them.");

    nb::class_<NullClock>(m, "NullClock", "A timer in place of a sound card.")
        .def(nb::init<AudioCallback&, double, int>(), nb::arg("callback"), nb::arg("sample_rate"), nb::arg("block"),
             nb::keep_alive<1, 2>())
        .def("start", &NullClock::start, "[control-thread]")
        .def("stop", &NullClock::stop, nb::call_guard<nb::gil_scoped_release>(), "[control-thread]");
}
