"""What is measured of each clip, on sounds whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest

from trainer.checkup import BANDS, TIMES, Clipping, fingerprint, measure

RATE = 44100


def clip_of(sound, frames=32768):
    clip = np.zeros((frames, 1), np.float32)
    clip[: len(sound), 0] = sound
    return clip


def sine(hertz, seconds=0.7, rate=RATE):
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def quantised(signal, bits):
    full = 2 ** (bits - 1)
    return (np.clip(np.round(signal * (full - 1)), -full, full - 1) / full).astype(np.float32)


def clipped_samples(*blocks):
    clipping = Clipping()
    passed = list(clipping.watch(iter(blocks)))
    assert all(out is block for out, block in zip(passed, blocks, strict=True))
    assert clipping.frames == sum(map(len, blocks))
    return clipping.samples


def test_peak_length_and_the_share_that_sounds(strike):
    measured = measure(clip_of(strike(0.4, peak=0.5)), RATE)
    assert measured.peak == pytest.approx(-6.02, abs=0.01)
    # It falls 80 dB in 0.4 s: 40 dB in 0.2, and 54 dB, to −60 dBFS, in 0.27.
    assert measured.seconds == pytest.approx(0.2, abs=0.006)
    assert measured.sounding == pytest.approx(0.27 * RATE / 32768, abs=0.01)
    assert measured.reach == pytest.approx(measured.sounding, abs=0.01)
    assert measured.dc == 0


def test_a_sound_after_a_gap_is_reached(strike):
    twice = np.zeros((32768, 1), np.float32)
    first = clip_of(strike(0.1, peak=0.5))[: 32768 // 4]
    twice[: len(first)] = first
    twice[24576 : 24576 + len(first)] = first
    measured = measure(twice, RATE)
    assert measured.sounding < 0.5
    assert measured.reach > 0.75


@pytest.mark.parametrize("hertz", [40, 55, 110, 3000])
def test_dc_is_found_under_a_tone_and_not_in_it(hertz):
    tone = 0.6 * sine(hertz) * np.linspace(1, 0.1, round(0.7 * RATE)) ** 2
    assert measure(clip_of(tone), RATE).dc < 0.003
    assert measure(clip_of(tone + 0.03), RATE).dc == pytest.approx(0.03, rel=0.15)
    assert measure(clip_of(tone - 0.03), RATE).dc == pytest.approx(0.03, rel=0.15)


def test_dc_of_one_channel_is_enough():
    left = clip_of(0.5 * sine(300))
    right = clip_of(0.5 * sine(300) + 0.05)
    assert measure(np.concatenate([left, right], axis=1), RATE).dc == pytest.approx(0.05, rel=0.1)


@pytest.mark.parametrize("gain", [0.9, 0.1, 0.01])
def test_a_fingerprint_is_the_same_at_every_gain(strike, gain):
    clip = clip_of(strike(0.5))
    first, second = (np.frombuffer(fingerprint(audio, RATE), np.uint8) for audio in (clip, clip * np.float32(gain)))
    assert np.abs(first.astype(int) - second).max() <= 1
    assert first.max() == 100
    assert first.min() == 0


@pytest.mark.parametrize("rate", [4000, 8000, 16000, 22050, 48000, 96000, 192000])
@pytest.mark.parametrize("frames", [16384, 262144])
def test_every_form_of_clip_has_a_fingerprint(rate, frames):
    noise = np.random.default_rng(0).normal(0, 0.1, (frames, 2)).astype(np.float32)
    cells = np.frombuffer(fingerprint(noise, rate), np.uint8)
    assert cells.shape == (TIMES * BANDS,)
    assert (cells > 0).all()


def test_a_single_click_is_measured_wherever_it_is():
    with np.errstate(all="raise"):
        for place in range(0, 32768, 1111):
            clip = np.zeros((32768, 1), np.float32)
            clip[place] = 0.5
            measured = measure(clip, RATE)
            assert measured.peak == pytest.approx(-6.02, abs=0.01)
            assert measured.seconds < 0.01


def test_flat_tops_are_counted():
    loud = quantised(1.5 * sine(200), 16)
    flat = np.abs(loud) > 0.9999
    assert 0.4 < flat.mean() < 0.7
    assert clipped_samples(loud[:, np.newaxis]) == flat.sum()
    assert clipped_samples(np.stack([0.3 * loud, loud], axis=1)) == flat.sum()


def test_runs_shorter_than_five_are_peaks():
    signal = np.zeros((40, 1), np.float32)
    signal[5:9] = 1.0
    signal[20:24] = -1.0
    assert clipped_samples(signal) == 0
    signal[9] = 1.0
    assert clipped_samples(signal) == 5
    signal[-5:] = -1.0
    assert clipped_samples(signal) == 10


@pytest.mark.parametrize(
    "clean",
    [quantised(sine(30), 16), quantised(sine(30), 8), quantised(sine(1000), 24), (1.3 * sine(30)).astype(np.float32)],
    ids=["16 bits", "8 bits", "24 bits", "beyond full scale in floating point"],
)
def test_peaks_at_full_scale_are_no_clipping(clean):
    assert clipped_samples(clean[:, np.newaxis]) == 0


def test_flat_tops_below_full_scale_are_a_square_wave():
    assert clipped_samples((0.5 * np.sign(sine(200))).astype(np.float32)[:, np.newaxis]) == 0
