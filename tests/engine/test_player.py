"""The player's threads, with the audio callback driven by hand."""

from __future__ import annotations

import mmap
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click_instrument import HEARD_CLICK, onsets, write_click_preset
from numpy.typing import NDArray

from engine import _native
from engine.clip_store import ClipStore
from engine.generator import Generator
from engine.player import MAX_LATENCY, Player, event_latency
from engine.preset import Preset
from engine.trouble import SLOW_SECONDS

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


def first_notice(desk: Desk) -> str:
    """What is said next; asserts that it is one sentence."""
    said: list[str] = []
    desk.until(lambda: said.extend(desk.player.look()) or said)
    (sentence,) = said
    return sentence


def held_note(desk: Desk) -> None:
    """A note of key 36 that has begun to sound."""
    desk.push(0x90, 36, 127)
    desk.until(lambda: len(desk.render(BLOCK)) and desk.player.sampler.voices()[1])


class Faulty(Generator):
    """A generator that can be told to fail."""

    fault: Callable[[], None] | None = None
    numbers = True

    def generate(self, *arguments: Any) -> NDArray[np.float32]:
        if self.fault is not None:
            self.fault()
        audio = super().generate(*arguments)
        return audio if self.numbers else np.full_like(audio, np.nan)


@pytest.fixture
def faulty(preset: Preset) -> Iterator[tuple[Desk, Faulty]]:
    generator = Faulty(preset.opened, "cpu", 1)
    desk = Desk(preset, generator)
    assert desk.player.wait_ready(DEADLINE_S)
    yield desk, generator
    generator.fault = None
    desk.player.close()


def raise_error() -> None:
    raise RuntimeError("no generator")


def test_while_the_generator_fails_the_old_sounds_play_and_it_is_said_once(faulty: tuple[Desk, Faulty]) -> None:
    desk, generator = faulty
    before = desk.player.generated
    generator.fault = raise_error
    desk.push(0xB0, 1, 127)
    said = first_notice(desk)
    held_note(desk)
    assert np.abs(desk.render(1024)).max() > 0
    desk.push(0xB0, 1, 100)
    desk.until(lambda: desk.player.store.trouble.failures >= 2)
    assert desk.player.look() == []
    assert "no generator" in said
    assert "the old ones play on" in said
    generator.fault = None
    desk.until(lambda: desk.player.generated >= before + 4)  # by itself
    assert first_notice(desk) == "The instrument makes sounds again."


def test_sounds_that_are_no_numbers_never_reach_a_voice(faulty: tuple[Desk, Faulty]) -> None:
    desk, generator = faulty
    held_note(desk)
    generator.numbers = False
    desk.push(0xB0, 1, 127)
    said = first_notice(desk)
    audio = desk.render(8192)
    assert np.isfinite(audio).all()
    assert np.abs(audio[-1024:]).max() > 0
    assert desk.player.sampler.counters()["muted"] == 0
    assert "no numbers" in said
    assert desk.player.look() == []
    generator.numbers = True
    assert first_notice(desk) == "The instrument makes sounds again."


def test_a_generator_that_takes_long_is_spoken_of_once(faulty: tuple[Desk, Faulty]) -> None:
    desk, generator = faulty
    go_on = threading.Event()
    generator.fault = lambda: (go_on.wait(DEADLINE_S), None)[1]
    held_note(desk)
    desk.push(0xB0, 1, 127)
    clock = [0.0]
    trouble = desk.player.store.trouble
    desk.until(lambda: trouble._since is not None)
    trouble._clock = lambda: clock[0]
    clock[0] += time.monotonic() + SLOW_SECONDS + 0.1
    said = first_notice(desk)
    assert desk.player.look() == []
    assert np.abs(desk.render(1024)).max() > 0
    assert "takes long" in said
    generator.fault = None
    go_on.set()
    assert first_notice(desk) == "The instrument makes sounds again."


def another_preset(folder: Path, **options: Any) -> tuple[Preset, ClipStore]:
    preset = Preset.open(write_click_preset(folder, sample_rate=RATE, frames=RATE, **options))
    return preset, ClipStore(Generator(preset.opened, "cpu", 1))


def test_a_preset_whose_instrument_fails_is_given_up_and_the_one_before_goes_on(desk: Desk, tmp_path: Path) -> None:
    preset = Preset.open(write_click_preset(tmp_path / "other", keys="40-43", amplitude=0.001))
    broken = Faulty(preset.opened, "cpu", 1)
    broken.fault = raise_error
    desk.player.load(preset, ClipStore(broken))
    said: list[str] = []
    desk.until(lambda: said.extend(desk.player.look()) or any("goes on" in sentence for sentence in said))
    desk.until(lambda: not desk.player.changing)
    assert len(said) <= 2
    before = desk.player.generated
    desk.push(0xB0, 1, 127)  # the knobs are the old preset's again
    desk.until(lambda: desk.player.generated >= before + 4)


def test_another_preset_plays_when_its_keys_are_there_and_old_notes_go_on(desk: Desk, tmp_path: Path) -> None:
    held_note(desk)
    (old,) = desk.player.sampler.voices()[1]
    desk.player.load(*another_preset(tmp_path / "other", keys="40-43", amplitude=0.001))
    desk.until(lambda: desk.player.controls.preset.zones[0].keys[0] == 40 and not desk.player.changing)
    desk.push(0x90, 41, 127)
    desk.render(2048)
    voices = desk.player.sampler.voices()[1]
    assert [voice.key for voice in voices] == [36, 41]
    assert voices[0].voice == old.voice
    assert voices[0].program != voices[1].program
    desk.push(0xB0, 1, 127)
    desk.until(lambda: desk.render(BLOCK).any() and desk.player.sampler.voices()[1][-1].clip != voices[1].clip)
    desk.until(lambda: len(desk.render(BLOCK)) and not desk.player.sampler.voices()[1])
    desk.until(lambda: not desk.player._leaving)


def test_of_two_presets_at_once_the_later_is_played(desk: Desk, tmp_path: Path) -> None:
    for place, keys in enumerate(("40-43", "50-53", "60-63")):
        desk.player.load(*another_preset(tmp_path / str(place), keys=keys))
    desk.until(lambda: desk.player._supply.preset.zones[0].keys[0] == 60)
    assert not desk.player.changing


def test_a_learnt_controller_is_no_longer_the_samplers(desk: Desk) -> None:
    held_note(desk)
    loud = np.abs(desk.render(2048)).max()
    desk.player.do(lambda controls: controls.learn(1))
    desk.until(lambda: desk.player.controls.learning is not None)
    desk.push(0xB0, 7, 90)
    desk.until(lambda: desk.player.controls.learning is not None and desk.player.controls.learning.controller == 7)
    desk.player.do(lambda controls: controls.learnt())
    desk.until(lambda: 7 in desk.player.controls.preset.claimed_controllers)
    desk.until(lambda: desk.player._claimed == desk.player.controls.preset.claimed_controllers)
    desk.render(BLOCK)
    desk.push(0xB0, 7, 0)
    desk.until(lambda: desk.player.controls.positions[1] == 0.0)
    assert np.abs(desk.render(4096))[2048:].max() > loud / 4
    desk.push(0xB0, 1, 100)
    desk.push(0x90, 37, 1)
    desk.until(lambda: desk.player.controls.last_key == 37)
    assert desk.player.controls.positions[1] == 0.0


def test_a_fresh_zone_gets_another_sound_once_the_one_before_is_over(tmp_path: Path) -> None:
    path = write_click_preset(tmp_path, keys="36", sample_rate=RATE, frames=4096)
    path.write_text(path.read_text().replace('mode = "one-shot"', 'mode = "one-shot"\nfresh = true'))
    preset = Preset.open(path)
    desk = Desk(preset, Generator(preset.opened, "cpu", 1))
    try:
        assert desk.player.wait_ready(DEADLINE_S)
        seen = set()
        for _ in range(4):
            made = desk.player.generated
            held_note(desk)
            seen.add(desk.player.sampler.voices()[1][0].clip)
            desk.until(lambda: len(desk.render(BLOCK)) and not desk.player.sampler.voices()[1])
            desk.until(lambda made=made: desk.player.generated > made)
            desk.render(BLOCK)
        assert len(seen) == 4
    finally:
        desk.player.close()


def test_what_breaks_in_a_thread_is_told(desk: Desk) -> None:
    desk.player.do(lambda controls: raise_error())
    end = time.monotonic() + DEADLINE_S
    while desk.player.failure is None:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert str(desk.player.failure) == "no generator"


def test_close_ends_the_threads(preset: Preset) -> None:
    assert preset.instrument is not None
    desk = Desk(preset, Generator(preset.instrument, "cpu", 1))
    desk.player.close()
    assert not any(thread.is_alive() for thread in desk.player._threads)
