"""Events at exact frames: as a MIDI file whose ticks are frames, and a score that asks for all that a preset can do."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import mido

from engine.preset import Preset

Event = tuple[int, int, int, int]  # frame, then a MIDI message's three bytes
NOTE_OFF, NOTE_ON, CONTROLLER, BEND = 0x80, 0x90, 0xB0, 0xE0
PEDAL = 64


def write_midi(path: Path, events: Sequence[Sequence[int]], rate: int) -> Path:
    """Writes the file: half a second a beat, so that a tick is a frame. `rate` is even, and up to 65534 Hz."""
    file = mido.MidiFile(ticks_per_beat=rate // 2)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=500_000))
    last = 0
    for frame, *message in events:
        track.append(mido.Message.from_bytes(message, time=frame - last))
        last = frame
    file.save(str(path))
    return path


def notes(frames: Sequence[int], keys: Sequence[int], velocity: int = 100) -> list[Event]:
    """One stroke at each frame, on the keys in turn."""
    return [(frame, NOTE_ON, keys[i % len(keys)], velocity) for i, frame in enumerate(frames)]


def busy_score(preset: Preset, rate: int, seconds: float, seed: int = 1) -> list[Event]:
    """Notes of all zones at any velocity, the preset's own controllers, bends and the pedal, in the order of frames.

    No two messages that could be taken in another order stand at one frame.
    """
    draw = random.Random(seed)
    keys = [key for zone in preset.zones for key in zone.keys]
    controllers = [macro.controller for macro in preset.macros if macro.controller is not None and macro.controller < 120]
    end = round(seconds * rate)
    events: dict[int, Event] = {}

    def put(frame: int, *message: int) -> None:
        while frame in events:
            frame += 1
        if frame < end:
            status, data1, data2 = message
            events[frame] = (frame, status, data1, data2)

    for beat in range(round(seconds * 8)):
        frame = round((beat + draw.random() / 2) * rate / 8)
        key = draw.choice(keys[: 1 + 2 * beat])
        put(frame, NOTE_ON, key, draw.randint(1, 127))
        put(frame + draw.randint(1, rate // 2), NOTE_OFF, key, 0)
        for controller in controllers:
            if draw.random() < 0.2:
                begin, value = draw.randint(0, rate // 4), draw.randint(0, 127)
                for step in range(draw.randint(1, 6)):  # a turn of the knob, quicker than sounds follow
                    put(frame + begin + step * rate // 200, CONTROLLER, controller, min(127, value + 9 * step))
        if draw.random() < 0.2:
            put(frame + draw.randint(0, rate // 8), BEND, draw.randint(0, 127), draw.randint(0, 127))
        if draw.random() < 0.2:
            put(frame + draw.randint(0, rate // 8), CONTROLLER, PEDAL, draw.choice((0, 127)))
    return [events[frame] for frame in sorted(events)]
