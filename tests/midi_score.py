"""Events at exact frames: as a MIDI file, and a score that asks for all that a preset can do."""

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
    """Writes the file: an eighth of a second a beat, so that four ticks are a frame. `rate` is even, up to 65534 Hz.

    Every event stands a quarter of a frame late, which is the same frame for those who round seconds to frames and for
    those who cut them.
    """
    file = mido.MidiFile(ticks_per_beat=rate // 2)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=125_000))
    last = 0
    for frame, *message in events:
        tick = 4 * frame + 1
        track.append(mido.Message.from_bytes(message, time=tick - last))
        last = tick
    file.save(str(path))
    return path


def notes(frames: Sequence[int], keys: Sequence[int], velocity: int = 100) -> list[Event]:
    """One stroke at each frame, on the keys in turn."""
    return [(frame, NOTE_ON, keys[i % len(keys)], velocity) for i, frame in enumerate(frames)]


def busy_score(preset: Preset, rate: int, seconds: float, grid: int = 0, seed: int = 1) -> list[Event]:
    """Notes of all zones at any velocity, the preset's own controllers, bends and the pedal, in the order of frames.

    No two messages stand at one frame. With a `grid` all but notes stand on multiples of so many frames: hosts that
    tell controllers at the beginnings of blocks only then tell them in time.
    """
    draw = random.Random(seed)
    keys = [key for zone in preset.zones for key in zone.keys]
    numbers = [macro.controller for macro in preset.macros]
    controllers = [number for number in numbers if number is not None and number < 120]
    end = round(seconds * rate)
    events: dict[int, Event] = {}

    def put(frame: int, *message: int) -> None:
        while frame in events or (grid and frame % grid == 0):
            frame += 1
        if frame < end:
            status, data1, data2 = message
            events[frame] = (frame, status, data1, data2)

    def move(frame: int, *message: int) -> None:
        if grid:
            status, data1, data2 = message
            frame = -(-frame // grid) * grid
            if frame < end:
                events[frame] = (frame, status, data1, data2)
        else:
            put(frame, *message)

    for beat in range(round(seconds * 8)):
        frame = round((beat + draw.random() / 2) * rate / 8)
        key = draw.choice(keys[: 1 + 2 * beat])
        put(frame, NOTE_ON, key, draw.randint(1, 127))
        put(frame + draw.randint(1, rate // 2), NOTE_OFF, key, 0)
        for controller in controllers:
            if draw.random() < 0.2:
                begin, value = draw.randint(0, rate // 4), draw.randint(0, 127)
                for step in range(draw.randint(1, 6)):  # a turn of the knob, quicker than sounds follow
                    move(frame + begin + step * rate // 200, CONTROLLER, controller, min(127, value + 9 * step))
        if draw.random() < 0.2:
            move(frame + draw.randint(0, rate // 8), BEND, draw.randint(0, 127), draw.randint(0, 127))
        if draw.random() < 0.2:
            move(frame + draw.randint(0, rate // 8), CONTROLLER, PEDAL, draw.choice((0, 127)))
    return [events[frame] for frame in sorted(events)]
