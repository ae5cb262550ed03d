"""The supply: what is wanted gets made, told to the sampler and, when nobody needs it any more, forgotten."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tiny_instrument import frequency, write_tiny_instrument

from engine import _native, clip_store
from engine.clip_store import ClipStore
from engine.generator import Generator
from engine.hands import Slot
from engine.instrument import Instrument
from engine.macro import Macro, Target
from engine.plan import Course, Voice
from engine.preset import Preset, eight
from engine.program import Values
from engine.sound import Sound
from engine.supply import Supply, settle
from engine.zone import Chromatic, Seeds, Zone

RATE = 16000  # the tiny instrument's own
KNOB = Macro(1, "Pitch", 0.0, 16, (Target("direction:pitch", -0.5, 0.5),))
LOOP = {"mode": 2.0, "loop_start": 0.25, "loop_end": 0.75, "loop_crossfade": 0.05}
needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the memory in use is read from /proc")


class Rig:
    """A sampler and a supply with a preset of a few keys, and how the two are driven."""

    def __init__(
        self, path: Path, source: Seeds | Chromatic | None = None, keys: tuple[int, ...] = (60, 61, 62)
    ) -> None:
        zone = Zone("keys", keys, source or Seeds(3), LOOP)
        play = {"limiter": 0.0, "master_gain_db": 0.0}
        self.preset = Preset("Test", str(path), (zone,), eight([KNOB]), play, instrument=Instrument.open(path))
        assert self.preset.instrument is not None
        self.sampler = _native.Sampler()
        self.sampler.prepare(float(RATE))
        self.supply = Supply(ClipStore(Generator(self.preset.instrument, "cpu")), self.sampler, RATE)
        self.values = self.preset.parameters({})
        self.load(self.sounds())

    def load(self, sounds: dict[Slot, Sound], preset: Preset | None = None, values: Values | None = None) -> None:
        self.supply.want(preset or self.preset, values or self.values, sounds)
        assert self.supply.begin()

    def sounds(self, position: float = 0.0) -> dict[Slot, Sound]:
        return self.preset.sounds({1: position})

    def want(self, position: float) -> None:
        self.supply.want(self.preset, self.values, self.sounds(position))

    def settle(self) -> None:
        """Makes everything that is wanted."""
        settle(self.supply, lambda: False, self.supply.voices)

    def play(self, seconds: float, *messages: bytes) -> NDArray[np.float32]:
        return self.sampler.process([(0, message) for message in messages], round(seconds * RATE))

    def hz(self, position: float = 0.0, key: int = 60) -> float:
        return frequency(self.sounds(position)[0, key, 0].z())


def peak_hz(audio: NDArray[np.float32]) -> float:
    size = 1 << 18
    return float(np.argmax(np.abs(np.fft.rfft(audio[:, 0] * np.hanning(len(audio)), size)))) * RATE / size


def resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


NOTE = bytes((0x90, 60, 127))


def test_what_is_wanted_is_made_and_played(tiny_path: Path) -> None:
    rig = Rig(tiny_path)
    assert not rig.supply.playable()
    rig.settle()
    assert rig.supply.playable()
    assert rig.supply.store.generated == 3
    assert rig.supply.jobs(rig.supply.voices()) == []
    assert peak_hz(rig.play(0.5, NOTE)) == pytest.approx(rig.hz(), abs=3)


def test_the_newest_wish_wins(tiny_path: Path) -> None:
    rig = Rig(tiny_path)
    rig.settle()
    rig.play(0.1, NOTE)
    for position in np.linspace(0, 1, 50):
        rig.want(float(position))
    rig.settle()
    assert rig.supply.store.generated == 6  # the wishes between were never begun
    rig.play(0.05)
    assert peak_hz(rig.play(0.5)) == pytest.approx(rig.hz(1.0), abs=3)


def test_what_was_made_of_a_wish_is_used_when_it_comes_again(tiny_path: Path) -> None:
    rig = Rig(tiny_path)
    rig.settle()
    rig.play(0.1, NOTE)
    rig.want(0.4)
    (first, *_) = jobs = rig.supply.jobs(rig.supply.voices())
    rig.supply.make(jobs)
    rig.want(0.8)
    rig.want(0.4)
    voices = rig.supply.voices()
    assert rig.supply.jobs(voices)[0].first_block >= first.first_block + first.block_count
    rig.settle()
    assert rig.supply.store.generated == len({*rig.sounds().values(), *rig.sounds(0.4).values()})


def test_a_knob_turned_back_costs_nothing(tiny_path: Path) -> None:
    rig = Rig(tiny_path)
    rig.settle()
    rig.want(1.0)
    rig.settle()
    generated = rig.supply.store.generated
    rig.play(0.1, NOTE)
    rig.want(0.0)
    assert rig.supply.jobs(rig.supply.voices()) == []
    assert rig.supply.store.generated == generated
    rig.play(0.05)
    assert peak_hz(rig.play(0.5)) == pytest.approx(rig.hz(0.0), abs=3)


def test_a_sound_that_was_forgotten_and_made_anew_is_heard(tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_store, "CACHE_BYTES", 0)
    rig = Rig(tiny_path)
    rig.settle()
    first = rig.supply.store._clips[rig.sounds()[0, 60, 0]]
    rig.play(0.1)
    rig.want(1.0)
    # The other keys' clips push it out before its successor is there.
    rig.supply.make([job for job in rig.supply.jobs([]) if (0, 60, 0) not in job.slots])
    assert rig.sounds()[0, 60, 0] not in rig.supply.store._clips
    rig.want(0.0)
    rig.settle()
    assert rig.supply.store._clips[rig.sounds()[0, 60, 0]] is not first
    assert peak_hz(rig.play(0.5, NOTE)) == pytest.approx(rig.hz(), abs=3)
    (report,) = rig.sampler.voices()[1]
    assert report.clip == rig.supply.store._clips[rig.sounds()[0, 60, 0]].id


def test_a_full_queue_is_told_again(tiny_path: Path) -> None:
    rig = Rig(tiny_path)
    while rig.sampler.set_parameter(0, "pan", 0.0):
        pass
    rig.settle()
    assert rig.supply._told == {}
    assert rig.sampler.counters()["dropped_commands"] > 0
    rig.play(0.3)  # the queue is emptied: 8,192 commands, 64 in 32 frames
    assert rig.supply.jobs(rig.supply.voices()) == []
    assert peak_hz(rig.play(0.5, NOTE)) == pytest.approx(rig.hz(), abs=3)


@needs_proc
def test_memory_is_bounded_under_ten_thousand_wishes(tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip_bytes = 4 * 16384
    monkeypatch.setattr(clip_store, "CACHE_BYTES", 20 * clip_bytes)
    rig = Rig(tiny_path)
    rig.settle()
    rig.play(0.01, NOTE)
    before = resident_bytes()
    most = 0
    for turn in range(10_000):
        rig.want(turn % 5003 / 5003)
        rig.supply.make(rig.supply.jobs(rig.supply.voices()))
        rig.play(0.002)
        most = max(most, len(rig.supply.store._clips), len(rig.supply.store.ready))
    assert rig.supply.store.generated > 10_000
    assert most <= 20 + 3
    # Kept, they would be 655 MB.
    assert resident_bytes() - before < 60 << 20
    rig.settle()
    rig.play(0.05)
    assert peak_hz(rig.play(0.5)) == pytest.approx(rig.hz(9999 % 5003 / 5003), abs=3)


@needs_proc
def test_the_clips_of_a_replaced_preset_are_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_store, "CACHE_BYTES", 0)
    rig = Rig(write_tiny_instrument(tmp_path / "tiny.onnx", frames=262144), keys=tuple(range(40, 60)))
    settle(rig.supply, rig.supply.playable, rig.supply.voices)
    rig.play(0.01, bytes((0x90, 40, 127)))
    before = resident_bytes()
    for seed in range(100, 4000, 100):
        zone = Zone("keys", tuple(range(40, 60)), Seeds(seed), LOOP)
        preset = Preset("Other", "", (zone,), instrument=rig.preset.instrument)
        rig.load(preset.sounds({}), preset, preset.parameters({}))
        settle(rig.supply, rig.supply.playable, rig.supply.voices)
        rig.play(0.01)
    rig.sampler.collect()
    # Each preset's clips are 21 MB, and there were 39 of them.
    assert resident_bytes() - before < 100 << 20


def test_load_keeps_what_is_there(tiny_path: Path) -> None:
    rig = Rig(tiny_path)
    rig.settle()
    generated = rig.supply.store.generated
    rig.load(rig.sounds())
    assert rig.supply.playable()
    assert rig.supply.jobs([]) == []
    assert rig.supply.store.generated == generated
    assert peak_hz(rig.play(0.5, NOTE)) == pytest.approx(rig.hz(), abs=3)


def test_one_clip_serves_all_keys_of_a_chromatic_zone(tiny_path: Path) -> None:
    rig = Rig(tiny_path, Chromatic(3, 60), tuple(range(48, 73)))
    rig.settle()
    assert rig.supply.store.generated == 1
    assert list(rig.supply._told) == [(0, 60, 0)]
    assert peak_hz(rig.play(0.5, bytes((0x90, 67, 127)))) == pytest.approx(rig.hz() * 2 ** (7 / 12), rel=2e-3)


def test_a_sounding_voice_comes_first_from_where_it_is(tiny_path: Path) -> None:
    rig = Rig(tiny_path, keys=tuple(range(36, 97)))
    rig.settle()
    rig.play(0.4, NOTE)
    (voice,) = rig.supply.voices()
    assert voice.slot == (0, 60, 0)
    assert voice.course.position == pytest.approx(0.4 * RATE, abs=2)
    rig.want(1.0)
    first = rig.supply.jobs([voice])[0]
    assert first.slots == ((0, 60, 0),)
    assert first.first_block == int(0.4 * RATE) // _native.BLOCK_FRAMES


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_keys_are_playable_as_soon_as_each_has_its_first_blocks(tiny_path: Path, start: float) -> None:
    rig = Rig(tiny_path, keys=tuple(range(36, 97)))
    values = {**rig.values, (0, "start"): start}
    rig.load(rig.sounds(), values=values)
    settle(rig.supply, rig.supply.playable, rig.supply.voices)
    assert {ready.bit_count() for ready in rig.supply.store.ready.values()} == {2}
    rig.play(0.005, *(bytes((0x90, key, 127)) for key in (36, 60, 96)))
    assert len(rig.sampler.voices()[1]) == 3
    assert rig.sampler.counters()["starved"] == 0


def test_covers_is_about_the_blocks_ahead(tiny_path: Path) -> None:
    rig = Rig(tiny_path)
    sound = rig.sounds()[0, 60, 0]
    course = Course(5000.0, RATE, reach=12.0)
    assert not rig.supply.covers(sound, course, 0.1)
    while not rig.supply.covers(sound, course, 0.1):
        rig.supply.make(rig.supply.jobs([Voice((0, 60, 0), course)])[:1])
    ready = rig.supply.store.ready[sound]
    assert all(ready >> block & 1 for block in range(4, 7))
    assert not ready & 0b1111  # nothing behind it was made before


@pytest.mark.parametrize(("rate", "blocks"), [(16000, 2), (44100, 4), (48000, 8)])
def test_what_is_made_at_once_lasts_as_long_at_any_rate(tmp_path: Path, rate: int, blocks: int) -> None:
    rig = Rig(write_tiny_instrument(tmp_path / "tiny.onnx", sample_rate=rate, frames=rate))
    assert {job.block_count for job in rig.supply.jobs([])} == {blocks}


@pytest.mark.parametrize("reverse", [0.0, 1.0])
def test_a_held_loop_sounds_on_under_a_slow_generator_while_a_knob_moves(tiny_path: Path, reverse: float) -> None:
    """A run takes 50 ms, in which the voice goes on; each run finds a newer wish."""
    rig = Rig(tiny_path)
    rig.values = {**rig.values, (0, "reverse"): reverse}
    rig.load(rig.sounds(), values=rig.values)
    rig.settle()
    rig.play(0.1, bytes((0x90, 60, 127)))
    run_seconds = 0.05
    silent = longest = 0
    for step in range(100):
        rig.want(step / 100)
        jobs = rig.supply.jobs(rig.supply.voices(), (), run_seconds)
        audio = rig.play(run_seconds)
        rig.supply.make(jobs)
        for window in np.abs(audio[: len(audio) // 80 * 80, 0]).reshape(-1, 80).max(axis=1):  # 5 ms
            silent = silent + 1 if window < 0.01 else 0
            longest = max(longest, silent)
    assert 5 * longest <= 20


def test_supplies_of_one_store_leave_each_others_clips_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a preset changes, both want more together than the store keeps beyond what is wanted."""
    rig = Rig(write_tiny_instrument(tmp_path / "x.onnx"))
    monkeypatch.setattr(clip_store, "CACHE_BYTES", 4 * 4 * rig.preset.opened.clip_frames)
    keys = tuple(range(40, 60))
    supplies = []
    for seed in (100, 200):
        zone = Zone("keys", keys, Seeds(seed), LOOP)
        preset = Preset("Test", "x", (zone,), eight([]), {}, instrument=rig.preset.opened)
        supply = Supply(rig.supply.store, rig.sampler, RATE)
        supply.want(preset, preset.parameters({}), preset.sounds({}))
        supplies.append(supply)
    made = rig.supply.store.generated
    for _ in range(100):
        for supply in supplies:
            supply.make(supply.jobs(()))
    assert all(supply.playable() for supply in supplies)
    assert rig.supply.store.generated - made == 2 * len(keys)  # each once
    supplies[0].drop()
    supplies[1].make(supplies[1].jobs(()))
    rig.supply.store.forget()
    assert len(rig.supply.store.ready) == len(keys)
