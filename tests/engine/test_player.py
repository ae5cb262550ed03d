"""The player's threads, with the audio callback driven by hand."""

from __future__ import annotations

import mmap
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click_instrument import HEARD_CLICK, onsets, write_click_preset
from numpy.typing import NDArray

from engine import _native
from engine.generator import Generator
from engine.player import MAX_LATENCY, Player, event_latency
from engine.preset import Preset

RATE, BLOCK = 48000, 128
DEADLINE_S = 20.0


class Desk:
    """A player, its ring, and audio as fast as the test asks for it."""

    def __init__(self, preset: Preset, generator: Any) -> None:
        self.ring = _native.EventRing(mmap.mmap(-1, _native.EventRing.SIZE), True)
        self.player = Player(preset, generator, (self.ring,), RATE, BLOCK, random.Random(1))
        self.now = _native.now_ns()
        self.player.start()

    def push(self, *message: int, after_frames: int = 0) -> None:
        self.ring.push(self.now + round(after_frames / RATE * 1e9), bytes(message), 0)

    def render(self, frames: int) -> NDArray[np.float32]:
        """Audio [frames, 2], block by block on a clock without jitter."""
        parts = []
        for _ in range(frames // BLOCK):
            parts.append(np.array(self.player.callback.render(BLOCK, self.now)))
            self.now += round(BLOCK / RATE * 1e9)
        return np.concatenate(parts)

    def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            assert self.player.failure is None
            time.sleep(0.001)


@pytest.fixture
def preset(tmp_path: Path) -> Preset:
    return Preset.open(write_click_preset(tmp_path, keys="36-39", sample_rate=RATE, frames=RATE))


@pytest.fixture
def desk(preset: Preset) -> Iterator[Desk]:
    assert preset.instrument is not None
    desk = Desk(preset, Generator(preset.instrument, "cpu", 1))
    assert desk.player.wait_ready(DEADLINE_S)
    yield desk
    desk.player.close()


def test_the_constant_is_one_block_and_the_way_there_and_ten_ms_at_most() -> None:
    assert event_latency(48000, 64) == pytest.approx(64 / 48000 + 0.004)
    assert event_latency(48000, 1024) == MAX_LATENCY


def test_a_note_is_played_the_constant_after_its_stamp(desk: Desk) -> None:
    desk.render(BLOCK)
    for after in (0, 777):
        desk.push(0x90, 36, 127, after_frames=after)
    audio = desk.render(4096)
    expected = [after + round(desk.player.latency * RATE) for after in (0, 777)]
    assert onsets(audio[:, 0], HEARD_CLICK) == pytest.approx(expected, abs=1)


def test_a_knob_makes_new_sounds_for_every_key(desk: Desk) -> None:
    desk.until(lambda: desk.player.generated == 4)
    desk.push(0xB0, 1, 127)
    desk.until(lambda: desk.player.generated == 8)
    assert desk.player.controls.positions[1] == 1.0


def test_the_last_key_and_an_action_from_outside(desk: Desk) -> None:
    desk.push(0x90, 37, 100)
    desk.until(lambda: desk.player.controls.last_key == 37)
    before = desk.player.controls.sounds()
    desk.player.do(lambda controls: controls.new_last())
    desk.until(lambda: desk.player.controls.version > 0)
    after = desk.player.controls.sounds()
    assert [slot for slot in after if after[slot] != before[slot]] == [(0, 37, 0)]


def test_a_new_sound_is_heard_in_the_voice_that_sounds(desk: Desk) -> None:
    desk.push(0x90, 36, 127)
    desk.render(1024)
    (before,) = desk.player.sampler.voices()[1]
    desk.push(0xB0, 1, 127)
    desk.until(lambda: desk.player.generated > 4)

    def swapped() -> bool:
        desk.render(BLOCK)
        voices = desk.player.sampler.voices()[1]
        return any(voice.voice == before.voice and voice.clip != before.clip for voice in voices)

    desk.until(swapped)


def test_what_breaks_in_a_thread_is_told(preset: Preset) -> None:
    class Broken(Generator):
        def generate(self, *_: Any) -> NDArray[np.float32]:
            raise RuntimeError("no generator")

    assert preset.instrument is not None
    desk = Desk(preset, Broken(preset.instrument, "cpu", 1))
    end = time.monotonic() + DEADLINE_S
    while desk.player.failure is None:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert str(desk.player.failure) == "no generator"
    assert not desk.player.wait_ready(0)
    desk.player.close()


def test_close_ends_the_threads(preset: Preset) -> None:
    assert preset.instrument is not None
    desk = Desk(preset, Generator(preset.instrument, "cpu", 1))
    desk.player.close()
    assert not any(thread.is_alive() for thread in desk.player._threads)
