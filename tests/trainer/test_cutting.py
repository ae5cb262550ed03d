"""Cutting streams into clips."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest

from trainer.cutting import LEVEL_FRAMES, Mode, choose, one_shot, songs

RATE = 16000
FRAMES = 16384


def in_blocks(audio, size=5000):
    """Gives views of one buffer that is written over, as a decoder may."""
    audio = audio if audio.ndim == 2 else audio[:, np.newaxis]
    buffer = np.empty((size, audio.shape[1]), np.float32)
    for start in range(0, len(audio), size):
        part = audio[start : start + size]
        buffer[: len(part)] = part
        yield buffer[: len(part)]


def test_a_one_shot_begins_at_its_onset(strike):
    (clip,) = one_shot(in_blocks(strike(0.5, RATE, before=0.7)), RATE, FRAMES)
    assert clip.samples.shape == (FRAMES, 1)
    assert clip.offset == pytest.approx(0.7 * RATE, abs=0.005 * RATE)
    assert clip.offset <= 0.7 * RATE
    np.testing.assert_array_equal(clip.samples[8000 + 50 :], 0)
    assert np.abs(clip.samples[:200]).max() > 0.7


def test_quiet_noise_before_the_onset_is_trimmed(strike):
    audio = strike(0.5, RATE, before=0.5)
    audio[:8000] = np.random.default_rng(0).uniform(-0.003, 0.003, 8000)
    (clip,) = one_shot(in_blocks(audio), RATE, FRAMES)
    assert clip.offset == pytest.approx(0.5 * RATE, abs=0.005 * RATE)
    assert abs(clip.samples[0, 0]) < 1e-4


def test_a_one_shot_that_fits_is_left_as_it_is(strike):
    audio = strike(0.5, RATE)
    (clip,) = one_shot(in_blocks(audio), RATE, FRAMES)
    np.testing.assert_array_equal(clip.samples[: len(audio), 0], audio)
    assert (clip.offset, clip.gain) == (0, 1.0)


def test_a_one_shot_that_breaks_off_does_not_click():
    audio = np.sin(2 * np.pi * 441.3 * np.arange(8000) / RATE).astype(np.float32)
    (clip,) = one_shot(in_blocks(audio), RATE, FRAMES)
    untouched = len(audio) - round(0.005 * RATE)
    np.testing.assert_array_equal(clip.samples[:untouched, 0], audio[:untouched])
    assert np.abs(np.diff(clip.samples[:, 0])).max() < 1.05 * np.abs(np.diff(audio)).max()
    assert abs(clip.samples[len(audio) - 1, 0]) < 1e-3


def test_a_one_shot_that_is_cut_fades_out(strike):
    audio = strike(3.0, RATE)
    (clip,) = one_shot(in_blocks(audio), RATE, FRAMES)
    untouched = FRAMES - round(0.05 * RATE)
    np.testing.assert_array_equal(clip.samples[:untouched, 0], audio[:untouched])
    assert abs(clip.samples[-1, 0]) < 1e-5
    assert np.abs(audio[FRAMES - 100 : FRAMES]).max() > 0.01


def test_an_endless_one_shot_is_not_read_to_its_end():
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1000
            yield np.full((1000, 1), 0.5, np.float32)

    assert len(list(one_shot(endless(), RATE, FRAMES))) == 1
    assert taken < 20 * RATE


@pytest.mark.parametrize("cut", [one_shot, songs])
@pytest.mark.parametrize("audio", [np.zeros((0, 1)), np.zeros((90000, 2)), np.full((90000, 1), 0.0005)])
def test_silence_gives_nothing(cut, audio):
    assert list(cut(in_blocks(audio.astype(np.float32)), RATE, FRAMES)) == []


def test_songs_overlap_by_a_quarter_and_reach_the_end(music):
    audio = music(10, RATE)
    clips = list(songs(in_blocks(audio), RATE, FRAMES))
    offsets = [clip.offset for clip in clips]
    assert offsets[:-1] == [index * FRAMES * 3 // 4 for index in range(len(clips) - 1)]
    assert offsets[-1] + FRAMES == len(audio)
    edge = round(0.005 * RATE)
    for clip in clips:
        inside = slice(edge, FRAMES - edge)
        np.testing.assert_array_equal(clip.samples[inside], audio[clip.offset :][inside])
        if clip.offset > 0:
            np.testing.assert_array_equal(clip.samples[0], 0)
    np.testing.assert_array_equal(clips[0].samples[:edge], audio[:edge])
    assert np.abs(clips[0].samples[-1]).max() < 1e-6


def test_clips_do_not_depend_on_the_blocks(music):
    audio = music(7, RATE)
    audio[30000:55000] = 0
    first, second = (list(songs(in_blocks(audio, size), RATE, FRAMES)) for size in (777, 200000))
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.offset == other.offset
        np.testing.assert_array_equal(one.samples, other.samples)


def test_silence_in_songs_is_skipped(music):
    audio = music(12, RATE)
    audio[: 2 * RATE] = 0
    audio[5 * RATE : 9 * RATE] = 0
    clips = list(songs(in_blocks(audio), RATE, FRAMES))
    assert clips[0].offset == pytest.approx(2 * RATE, abs=LEVEL_FRAMES)
    for clip in clips:
        assert np.abs(clip.samples[: LEVEL_FRAMES + 80]).max() > 0.001
        assert np.sqrt(np.mean(np.square(clip.samples))) > 0.001
    covered = np.zeros(len(audio), bool)
    for clip in clips:
        covered[clip.offset : clip.offset + FRAMES] = True
    loud = np.abs(audio).max(axis=1) > 0.1
    assert covered[loud].mean() > 0.99


def test_a_short_song_is_padded(music):
    audio = music(0.5, RATE)
    (clip,) = songs(in_blocks(audio), RATE, FRAMES)
    untouched = len(audio) - round(0.005 * RATE)  # it breaks off there, and is faded so as not to click
    np.testing.assert_array_equal(clip.samples[:untouched], audio[:untouched])
    np.testing.assert_array_equal(clip.samples[len(audio) :], 0)


@pytest.mark.parametrize("cut", [one_shot, songs])
def test_what_goes_beyond_one_is_turned_down_and_said(cut, strike):
    audio = strike(0.5, RATE, peak=4.0)
    (clip,) = cut(in_blocks(audio), RATE, FRAMES)
    assert np.abs(clip.samples).max() <= 1.0
    assert clip.gain == pytest.approx(0.25)
    np.testing.assert_allclose(clip.samples[: len(audio), 0], audio * clip.gain, atol=1e-6)


def beat(rate=RATE):
    time = np.arange(rate // 2) / rate
    hit = 0.8 * np.sin(2 * np.pi * 90 * time) * np.exp(-20 * time)
    return np.tile(hit, 8).astype(np.float32)


def test_auto_tells_one_shots_from_songs(strike, music):
    def mode(audio):
        return choose(in_blocks(audio), RATE)[0]

    assert mode(strike(0.3, RATE)) is Mode.ONE_SHOTS
    assert mode(strike(8.0, RATE)) is Mode.ONE_SHOTS
    assert mode(beat()) is Mode.SONGS
    assert mode(music(6, RATE)) is Mode.SONGS
    assert mode(strike(40.0, RATE)) is Mode.SONGS


@pytest.mark.parametrize("seconds", [0.0, 1.0, 16.0])
def test_auto_loses_no_frame(music, seconds):
    audio = music(seconds, RATE)
    _, _, again = choose(in_blocks(audio), RATE)
    parts = [block.copy() for block in again]
    assert sum(map(len, parts)) == len(audio)
    if parts:
        np.testing.assert_array_equal(np.concatenate(parts), audio)


def test_memory_does_not_grow_with_the_song():
    def peak(blocks):
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (8192, 1)).astype(np.float32)
        tracemalloc.start()
        try:
            _, _, again = choose(itertools.repeat(noise, blocks), RATE)
            assert sum(1 for _ in songs(again, RATE, FRAMES)) >= blocks * 8192 // 12288 - 2
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(3000) < 1.1 * peak(300)
