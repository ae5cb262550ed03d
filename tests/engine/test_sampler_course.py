"""Where a note begins to read its clip, and what has to be there for it."""

from __future__ import annotations

import numpy as np
import pytest
from sampler_rig import LOOP, RATE, Rig, clip, on, one_key, sine, write_blocks, zone

from engine import _native

FRAMES = 32 * 1024
BEHIND_THE_LOOP = {"mode": LOOP, "start": 0.75, "loop_start": 0.25, "loop_end": 0.5, "loop_crossfade": 0.0}


def level(value: float) -> np.ndarray:
    return np.full(FRAMES, value, np.float32)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"start": 0.3},
        {"start": 0.3, "reverse": 1.0},
        {"mode": LOOP},
        {"mode": LOOP, "loop_crossfade": 2.0},
        {"mode": LOOP, "start": 0.95, "loop_start": 0.2, "loop_end": 0.7},
        {"mode": LOOP, "loop_start": 0.5, "loop_end": 0.5},
        {"mode": LOOP, "loop_start": 0.9, "loop_end": 0.1, "loop_crossfade": 0.0},
        BEHIND_THE_LOOP,
    ],
)
@pytest.mark.parametrize("frames", [1, 40, 1000, FRAMES])
def test_the_first_course_is_that_of_a_voice(parameters: dict[str, float], frames: int) -> None:
    rig = one_key(sine(100, frames), 22050, 48000, **parameters)
    rig.sampler.process([(0, on())], 0)
    (report,) = rig.voices()
    course = _native.first_course(parameters, frames, 22050.0)
    assert course == (report.position, report.loop_start, report.loop_end, report.loop_fade)


def test_the_first_course_of_a_loop_lies_within_it() -> None:
    assert _native.first_course(BEHIND_THE_LOOP, 1000, 44100.0) == (250, 250, 500, 0)
    assert _native.first_course(BEHIND_THE_LOOP | {"mode": 1.0}, 1000, 44100.0) == (750, 250, 500, 0)
    assert _native.first_course({"loop_crossfade": 0.1}, 1000, 1000.0) == (0, 250, 900, 100)


def test_a_course_of_what_is_no_clip_or_no_parameter_is_refused() -> None:
    with pytest.raises(KeyError):
        _native.first_course({"colour": 1.0}, 1000, 44100.0)
    for frames, rate in ((0, 44100.0), (1000, 0.0), (1000, float("nan"))):
        with pytest.raises(ValueError, match="clip"):
            _native.first_course({}, frames, rate)


def test_a_note_that_starts_behind_its_loop_waits_for_the_loop_and_not_for_what_is_behind_it() -> None:
    # It begins at frame 8192, block 8, and not at 24576.
    late = clip(2, level(0.3), blocks=range(22, 32))
    rig = Rig([zone(**BEHIND_THE_LOOP)], {(0, 60, 0): clip(1, level(0.1))})
    rig.sampler.set_clip(0, 60, 0, late)
    np.testing.assert_allclose(rig.play(1000, [(0, on())])[50:], 0.1)  # the old clip: the new onset is not there
    rig.sampler.silence()
    write_blocks(late, level(0.3), range(7, 10))
    np.testing.assert_allclose(rig.play(500, [(0, on())])[300:], 0.3, rtol=1e-5)
    assert rig.count("starved") == 0


def test_a_note_that_starts_next_to_the_loops_end_needs_the_loops_beginning_too() -> None:
    parameters = BEHIND_THE_LOOP | {"start": 0.49}
    late = clip(2, level(0.3), blocks=range(14, 32))
    rig = Rig([zone(**parameters)], {(0, 60, 0): clip(1, level(0.1))})
    rig.sampler.set_clip(0, 60, 0, late)
    np.testing.assert_allclose(rig.play(1500, [(0, on())])[50:], 0.1)
    assert rig.count("starved") == 0


@pytest.mark.parametrize("block", [17, 480, 4096])
@pytest.mark.parametrize("blocks", [[], [0, 1]])
def test_a_one_shot_whose_next_block_never_comes_ends_after_five_seconds(block: int, blocks: list[int]) -> None:
    rig = Rig([zone()], {(0, 60, 0): clip(1, level(0.5), blocks=blocks)})
    rig.play(2 * 1024, [(0, on())], block)
    assert len(rig.voices()) == 1
    rig.play(5 * RATE - 2 * 1024 - 64, block=block)
    assert len(rig.voices()) == 1
    rig.play(2 * 1024 + 128, block=block)
    assert rig.voices() == []


def test_a_one_shot_whose_block_comes_after_four_seconds_goes_on_and_may_wait_again() -> None:
    late = clip(1, level(0.5), blocks=[0, 1])
    rig = Rig([zone()], {(0, 60, 0): late})
    rig.play(4 * RATE, [(0, on())])
    write_blocks(late, level(0.5), [2])
    assert rig.play(4 * RATE)[200:600].all()
    write_blocks(late, level(0.5), [3])
    assert rig.play(4 * RATE)[200:600].all()


def test_a_key_that_is_held_keeps_its_note_however_long_its_block_takes() -> None:
    late = clip(1, level(0.5), blocks=[0, 1])
    rig = Rig([zone(mode=LOOP)], {(0, 60, 0): late})
    rig.play(6 * RATE, [(0, on())], 4096)
    write_blocks(late, level(0.5), range(2, 32))
    assert rig.play(1000)[200:].all()


def test_a_note_that_was_let_go_while_its_block_was_missing_does_not_stay_for_ever() -> None:
    rig = Rig([zone(mode=LOOP)], {(0, 60, 0): clip(1, level(0.5), blocks=[0, 1])})
    rig.play(6 * RATE, [(0, on()), (4000, bytes([0x80, 60, 64]))], 4096)
    assert rig.voices() == []
