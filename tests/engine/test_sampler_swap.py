"""Clips that change, or come late, while they sound; programs that change; what is freed, and when."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from sampler_rig import (
    GATED,
    GRID,
    KILL,
    LOOP,
    RATE,
    SWAP,
    Rig,
    bend,
    clip,
    largest_step,
    noise,
    off,
    on,
    one_key,
    sine,
    write_blocks,
    zone,
)

from engine import _native

FRAMES = 100000
STARVE = round(0.002 * RATE)


def at_40_hz(phase: float = 0.0) -> np.ndarray:
    return sine(40, FRAMES, phase=phase)


OWN_STEP = 0.5 * 2 * np.pi * 40 / RATE


def level(value: float) -> np.ndarray:
    return np.full(FRAMES, value, np.float32)


# ---- clicks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", range(2000, 3200, 150))
def test_no_click_at_a_swap(at: int) -> None:
    for other in (at_40_hz(0.5), at_40_hz(0.25), sine(35, FRAMES, phase=0.4)):
        rig = one_key(at_40_hz())
        heard = rig.play(
            6000, [(0, on())], 480, [(at, lambda other=other, rig=rig: rig.sampler.set_clip(0, 60, 0, clip(2, other)))]
        )
        fading = np.abs(other - at_40_hz()).max()  # what a crossfade fades is the difference of the two
        assert largest_step(heard) <= OWN_STEP + max(fading, 0.5) / SWAP
        np.testing.assert_allclose(heard[at + GRID + SWAP :, 0], other[at + GRID + SWAP : 6000], atol=1e-6)


@pytest.mark.parametrize("at", range(2000, 3200, 150))
def test_a_swap_to_the_same_clip_upside_down_steps_no_more_than_its_own_step_and_peak_by_fade(at: int) -> None:
    rig = one_key(at_40_hz())
    upside_down = clip(2, -at_40_hz())
    heard = rig.play(6000, [(0, on())], 480, [(at, lambda: rig.sampler.set_clip(0, 60, 0, upside_down))])
    assert largest_step(heard) <= OWN_STEP + 0.5 / SWAP


@pytest.mark.parametrize("at", range(2000, 3200, 150))
def test_no_click_at_a_steal_a_choke_and_a_stop(at: int) -> None:
    bound = OWN_STEP + 0.5 / KILL
    silent = clip(2, level(0.0))
    for parameters, play, message in (
        ({}, {"polyphony": 1}, on(61)),
        ({"choke": 1}, {}, on(61)),
        ({"mode": GATED, "release": 0.01}, {}, off(60)),
        ({}, {}, bytes([0xB0, 120, 0])),
    ):
        rig = Rig([zone([60, 61], **parameters)], {(0, 60, 0): clip(1, at_40_hz()), (0, 61, 0): silent}, **play)
        heard = rig.play(6000, [(0, on(60)), (at, message)], 480)
        assert largest_step(heard) <= bound
        assert not heard[at + 480 :].any()


def test_no_click_at_silence_and_at_a_program_change() -> None:
    rig = one_key(at_40_hz())
    heard = rig.play(6000, [(0, on())], 480, [(2345, rig.sampler.silence)])
    assert largest_step(heard) <= OWN_STEP + 0.5 / KILL
    assert heard[2344].any()
    assert not heard[2345 + KILL :].any()


# ---- swaps -------------------------------------------------------------------------------------------------------


def test_a_swap_crossfades_at_the_position_reached_from_the_next_grid_line_on() -> None:
    before, after = noise(1, FRAMES)[0], noise(2, FRAMES)[0]
    rig = one_key(before)
    heard = rig.play(6000, [(0, on())], 480, [(2000, lambda: rig.sampler.set_clip(0, 60, 0, clip(2, after)))])[:, 0]
    begin = 2016  # the first multiple of 32 from 2000 on
    share = np.clip((np.arange(6000) - begin + 1) / SWAP, 0, 1)
    np.testing.assert_allclose(heard, before[:6000] * (1 - share) + after[:6000] * share, atol=1e-6)


def test_a_swap_during_a_crossfade_waits_for_its_end_and_the_newest_wins() -> None:
    rig = one_key(level(0.1))
    wishes = [(2016 + 100 * i, level(value)) for i, value in enumerate((0.2, 0.3, 0.4))]
    actions = [
        (frame, lambda audio=audio, i=i: rig.sampler.set_clip(0, 60, 0, clip(10 + i, audio)))
        for i, (frame, audio) in enumerate(wishes)
    ]
    heard = rig.play(6000, [(0, on())], 480, actions)[:, 0]
    assert heard[2016 + SWAP - 1] == pytest.approx(0.2, abs=1e-6)  # the first one's crossfade ended
    grid = 2016 + SWAP
    assert np.all(np.diff(heard[2016:]) > -1e-7)
    np.testing.assert_allclose(heard[grid + SWAP + GRID :], 0.4, atol=1e-6)
    steps = np.unique(np.round(np.diff(heard[grid + GRID : grid + SWAP - 1]), 6))
    assert steps.max() == pytest.approx(0.2 / SWAP, rel=0.05)  # straight from 0.2 to 0.4: 0.3 was never begun
    assert rig.voices()[0].clip == 12


def test_a_wish_taken_back_leaves_the_sound_as_it_is() -> None:
    first = clip(1, level(0.1))
    rig = Rig([zone()], {(0, 60, 0): first})

    def change() -> None:
        rig.sampler.set_clip(0, 60, 0, clip(2, level(0.3)))
        rig.sampler.set_clip(0, 60, 0, first)

    heard = rig.play(4000, [(0, on())], 480, [(1000, change)])
    np.testing.assert_allclose(heard[50:], 0.1, atol=1e-7)


@pytest.mark.parametrize(("frames", "rate"), [(FRAMES // 2, RATE), (FRAMES, RATE // 2)])
def test_a_clip_of_another_length_or_rate_is_for_the_next_note(frames: int, rate: int) -> None:
    rig = one_key(level(0.1))
    other = clip(2, np.full(frames, 0.3, np.float32), rate)
    heard = rig.play(4000, [(0, on())], 480, [(1000, lambda: rig.sampler.set_clip(0, 60, 0, other))])
    np.testing.assert_allclose(heard[50:], 0.1, atol=1e-7)
    assert rig.voices()[0].clip == 1
    rig.play(4000, [(0, on())])
    assert [voice.clip for voice in rig.voices()] == [1, 2]


def test_a_swap_reaches_its_own_sibling_and_key_only() -> None:
    clips = {(0, key, sibling): clip(10 * key + sibling, level(0.1)) for key in (60, 61) for sibling in (0, 1)}
    rig = Rig([zone([60, 61], siblings=2)], clips)
    rig.play(1000, [(0, on(60)), (0, on(61)), (500, on(60))], 100)
    rig.sampler.set_clip(0, 60, 1, clip(7, level(0.2)))
    rig.play(1000)
    assert [voice.clip for voice in rig.voices()] == [600, 610, 7]


def test_a_chromatic_zone_swaps_all_its_notes_each_at_its_own_position() -> None:
    before, after = sine(100, FRAMES), sine(100, FRAMES, phase=0.5)
    rig = Rig([zone(range(128), shared=True, root=60)], {(0, 60, 0): clip(1, before)})
    rig.play(3000, [(0, on(60)), (500, on(72))], 64, [(1500, lambda: rig.sampler.set_clip(0, 60, 0, clip(2, after)))])
    assert [(voice.clip, voice.position) for voice in rig.voices()] == [(2, 3000), (2, 5000)]


@pytest.mark.parametrize("slot", [(-1, 60, 0), (1, 60, 0), (0, 128, 0), (0, -1, 0), (0, 60, 8), (0, 60, -1)])
def test_a_clip_for_a_slot_that_does_not_exist_is_ignored(slot: tuple[int, int, int]) -> None:
    rig = one_key(level(0.1))
    assert rig.sampler.set_clip(*slot, clip(2, level(0.9)))
    np.testing.assert_allclose(rig.play(1000, [(0, on())])[50:], 0.1)


def test_a_full_queue_refuses_and_counts() -> None:
    rig = one_key(level(0.1))
    answers = [rig.sampler.set_parameter(0, "gain_db", 0.0) for _ in range(9000)]
    assert answers.count(False) == rig.count("dropped_commands") > 0
    rig.play(64)
    assert rig.sampler.set_parameter(0, "gain_db", 0.0)


def test_what_is_sent_at_once_is_taken_a_part_a_tick_in_order_whatever_the_block_size() -> None:
    # 0.7 ms is all the time there is for a tick: a full queue must not take it all.
    renders = []
    for block in (1, 17, 64, 480, 4096):
        rig = one_key(level(0.1))
        rig.play(100, [(0, on())], 100)
        for i in range(4000):
            assert rig.sampler.set_parameter(0, "gain_db", -60.0 + 72.0 * i / 4000)
        for key in range(60, 70):  # a program and its clips behind all that
            made = clip(key, level(0.3))
            if key == 60:
                rig.load([zone(range(60, 70))], {})
            assert rig.sampler.set_clip(0, key, 0, made)
        note = [(4000 // 64 * GRID + 2 * GRID + (key - 60), on(key)) for key in range(60, 70)]
        renders.append(rig.play(8192, [(0, on()), *note], block))
        assert rig.count("starved") == 0
        np.testing.assert_allclose(np.abs(renders[-1] - renders[0]).max(), 0.0, atol=1e-6)
    heard = renders[0][:, 0]
    assert heard[1000] < 0.02  # of the gains that were sent the first ones hold
    assert heard[-1] > 3.0  # and the ten notes of the new program sound


@pytest.mark.parametrize("at", [1, 7, 64])
def test_a_renderer_that_nobody_waits_for_takes_all_at_once(at: int) -> None:
    rig = one_key(level(0.1))
    rig.play(at)
    for i in range(4000):
        assert rig.sampler.set_parameter(0, "gain_db", -60.0 + 60.0 * i / 3999)
    assert rig.sampler.set_clip(0, 60, 0, clip(2, level(0.3)))
    rig.sampler.take_all_messages()
    np.testing.assert_allclose(rig.play(64, [(0, on())])[8:], 0.3)


# ---- clips that are not there yet --------------------------------------------------------------------------------


def test_the_onset_of_a_late_clip_is_intact() -> None:
    audio = noise(3, 8192)
    late = clip(1, audio, blocks=[])
    rig = Rig([zone()], {(0, 60, 0): late})
    assert not rig.play(3000, [(0, on())]).any()
    assert rig.count("starved") == 1
    write_blocks(late, audio, range(8))
    heard = rig.play(4000)[:, 0]
    np.testing.assert_array_equal(heard, audio[0, :4000])


def test_a_voice_fades_before_a_missing_block_holds_there_and_goes_on() -> None:
    audio = at_40_hz(0.25)[:16384]
    late = clip(1, audio, blocks=[0, 1, 2])
    rig = Rig([zone()], {(0, 60, 0): late})
    first = rig.play(6000, [(0, on())])
    assert largest_step(first[1:]) <= OWN_STEP + 0.5 / STARVE + 0.5
    assert np.abs(np.diff(first[:, 0])).max() <= OWN_STEP + 0.5 / STARVE
    assert first[2900].all()
    assert not first[3 * 1024 :].any()
    assert rig.count("starved") == 1
    held_at = rig.voices()[0].position
    assert 3 * 1024 - 2 * STARVE - GRID < held_at < 3 * 1024
    write_blocks(late, audio, range(3, 16))
    then = rig.play(4000)[:, 0]
    assert np.abs(np.diff(np.concatenate([first[-1:, 0], then]))).max() <= OWN_STEP + 0.5 / STARVE
    at = int(held_at)
    np.testing.assert_allclose(then[STARVE + GRID :], audio[at + STARVE + GRID : at + 4000], atol=1e-6)
    assert rig.count("starved") == 1


@pytest.mark.parametrize("semitones", [2, 12, 48])
def test_a_bend_that_outruns_the_blocks_does_not_click(semitones: float) -> None:
    audio = level(0.5)[:16384]
    for at in range(2300, 3100, 37):
        rig = Rig([zone()], {(0, 60, 0): clip(1, audio, blocks=[0, 1, 2])}, bend_range=semitones)
        heard = rig.play(5000, [(0, on()), (at, bend(1))])[:, 0]
        assert np.abs(np.diff(heard)).max() <= 0.5 / 48 * 1.05
        assert not heard[4000:].any()
        assert rig.count("starved") >= 1


def test_a_voice_that_ran_out_of_blocks_is_faded_once() -> None:
    for at in range(2300, 3100, 37):
        clips = {(0, key, 0): clip(key, level(0.5)[:16384], blocks=[0, 1, 2]) for key in (60, 61)}
        rig = Rig([zone([60, 61, 62])], clips | {(0, 62, 0): clip(1, level(0.0))}, bend_range=48, polyphony=2)
        rig.play(4000, [(0, on(60)), (0, on(61)), (at, bend(1))])
        rig.sampler.set_parameter(None, "polyphony", 1)
        assert not rig.play(480, [(0, on(62))]).any()  # makes room for it, and one of the two is cut


def test_a_voice_that_waits_for_blocks_can_be_stopped() -> None:
    rig = Rig([zone()], {(0, 60, 0): clip(1, level(0.5)[:16384], blocks=[0])})
    rig.play(3000, [(0, on())])
    assert len(rig.voices()) == 1
    rig.sampler.silence()
    rig.play(64)
    assert rig.voices() == []


def test_a_looping_voice_and_a_reversed_one_take_their_blocks_in_the_order_in_which_they_read_them() -> None:
    audio = noise(4, 16384)
    backwards = Rig([zone(reverse=1)], {(0, 60, 0): clip(1, audio, blocks=range(8, 16))})
    heard = backwards.play(8000, [(0, on())])[:, 0]
    np.testing.assert_allclose(heard[48:7900], audio[0, ::-1][48:7900], atol=1e-6)
    assert backwards.count("starved") == 0
    looped = Rig(
        [zone(mode=LOOP, loop_start=0.25, loop_end=0.5, loop_crossfade=0.01)],
        {(0, 60, 0): clip(1, audio, blocks=range(9))},
    )
    assert looped.play(60000, [(0, on())])[1000:].any(axis=1).all()
    assert looped.count("starved") == 0


def test_a_sounding_voice_waits_with_its_swap_until_the_new_clip_is_ready_where_it_is() -> None:
    late = clip(2, level(0.3), blocks=range(5))
    rig = one_key(level(0.1))
    heard = rig.play(8000, [(0, on())], 64, [(6000, lambda: rig.sampler.set_clip(0, 60, 0, late))])
    np.testing.assert_allclose(heard[50:], 0.1)
    write_blocks(late, level(0.3), range(6, 20))  # it needs no block behind it
    np.testing.assert_allclose(rig.play(2000)[SWAP + GRID :], 0.3, rtol=1e-5)


def test_a_new_note_keeps_to_the_clip_before_until_the_onset_of_the_new_one_is_there() -> None:
    late = clip(2, level(0.3), blocks=range(8, 20))
    rig = one_key(level(0.1))
    rig.sampler.set_clip(0, 60, 0, late)
    np.testing.assert_allclose(rig.play(1000, [(0, on())])[50:], 0.1)
    write_blocks(late, level(0.3), range(2))
    rig.sampler.silence()
    np.testing.assert_allclose(rig.play(1000, [(0, on())])[300:], 0.3, rtol=1e-5)


def test_a_note_struck_between_a_clips_coming_and_its_readiness_goes_over_to_it_too() -> None:
    late = clip(2, level(0.3), blocks=[])
    rig = one_key(level(0.1))
    rig.sampler.set_clip(0, 60, 0, late)
    np.testing.assert_allclose(rig.play(2000, [(0, on())])[50:], 0.1)
    write_blocks(late, level(0.3), range(late.blocks))
    np.testing.assert_allclose(rig.play(2000)[SWAP + GRID :], 0.3, rtol=1e-5)


# ---- programs, reports, memory -----------------------------------------------------------------------------------


def test_a_program_change_leaves_sounding_voices_and_serves_the_next_note() -> None:
    rig = one_key(level(0.1))
    new = {(0, 60, 0): clip(2, level(0.3))}
    heard = rig.play(4000, [(0, on()), (3000, on())], 480, [(2000, lambda: rig.load([zone()], new))])
    np.testing.assert_allclose(heard[50:3000], 0.1)
    np.testing.assert_allclose(heard[3050:], 0.4, rtol=1e-6)


def test_a_clip_for_the_new_program_does_not_reach_voices_of_the_old() -> None:
    rig = one_key(level(0.1))
    rig.play(1000, [(0, on())])
    rig.load([zone()], {})
    rig.sampler.set_clip(0, 60, 0, clip(2, level(0.3)))
    np.testing.assert_allclose(rig.play(2000), 0.1)


def test_retired_clips_and_programs_are_freed_by_collect_and_not_before() -> None:
    old = clip(1, level(0.1))
    program = _native.Program([zone()], {"master_gain_db": 0.0}, [])
    program.put(0, 60, 0, old)
    sampler = _native.Sampler()
    sampler.prepare(RATE)
    sampler.set_program(program)
    sampler.set_program(program)  # twice is no reason to keep it for ever
    sampler.process([(0, on())], 1000)
    del old, program
    gc.collect()
    sampler.collect()  # the program that the sampler was born with
    assert sampler.collect() == 0  # the rest is in use
    sampler.set_clip(0, 60, 0, clip(2, level(0.2)))
    sampler.process([], 100)
    assert sampler.collect() == 0  # still fading out
    sampler.process([], 2000)
    assert sampler.collect() == 1  # the first clip
    sampler.set_program(_native.Program([], {}, []))
    sampler.process([], 100)
    assert sampler.collect() == 0  # the voice holds its program
    sampler.silence()
    sampler.process([], 1000)
    assert sampler.collect() == 2  # program and clip
    assert sampler.collect() == 0


def test_clips_live_as_long_as_python_holds_them_and_no_longer_than_the_sampler_needs() -> None:
    mine = clip(2, level(0.2))
    rig = one_key(level(0.1))
    rig.sampler.set_clip(0, 60, 0, mine)
    rig.play(64)
    rig.sampler.set_clip(0, 60, 0, clip(3, level(0.3)))
    rig.play(64)
    rig.sampler.collect()
    assert mine.ready_blocks() == (1 << mine.blocks) - 1


def test_the_snapshot_tells_the_truth() -> None:
    rig = Rig(
        [zone([60], mode=LOOP, start=0.1), zone([61], reverse=1, tune=12)],
        {(0, 60, 0): clip(11, level(0.1)), (1, 61, 0): clip(12, level(0.1))},
    )
    rig.play(1000, [(0, on(60, channel=4)), (250, on(61)), (900, off(60, channel=4))], 77)
    frame, voices = rig.sampler.voices()
    assert frame == rig.sampler.clock == 1000
    first, second = voices
    assert (first.voice, first.clip, first.zone, first.key, first.channel) == (1, 11, 0, 60, 4)
    assert (first.looping, first.reverse, first.released) == (True, False, True)
    assert (first.position, first.step) == (FRAMES // 10 + 1000, 1.0)
    assert (first.loop_start, first.loop_end, first.loop_fade) == (FRAMES // 4, FRAMES * 9 // 10, 2400)
    assert (second.voice, second.clip, second.zone, second.key) == (2, 12, 1, 61)
    assert (second.looping, second.reverse, second.released) == (False, True, False)
    assert (second.position, second.step) == (1500, 2.0)


def test_counters_count() -> None:
    rig = one_key(level(0.1))
    rig.play(640, [(0, on()), (10, on()), (20, off())])
    figures = rig.sampler.counters()
    assert (figures["blocks"], figures["notes"]) == (10, 2)
    assert {name for name, value in figures.items() if value} == {"blocks", "notes"}
