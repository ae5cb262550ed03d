"""From a preset to what the native sampler is given: zones, play settings, clip-table slots, courses of voices."""

from __future__ import annotations

from collections.abc import Mapping

from engine import _native
from engine.plan import Course, Slot
from engine.preset import Preset
from engine.zone import Chromatic, Zone

Values = Mapping[tuple[int | None, str], float]


def native_program(preset: Preset, values: Values) -> _native.Program:
    """An empty program of the preset's zones with the parameter values of `Preset.parameters`."""
    zones = [
        {
            "keys": list(zone.keys),
            "shared": isinstance(zone.source, Chromatic),
            "root": zone.source.root if isinstance(zone.source, Chromatic) else 60,
            "siblings": zone.siblings,
            "parameters": zone_values(values, index),
        }
        for index, zone in enumerate(preset.zones)
    ]
    play = {id_: value for (at, id_), value in values.items() if at is None}
    return _native.Program(zones, play, sorted(preset.claimed_controllers))


def zone_values(values: Values, zone: int) -> dict[str, float]:
    """The parameters of one zone out of those of `Preset.parameters`."""
    return {id_: value for (at, id_), value in values.items() if at == zone}


def table_slot(zone: Zone, slot: Slot) -> Slot:
    """The slot of the native clip table: a chromatic zone has one for all its keys."""
    index, key, sibling = slot
    return (index, zone.source.root, sibling) if isinstance(zone.source, Chromatic) else (index, key, sibling)


def start_course(zone_values: Mapping[str, float], clip_frames: int) -> Course:
    """Where and which way the voices of a zone begin to read, at a speed of one."""
    start = zone_values["start"] * clip_frames
    if zone_values["reverse"] >= 0.5:
        return Course(clip_frames - 1 - start, -1.0)
    return Course(start, 1.0)


def voice_course(report: _native.VoiceReport, clip_frames: int, rate: float) -> Course:
    """How a sounding voice reads its clip; `rate` is the output's, in Hz."""
    # The sampler counts frames from where a sound begins; clips have theirs from the front.
    loop = (float(report.loop_start), float(report.loop_end)) if report.looping else None
    speed = report.step * rate
    if not report.reverse:
        return Course(report.position, speed, loop, report.loop_fade)
    last = clip_frames - 1
    backwards = (last - loop[1], last - loop[0]) if loop else None
    return Course(last - report.position, -speed, backwards, report.loop_fade)
