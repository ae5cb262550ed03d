import numpy as np

from trainer.measure.peakiness import peakiness

RATE, FRAMES = 44100, 32768


def test_noise_has_seven_to_ten_decibels_and_a_bell_far_more() -> None:
    random = np.random.default_rng(0)
    decay = np.exp(-np.arange(FRAMES) / 8000)
    noise = random.standard_normal((40, 1, FRAMES)) * decay
    time = np.arange(FRAMES) / RATE
    partials = random.uniform(300, 7500, (10, 12, 1))
    bell = np.sin(2 * np.pi * partials * time).sum(axis=1, keepdims=True) * decay
    hiss, ring = (peakiness(audio.astype(np.float32), RATE) for audio in (noise, bell))
    assert (hiss > 6).all()
    assert (hiss < 11).all()
    assert 7 < np.median(hiss) < 10
    assert (ring > 20).all()


def test_it_does_not_depend_on_the_level_and_silence_has_none() -> None:
    noise = np.random.default_rng(1).standard_normal((5, 2, 16384)).astype(np.float32)
    assert np.allclose(peakiness(noise, 16000), peakiness(noise / 10, 16000), atol=0.01)
    assert (peakiness(np.zeros((2, 1, 16384), np.float32), RATE) == 0).all()
    assert np.isfinite(peakiness(np.full((2, 1, 16384), np.nan, np.float32), RATE)).all()
