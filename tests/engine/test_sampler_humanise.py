"""Notes that differ a little from one another: level, pitch and start, drawn a note, the same in every render."""

from __future__ import annotations

import numpy as np
import pytest
from sampler_rig import RATE, Audio, Rig, clip, largest_step, noise, on, one_key, sine, write_blocks, zone

NOTES = 200
CONSTANT = np.full(60000, 0.5, np.float32)


def each_alone(rig: Rig, notes: int = NOTES, frames: int = 256) -> list[Audio]:
    """What each of so many notes sounds like by itself."""
    heard = []
    for _ in range(notes):
        heard.append(rig.play(frames, [(0, on())]))
        rig.sampler.silence()
        rig.play(frames)
    return heard


def starts(rig: Rig, notes: int = NOTES) -> list[float]:
    """Frames of the clip that each of so many notes leaves out."""
    found = []
    for _ in range(notes):
        rig.play(1, [(0, on())])
        found.append(rig.voices()[-1].position - 1)
        rig.sampler.silence()
        rig.play(512)
    return found


def test_it_is_off_unless_told_and_then_changes_no_bit() -> None:
    rows = {"humanise_gain_db": 0.0, "humanise_tune": 0.0, "humanise_start": 0.0}
    audio = noise(1, 20000, channels=2)
    plain = one_key(audio, tune=1.7).play(4000, [(0, on()), (999, on())])
    np.testing.assert_array_equal(one_key(audio, tune=1.7, **rows).play(4000, [(0, on()), (999, on())]), plain)
    np.testing.assert_array_equal(one_key(audio).play(4000, [(0, on())]), audio.T[:4000])


@pytest.mark.parametrize("spread", [1.0, 6.0])
def test_the_level_lies_within_half_the_spread_to_either_side(spread: float) -> None:
    heard = each_alone(one_key(CONSTANT, humanise_gain_db=spread))
    decibels = np.array([20 * np.log10(note[100, 0] / 0.5) for note in heard])
    assert np.all(np.abs(decibels) <= spread / 2 + 1e-4)
    assert np.ptp(decibels) > 0.9 * spread
    assert abs(decibels.mean()) < 0.1 * spread
    assert len(np.unique(decibels)) > NOTES // 2


@pytest.mark.parametrize("spread", [0.1, 1.0])
def test_the_pitch_lies_within_the_spread_to_either_side(spread: float) -> None:
    rig = one_key(sine(100, 60000), humanise_tune=spread, tune=2.0)
    rig.play(64, [(i % 64, on()) for i in range(64)])
    semitones = np.array([12 * np.log2(voice.step) - 2 for voice in rig.voices()])
    assert len(semitones) == 64
    assert np.all(np.abs(semitones) <= spread + 1e-6)
    assert np.ptp(semitones) > 1.6 * spread
    assert abs(semitones.mean()) < 0.3 * spread


@pytest.mark.parametrize("clip_rate", [RATE, 16000])
def test_the_start_lies_up_to_so_many_seconds_into_the_clip(clip_rate: int) -> None:
    left_out = np.array(starts(one_key(CONSTANT, clip_rate, humanise_start=0.05)))
    left_out += 1 - clip_rate / RATE  # a frame of the output has been played
    np.testing.assert_allclose(left_out, np.round(left_out), atol=1e-6)  # whole frames: nothing is interpolated for it
    assert left_out.min() >= 0
    assert left_out.max() <= round(0.05 * clip_rate)
    assert np.ptp(left_out) > 0.9 * 0.05 * clip_rate


def test_a_later_start_is_ramped_in_from_zero_and_counts_from_the_zones_own() -> None:
    ramp = np.arange(60000, dtype=np.float32) / 60000
    for note in each_alone(one_key(CONSTANT, humanise_start=0.05), 30):
        assert largest_step(note) <= 0.5 / round(0.001 * RATE) * 1.01
    found = starts(one_key(ramp, start=0.5, humanise_start=0.01), 30)
    assert min(found) >= 30000
    assert 30000 < max(found) <= 30000 + round(0.01 * RATE)
    backwards = one_key(ramp, reverse=1.0, humanise_start=0.05)
    heard = [note[200, 0] for note in each_alone(backwards, 30)]
    assert max(heard) <= 1 - 200 / 60000
    assert np.ptp(heard) > 0.5 * 0.05 * RATE / 60000


def test_a_start_behind_the_end_of_a_short_clip_is_no_fault() -> None:
    rig = one_key(CONSTANT[:100], humanise_start=0.05)
    for note in each_alone(rig, 30):
        assert np.isfinite(note).all()
    assert rig.voices() == []
    assert rig.count("muted") == 0


def test_a_new_note_keeps_to_the_clip_before_until_the_new_one_is_there_as_far_as_it_may_begin() -> None:
    rig = one_key(CONSTANT, humanise_start=0.05)  # 2400 frames
    late = clip(2, CONSTANT / 2, blocks=range(2))
    rig.sampler.set_clip(0, 60, 0, late)
    for note in each_alone(rig, 30):
        assert note[60:100].all()  # also where it begins in block 2
    write_blocks(late, CONSTANT / 2, range(2, 5))
    for note in each_alone(rig, 5):
        np.testing.assert_allclose(note[60:], 0.25, rtol=1e-6)


def everything(block: int) -> Audio:
    rig = Rig(
        [zone([60, 61], humanise_gain_db=6.0, humanise_tune=0.5, humanise_start=0.03), zone([61], humanise_tune=1.0)],
        {
            (0, 60, 0): clip(1, noise(1, 9000, 1, 0.2), 44100),
            (0, 61, 0): clip(2, sine(200, 9000)),
            (1, 61, 0): clip(3, CONSTANT),
        },
    )
    return rig.play(24000, [(433 * i, on(60 + i % 2, 1 + i)) for i in range(50)], block)


def test_a_render_repeats_whatever_the_block_size_and_after_prepare() -> None:
    reference = everything(480)
    np.testing.assert_array_equal(everything(480), reference)
    for block in (1, 17, 64, 4096):
        assert np.abs(everything(block) - reference).max() <= 1e-6
    rig = one_key(CONSTANT, humanise_gain_db=12.0)
    first = [note[100, 0] for note in each_alone(rig, 10)]
    further = [note[100, 0] for note in each_alone(rig, 10)]
    rig.sampler.prepare(RATE)
    assert [note[100, 0] for note in each_alone(rig, 10)] == first != further


def test_level_pitch_and_start_are_drawn_each_for_itself() -> None:
    rig = one_key(CONSTANT, humanise_gain_db=12.0, humanise_tune=1.0, humanise_start=0.05)
    rows = []
    for _ in range(NOTES):
        heard = rig.play(256, [(0, on())])
        voice = rig.voices()[-1]
        rows.append((20 * np.log10(heard[200, 0]), np.log2(voice.step), voice.position - 256 * voice.step))
        rig.sampler.silence()
        rig.play(512)
    related = np.corrcoef(np.array(rows).T) - np.eye(3)
    assert np.abs(related).max() < 0.25
