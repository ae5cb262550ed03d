"""Fifty presets one after another while notes sound: no gap, no click, no note lost or hung."""

from __future__ import annotations

import mmap
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_instrument import write_tiny_instrument

from engine import _native
from engine.clip_store import ClipStore
from engine.data import bundled_folder
from engine.generator import Generator
from engine.generators import Generators
from engine.player import Player
from engine.preset import Preset
from engine.programs import Programs, presets_in

RATE, BLOCK = 48000, 128
DEADLINE_S = 30.0
SWITCHES = 50
LOOP_FADE = 0.05
ATTACK = 0.02
PRESET = f"""
format = 1
name = "{{name}}"
instrument = "{{instrument}}.onnx"

[play]
limiter = false

[[zone]]
name = "keys"
keys = "{{keys}}"
source = "seeds"
seed = {{seed}}
mode = "loop"
attack = {ATTACK}
release = 0.05
loop_crossfade = {LOOP_FADE}
"""


class Desk:
    """A player over a folder of presets, with the audio callback driven by hand."""

    def __init__(self, folder: Path, first: Path) -> None:
        preset = Preset.load(first)
        self.ring = _native.EventRing(mmap.mmap(-1, _native.EventRing.SIZE), True)
        generator = Generator(preset.opened, "cpu", 1)
        self.player = Player(
            preset, generator, (self.ring,), RATE, BLOCK, random.Random(1), lambda number: self.programs.ask(number)
        )
        self.said: list[str] = []
        self.programs = Programs(
            folder, preset, self.player.store, Generators("cpu"), self.player.load, self.said.append
        )
        self.now = _native.now_ns()
        self.parts: list[NDArray[np.float32]] = []
        self.player.start()
        assert self.player.wait_ready(DEADLINE_S)

    def push(self, *message: int) -> None:
        self.ring.push(self.now, bytes(message), 0)

    def block(self) -> None:
        self.parts.append(np.array(self.player.callback.render(BLOCK, self.now)))
        self.now += round(BLOCK / RATE * 1e9)

    def blocks(self, seconds: float) -> None:
        for _ in range(round(seconds * RATE / BLOCK)):
            self.block()

    def switch(self, number: int, name: str) -> float:
        """Sends a program change, and plays on until the preset's keys can be played; seconds that it took."""
        begin = time.monotonic()
        self.push(0xC0, number)
        self.block()
        while self.player._supply.preset.name != name:
            assert time.monotonic() - begin < DEADLINE_S, self.said
            assert self.player.failure is None
            self.block()
            time.sleep(0.001)
        return time.monotonic() - begin

    def settle(self) -> None:
        """Waits until every key's clip is whole: the audio here runs faster than time does."""
        store = self.player.store
        whole = (1 << store.generator.block_total) - 1
        end = time.monotonic() + DEADLINE_S
        while any(store.ready.get(sound) != whole for sound in self.player.controls.sounds().values()):
            assert time.monotonic() < end
            time.sleep(0.001)

    def close(self) -> None:
        self.programs.close()
        self.player.close()


@pytest.fixture
def tiny_desk(tmp_path: Path) -> Iterator[Desk]:
    for instrument, low in (("low", 60.0), ("high", 150.0)):
        write_tiny_instrument(
            tmp_path / f"{instrument}.onnx",
            name=instrument,
            sample_rate=RATE,
            frames=65536,
            low_hz=low,
            high_hz=3 * low,
        )
    for at, (name, instrument) in enumerate((("a", "low"), ("b", "high"), ("c", "low"))):
        text = PRESET.format(name=name, instrument=instrument, keys=f"{40 + 10 * at}-{45 + 10 * at}", seed=at)
        (tmp_path / f"{name}.toml").write_text(text)
    desk = Desk(tmp_path, tmp_path / "a.toml")
    yield desk
    desk.close()


def test_fifty_presets_while_notes_sound(tiny_desk: Desk) -> None:
    desk = tiny_desk
    held: list[int] = []
    desk.settle()
    desk.push(0x90, 40, 100)
    held.append(40)
    desk.blocks(0.2)
    for turn in range(1, SWITCHES + 1):
        number = turn % 3
        desk.switch(number, "abc"[number])
        desk.settle()
        key = 40 + 10 * number
        desk.push(0x90, key, 100)
        desk.blocks(0.12)
        assert key in {voice.key for voice in desk.player.sampler.voices()[1]}, "the new preset's key did not sound"
        desk.push(0x80, held.pop(), 0)
        held.append(key)
        desk.blocks(0.08)
        assert [voice.key for voice in desk.player.sampler.voices()[1]] == [key], "a note hangs or is lost"
    desk.push(0x80, held.pop(), 0)
    desk.blocks(0.2)
    assert not desk.player.sampler.voices()[1]
    counters = desk.player.sampler.counters()
    assert counters["notes"] == SWITCHES + 1
    assert counters["starved"] == 0
    assert counters["steals"] == 0
    audio = np.concatenate(desk.parts)[:, 0]
    # There is a note at every moment: a tenth of a second never falls far below what one note is on its own.
    sounding = audio[round(0.1 * RATE) : -round(0.3 * RATE)]
    windows = sounding[: len(sounding) // 4800 * 4800].reshape(-1, 4800)
    assert np.sqrt((windows**2).mean(axis=1)).min() > 0.3 * np.sqrt((windows[0] ** 2).mean())
    # Two notes at most, each with its own steepest slope, its envelope's, and that of its loop's crossfade.
    peak = 0.5 * 0.708 * 0.51  # of the clip, after pan and velocity and the preset's master gain, with room to spare
    own = peak * 2 * np.pi * 450.0 / RATE
    fades = peak / (ATTACK * RATE) + 2 * peak / (0.05 * RATE) + 2 * peak / (LOOP_FADE * RATE)
    assert np.abs(np.diff(audio)).max() <= 2 * (own + fades)


def test_the_bundled_presets_are_there_within_half_a_second() -> None:
    presets = presets_in(bundled_folder())
    desk = Desk(bundled_folder(), presets[0])
    try:
        names = [Preset.read(path).name for path in presets]
        taken = [desk.switch(turn % len(names), names[turn % len(names)]) for turn in range(1, 3 * len(names))]
        print("seconds from the program change until the keys play:", np.round(taken, 3))
        assert np.median(taken) < 0.5
    finally:
        desk.close()


def test_a_store_is_shared_by_presets_of_one_instrument(tiny_desk: Desk) -> None:
    desk = tiny_desk
    store = desk.player.store
    assert isinstance(store, ClipStore)
    desk.switch(2, "c")
    assert desk.player.store is store
    made = store.generated
    desk.switch(0, "a")
    desk.blocks(0.1)
    assert store.generated == made  # its clips were still there
