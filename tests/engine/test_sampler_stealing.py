"""Polyphony: how many voices sound, which of them give way, and how."""

from __future__ import annotations

import numpy as np
import pytest
from sampler_rig import GATED, KILL, RATE, Rig, clip, off, on, zone

LEVEL = np.full(200000, 0.5, np.float32)
SECOND = RATE


def keyboard(polyphony: int, levels: dict[int, float] | None = None, **parameters: float) -> Rig:
    """A constant clip on each of 128 gated keys."""
    quiet = levels or {}
    clips = {(0, key, 0): clip(key + 1, LEVEL * quiet.get(key, 1.0)) for key in range(128)}
    return Rig([zone(range(128), mode=GATED, **parameters)], clips, polyphony=polyphony)


def test_64_notes_at_one_frame_obey_a_polyphony_of_8() -> None:
    rig = keyboard(8)
    heard = rig.play(480, [(100, on(key)) for key in range(64)], 480)
    np.testing.assert_allclose(heard[100:], 4.0)  # eight voices, and none that was stolen before its first frame
    assert rig.sounding() == list(range(56, 64))
    assert rig.count("steals") == 56


def test_64_notes_at_different_frames_of_a_block_obey_a_polyphony_of_8() -> None:
    rig = keyboard(8)
    heard = rig.play(4096, [(7 * key, on(key)) for key in range(64)], 4096)
    assert rig.sounding() == list(range(56, 64))
    assert rig.count("steals") == 56
    np.testing.assert_allclose(heard[7 * 64 + KILL :], 4.0)


def test_a_full_reserve_cuts_the_quietest_without_a_click() -> None:
    rig = keyboard(2)
    for key in range(64):
        heard = rig.play(50, [(0, on(key, 100))])[:, 0]
        level = 0.5 * (100 / 127) ** 2
        assert len(rig.voices()) <= 2 + 3  # two sounding, and a reserve of as many and one
        fades = 3 * level / KILL + level / 48
        steps = np.diff(heard)
        assert steps.min() > -fades * 1.01
        assert steps.max() < 1e-6


@pytest.mark.parametrize("polyphony", [1, 2, 256])
def test_polyphony_is_held(polyphony: int) -> None:
    rig = keyboard(polyphony)
    rig.play(600, [(i, on(i % 128)) for i in range(600)], 128)
    assert sum(not voice.released for voice in rig.voices()) == min(polyphony, 128)


def test_a_lower_polyphony_holds_from_the_next_note_on() -> None:
    rig = keyboard(8)
    rig.play(SECOND // 10, [(0, on(key)) for key in range(8)])
    rig.sampler.set_parameter(None, "polyphony", 3)
    rig.play(480, [(0, on(100))])
    assert len(rig.sounding()) == 3


def stolen_by(rig: Rig, before: list[int]) -> list[int]:
    rig.play(64, [(0, on(127))])
    return sorted(set(before) - set(rig.sounding()))


def test_released_voices_go_first_even_if_they_are_loud_and_young() -> None:
    rig = keyboard(3, {10: 0.01}, release=5)
    rig.play(SECOND, [(0, on(10)), (0, on(11)), (SECOND - 2000, on(12)), (SECOND - 1900, off(12))])
    rig.play(64, [(0, on(127))])
    assert [voice.key for voice in rig.voices()] == [10, 11, 12, 127]
    rig.play(600)
    assert [voice.key for voice in rig.voices()] == [10, 11, 127]


def test_of_equal_voices_the_oldest_goes() -> None:
    rig = keyboard(3)
    rig.play(SECOND, [(0, on(12)), (1000, on(10)), (2000, on(11))])
    assert stolen_by(rig, [10, 11, 12]) == [12]


def test_a_quiet_voice_goes_before_an_older_loud_one() -> None:
    rig = keyboard(3, {11: 0.05})  # 26 dB weigh more than a quarter of a second
    rig.play(SECOND // 2, [(0, on(10)), (12000, on(11)), (12000, on(12))])
    assert stolen_by(rig, [10, 11, 12]) == [11]


def test_notes_younger_than_a_chord_takes_go_last_and_the_oldest_of_them_first() -> None:
    rig = keyboard(3, {11: 0.001})
    rig.play(1000, [(0, on(10)), (500, on(11)), (600, on(12))])  # key 10 is older than 20 ms, if the loudest
    assert stolen_by(rig, [10, 11, 12]) == [10]
    rig = keyboard(3, {11: 0.001})
    rig.play(800, [(0, on(10)), (500, on(11)), (600, on(12))])
    assert stolen_by(rig, [10, 11, 12]) == [10]


def test_a_stolen_voice_fades_over_five_milliseconds() -> None:
    rig = keyboard(1, {20: 0.0})
    heard = rig.play(4000, [(0, on(10)), (2000, on(20))])[:, 0]
    np.testing.assert_allclose(np.diff(heard[1999 : 2000 + KILL]), -0.5 / KILL, atol=1e-6)
    assert not heard[2000 + KILL :].any()
