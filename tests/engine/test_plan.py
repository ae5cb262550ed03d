"""The list of what is made next: its order, its fairness, and what one run takes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine._native import BLOCK_FRAMES
from engine.hands import Slot
from engine.plan import MOST_BLOCKS, Course, Job, Voice, batch, plan
from engine.sound import Sound

TOTAL = 16
FORWARD = Course(0, 16000)
STARTS = {0: FORWARD, 1: FORWARD}


def sound(number: int) -> Sound:
    return Sound("digest", bytes([number]))


def kit(keys: Iterable[int] = range(36, 40), siblings: int = 1) -> dict[Slot, Sound]:
    return {(0, key, index): sound(key + 64 * index) for key in keys for index in range(siblings)}


def mask(blocks: Iterable[int]) -> int:
    return sum(1 << block for block in blocks)


def make(jobs: Iterable[Job], ready: Mapping[Sound, int]) -> dict[Sound, int]:
    """What is ready after a run."""
    after = dict(ready)
    for job in jobs:
        made = mask(range(job.first_block, job.first_block + job.block_count))
        after[job.sound] = after.get(job.sound, 0) | made
    return after


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        (Course(0, 1), list(range(16))),
        (Course(5 * 1024 + 1, 1), list(range(5, 16))),
        (Course(5 * 1024, -1), [5, 4, 3, 2, 1, 0]),
        (Course(10 * 1024, 1, (4 * 1024, 12 * 1024)), [10, 11, 4, 5, 6, 7, 8, 9]),
        (Course(0, 1, (4 * 1024, 12 * 1024 + 1)), list(range(13))[:4] + list(range(4, 13))),
        (Course(6 * 1024, -1, (4 * 1024, 12 * 1024)), [6, 5, 4, 11, 10, 9, 8, 7]),
        (Course(16 * 1024, 1), []),
        (Course(-1, -1), []),
    ],
)
def test_a_course_reads_its_blocks_in_order(course: Course, expected: list[int]) -> None:
    blocks = course.blocks(TOTAL)
    assert blocks[: len(expected)] == expected
    assert len(blocks) == len(set(blocks))


def test_a_course_goes_round_its_loop() -> None:
    assert Course(900, 100, (500, 1000)).after(2).position == 600
    assert Course(600, -100, (500, 1000)).after(2).position == 900
    assert Course(900, 100).after(2).position == 1100


def test_a_sounding_voice_comes_first_from_where_it_will_be() -> None:
    voice = Voice((0, 38, 0), Course(3.5 * BLOCK_FRAMES, 2 * BLOCK_FRAMES))
    first = next(plan(kit(), {}, TOTAL, starts=STARTS, voices=[voice], recent=[(0, 37)], look_ahead=1.0))
    assert (first.sound, first.first_block) == (sound(38), 5)


def test_a_voice_that_reads_backwards_gets_the_blocks_before_it() -> None:
    voice = Voice((0, 38, 0), Course(9.5 * BLOCK_FRAMES, -2.0 * BLOCK_FRAMES))
    first = next(plan(kit(), {}, TOTAL, starts=STARTS, voices=[voice], look_ahead=1.0, first_blocks=2))
    assert (first.first_block, first.block_count) == (6, 2)


def test_a_looping_voice_is_followed_round_its_loop() -> None:
    loop = (4.0 * BLOCK_FRAMES, 12.0 * BLOCK_FRAMES)
    voice = Voice((0, 38, 0), Course(10.5 * BLOCK_FRAMES, BLOCK_FRAMES, loop))
    order = []
    ready: dict[Sound, int] = {}
    while True:
        head = next(plan({(0, 38, 0): sound(38)}, ready, TOTAL, starts=STARTS, voices=[voice]))
        ready = make([head], ready)
        order.append(head.first_block)
        if ready[sound(38)] & mask(range(4, 12)) == mask(range(4, 12)):
            break
    assert order == [10, 4, 6]  # 10–11, round to 4–5, then twice as many, 6–9
    assert not ready[sound(38)] & mask([0, 1, 2, 3])


def test_a_voice_that_has_left_its_clip_asks_for_nothing() -> None:
    voice = Voice((0, 38, 0), Course(15.5 * BLOCK_FRAMES, BLOCK_FRAMES))
    first = next(plan(kit(), {}, TOTAL, starts=STARTS, voices=[voice], look_ahead=1.0))
    assert (first.sound, first.first_block) == (sound(36), 0)


def test_the_order_of_the_list() -> None:
    wanted = kit(range(36, 39), siblings=2)
    jobs = list(plan(wanted, {}, TOTAL, starts=STARTS, recent=[(0, 38)], first_blocks=2))
    assert (jobs[0].sound, jobs[0].block_count) == (sound(38), 2)
    heads = [(job.sound, job.first_block, job.block_count) for job in jobs]
    own = [sound(key) for key in (36, 37, 38)]
    others = [sound(key + 64) for key in (36, 37, 38)]
    assert heads[1:3] == [(own[0], 0, 2), (own[1], 0, 2)]
    assert heads[3:6] == [(each, 0, 16) for each in own]
    assert heads[6:9] == [(each, 0, 2) for each in others]
    assert heads[9:] == [(each, 0, 16) for each in others]


def test_the_first_blocks_are_where_the_zone_begins_to_read() -> None:
    backwards = {0: Course(TOTAL * BLOCK_FRAMES - 1, -16000)}
    first = next(plan(kit(), {}, TOTAL, starts=backwards, first_blocks=2))
    assert (first.first_block, first.block_count) == (14, 2)


def test_a_newer_wish_takes_the_place_of_one_not_begun() -> None:
    voice = Voice((0, 36, 0), FORWARD)
    old, new = kit(), {**kit(), (0, 36, 0): sound(200)}
    assert next(plan(old, {}, TOTAL, starts=STARTS, voices=[voice])).sound == sound(36)
    jobs = list(plan(new, {}, TOTAL, starts=STARTS, voices=[voice]))
    assert jobs[0].sound == sound(200)
    assert all(job.sound != sound(36) for job in jobs)


def test_no_voice_starves_while_a_knob_moves() -> None:
    voices = [Voice((0, key, 0), Course(key * 100.0, 16000)) for key in range(36, 44)]
    served: dict[Slot, int] = {}
    counts = dict.fromkeys(range(36, 44), 0)
    for run in range(80):  # every run finds entirely new wishes, as beside a controller that never rests
        wanted = {(0, key, 0): Sound(f"wish {run}", bytes([key])) for key in range(36, 44)}
        head = next(plan(wanted, {}, TOTAL, starts=STARTS, voices=voices, served=served))
        (slot,) = head.slots
        served[slot] = run
        counts[slot[1]] += 1
    assert set(counts.values()) == {10}


def test_the_voice_with_the_least_ahead_comes_first() -> None:
    voices = [Voice((0, 36, 0), FORWARD), Voice((0, 37, 0), FORWARD)]
    first = next(plan(kit(), {sound(36): mask(range(4))}, TOTAL, starts=STARTS, voices=voices))
    assert first.sound == sound(37)


def test_pieces_double() -> None:
    voice = Voice((0, 36, 0), FORWARD)
    ready: dict[Sound, int] = {}
    counts = []
    while ready.get(sound(36), 0) != mask(range(TOTAL)):
        head = next(plan(kit([36]), ready, TOTAL, starts=STARTS, voices=[voice], first_blocks=2))
        counts.append(head.block_count)
        ready = make([head], ready)
    assert counts == [2, 2, 4, 8]


def test_slots_that_want_the_same_sound_share_a_job() -> None:
    wanted = {(0, key, 0): sound(1) for key in range(60, 72)}
    jobs = list(plan(wanted, {}, TOTAL, starts=STARTS))
    assert {job.slots for job in jobs} == {tuple(wanted)}
    assert len(jobs) == 2


def test_a_batch_is_the_head_and_what_fits_it() -> None:
    jobs = list(plan(kit(range(36, 66)), {}, TOTAL, starts=STARTS, first_blocks=2))
    first = batch(jobs)
    assert [job.sound for job in first] == [sound(key) for key in range(36, 52)]
    assert {(job.first_block, job.block_count) for job in first} == {(0, 2)}
    assert len(batch(jobs, budget=8)) == 4
    (alone,) = batch(iter([Job(sound(1), (), 0, 16), Job(sound(2), (), 0, 16)]), budget=4)
    assert alone.block_count == 16
    assert batch([]) == []


def test_what_nobody_waits_for_is_made_in_runs_that_end_soon() -> None:
    total = 4 * MOST_BLOCKS
    jobs = list(plan({(0, 60, 0): sound(60)}, {}, total, starts=STARTS))
    assert max(job.block_count for job in jobs) == MOST_BLOCKS
    assert sum(job.block_count for job in jobs) >= total


def test_a_voice_about_to_go_round_its_loop_gets_both_places_in_one_run() -> None:
    rate = 16000.0
    loop = (2 * BLOCK_FRAMES + 0.0, 9 * BLOCK_FRAMES + 0.0)
    course = Course(loop[1] - 0.02 * rate, rate, loop, 0.01 * rate, 16.0)
    wanted = {(0, 60, 0): sound(60)}
    first = next(plan(wanted, {}, TOTAL, starts=STARTS, voices=[Voice((0, 60, 0), course)]))
    # The resampler reads a little beyond the end.
    assert (first.first_block, first.first_block + first.block_count) == (1, 10)
    early = replace(course, position=4.0 * BLOCK_FRAMES)
    first = next(plan(wanted, {}, TOTAL, starts=STARTS, voices=[Voice((0, 60, 0), early)], first_blocks=2))
    assert (first.first_block, first.block_count) == (3, 2)


@given(
    st.lists(st.tuples(st.integers(0, 2**TOTAL - 1), st.integers(0, 3)), min_size=1, max_size=6),
    st.lists(
        st.tuples(st.integers(36, 41), st.floats(0, 17000, allow_subnormal=False), st.sampled_from([-9e3, 16e3])),
        max_size=4,
    ),
)
def test_everything_is_made_once_and_the_list_ends(
    states: list[tuple[int, int]], playing: list[tuple[int, float, float]]
) -> None:
    wanted = {(0, 36 + i, 0): sound(number) for i, (_, number) in enumerate(states)}
    ready = {sound(number): blocks for blocks, number in states}
    voices = [Voice((0, key, 0), Course(position, speed)) for key, position, speed in playing]
    for _ in range(200):
        jobs = batch(plan(wanted, ready, TOTAL, starts=STARTS, voices=voices))
        if not jobs:
            break
        for job in jobs:  # never anything outside the clip or that is there entirely
            blocks = mask(range(job.first_block, job.first_block + job.block_count))
            assert 0 <= job.first_block < job.first_block + job.block_count <= TOTAL
            assert blocks & ~ready.get(job.sound, 0)
        ready = make(jobs, ready)
    assert all(ready[each] == mask(range(TOTAL)) for each in wanted.values())


def test_a_voice_that_holds_gets_the_block_where_it_stands() -> None:
    end_of_block = Course(2 * BLOCK_FRAMES - 1, 16000)
    wanted = {(0, 36, 0): sound(36)}

    def first(holds: bool) -> Job:
        voices = [Voice((0, 36, 0), end_of_block, holds)]
        return next(plan(wanted, {}, TOTAL, starts=STARTS, voices=voices, look_ahead=0.02))

    assert first(holds=True).first_block == 1
    assert first(holds=False).first_block == 2
