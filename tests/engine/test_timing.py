"""When a render without a clock does what live play does as soon as it can."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import _native

RATE = 48000
DELAY, SPACING = 960, 480  # 20 ms and a crossfade


@pytest.mark.parametrize(("rate", "frames"), [(48000, 480), (44100, 441), (22050, 221), (8000, 80), (768000, 7680)])
def test_the_grid_of_renewals_is_ten_ms_in_whole_frames(rate: int, frames: int) -> None:
    assert _native.renewal_frames(rate) == frames


def test_a_move_is_heard_20_ms_after_it() -> None:
    times = _native.MorphTimes(RATE)
    assert times.move(0) == (DELAY, False)
    assert times.move(5000) == (5000 + DELAY, False)


def test_moves_that_come_fast_wait_for_the_crossfade_before_and_the_newest_counts() -> None:
    times = _native.MorphTimes(RATE)
    assert times.move(1000) == (1960, False)
    assert times.move(1100) == (2440, False)
    assert times.move(1200) == (2440, True)
    assert times.move(1480) == (2440, True)
    assert times.move(1481) == (2920, False)
    assert times.move(2500) == (3460, False)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=60))
def test_no_two_lie_in_one_crossfade_and_none_is_late(gaps: list[int]) -> None:
    times = _native.MorphTimes(RATE)
    frame, due, last = 0, [0], -1
    for gap in gaps:
        frame += gap
        at, replaces = times.move(frame)
        assert frame + DELAY <= at <= frame + DELAY + SPACING
        assert (at == last) == replaces
        if not replaces:
            due.append(at)
        last = at
    assert all(later - earlier >= SPACING for earlier, later in pairwise(due))
