"""From a preset to what the native sampler is given: zones, play settings, clip-table slots, courses of voices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine import _native
from engine.hands import Slot
from engine.instrument import Instrument
from engine.plan import Course
from engine.preset import Preset
from engine.zone import Zone

Values = Mapping[tuple[int | None, str], float]

LOOP_MODE = 2.0  # of the zone parameter `mode`
MIN_REACH, MAX_REACH = 14.0, 74.0  # frames on either side that the resampler reads: at pitch, and far above it


def native_program(preset: Preset, values: Values) -> _native.Program:
    """An empty program of the preset's zones with the parameter values of `Preset.parameters`."""
    zones = [
        {
            "keys": [key for key in zone.keys if key not in preset.claimed_notes],
            "shared": zone.source.root is not None,
            "root": 60 if zone.source.root is None else zone.source.root,
            "siblings": zone.siblings,
            "layers": zone.layers,
            "parameters": zone_values(values, index),
        }
        for index, zone in enumerate(preset.zones)
    ]
    play = {id_: value for (at, id_), value in values.items() if at is None}
    return _native.Program(zones, play, sorted(preset.claimed_controllers))


def zone_values(values: Values, zone: int) -> dict[str, float]:
    """The parameters of one zone out of those of `Preset.parameters`."""
    return {id_: value for (at, id_), value in values.items() if at == zone}


def send_changes(sampler: _native.Sampler, before: Values, after: Values) -> Values:
    """Sets the sampler's parameters that have another value than before; returns the values that it has then.

    Those are not all of `after` if its queue is full: to be tried again. [control-thread]
    """
    there = dict(before)
    for (zone, identity), value in after.items():
        if before.get((zone, identity)) != value and sampler.set_parameter(zone, identity, value):
            there[zone, identity] = value
    return there


def table_slot(zone: Zone, slot: Slot) -> Slot:
    """The slot of the native clip table: a zone that plays one sound at pitch has one for all its keys."""
    index, key, variant = slot
    return index, zone.slot_key(key), variant


def start_course(zone_values: Mapping[str, float], instrument: Instrument, ratio: float = 1.0) -> Course:
    """How the voices of a zone begin to read, `ratio` times as fast as the clip was made."""
    frames, rate = instrument.clip_frames, instrument.sample_rate
    position, loop_start, loop_end, fade = _native.first_course(dict(zone_values), frames, rate)
    loop = (float(loop_start), float(loop_end)) if zone_values["mode"] == LOOP_MODE else None
    # How many frames of the clip the output reads at a time is not known here: as many as there are at the most.
    course = Course(float(position), ratio * rate, loop, float(fade) if loop else 0.0, MAX_REACH)
    return _backwards(course, frames) if zone_values["reverse"] >= 0.5 else course


def voice_course(report: _native.VoiceReport, clip_frames: int, rate: float) -> Course:
    """How a sounding voice reads its clip; `rate` is the output's, in Hz."""
    loop = (float(report.loop_start), float(report.loop_end)) if report.looping else None
    reach = min(MAX_REACH, MIN_REACH * max(1.0, report.step))
    course = Course(report.position, report.step * rate, loop, report.loop_fade, reach)
    return _backwards(course, clip_frames) if report.reverse else course


def _backwards(course: Course, clip_frames: int) -> Course:
    """The same, reversed: the sampler counts from where the sound begins, a clip from its own front."""
    last = clip_frames - 1
    loop = (last - course.loop[1], last - course.loop[0]) if course.loop else None
    return replace(course, position=last - course.position, speed=-course.speed, loop=loop)
