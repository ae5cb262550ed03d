import numpy as np
import pytest

from trainer.measure.artefacts import lines, strongest

RATE, FRAMES, CLIPS = 44100, 32768, 60


def drums(seed: int = 0) -> np.ndarray:
    """Decaying noise over tones that are others in each clip."""
    random = np.random.default_rng(seed)
    time = np.arange(FRAMES) / RATE
    decay = np.exp(-time / random.uniform(0.05, 0.2, (CLIPS, 1)))
    tones = sum(np.sin(2 * np.pi * random.uniform(100, 8000, (CLIPS, 1)) * time) for _ in range(4))
    return ((random.standard_normal((CLIPS, FRAMES)) + tones) * 0.1 * decay)[:, None].astype(np.float32)


def test_clips_with_tones_of_their_own_have_no_artefact() -> None:
    assert strongest(lines(drums(), RATE), RATE)[0] < 3


@pytest.mark.parametrize("harmonic", [1, 3, 4])
def test_a_faint_tone_of_the_grid_in_every_tail_is_found_and_named(harmonic: int) -> None:
    pitch = harmonic * RATE / 16
    tone = 0.002 * np.sin(2 * np.pi * pitch / RATE * np.arange(FRAMES) + 0.3)
    over, where = strongest(lines(drums() + tone.astype(np.float32), RATE), RATE)
    assert over > 10
    assert where == pytest.approx(pitch)


def test_a_tone_beside_the_grid_and_the_edge_of_a_band_are_none() -> None:
    beside = 0.002 * np.sin(2 * np.pi * (RATE / 16 + 80) / RATE * np.arange(FRAMES))
    assert strongest(lines(drums() + beside.astype(np.float32), RATE), RATE)[0] < 3
    # As of files of half the rate: what is above its end is 60 dB down.
    above = 1 / (1 + np.exp(-(np.fft.rfftfreq(FRAMES, 1 / RATE) - RATE / 4) / 100))
    edge = np.fft.irfft(np.fft.rfft(drums()) * (1 - 0.999 * above)).astype(np.float32)
    assert strongest(lines(edge, RATE), RATE)[0] < 3


def test_silence_is_passed_over() -> None:
    silence = np.zeros((2, 2, 16384), np.float32)
    assert np.isnan(lines(silence, 16000)).all()
    assert strongest(lines(silence, 16000), 16000) == (0.0, 0.0)
    some = np.concatenate([drums(), np.zeros((3, 1, FRAMES), np.float32)])
    assert strongest(lines(some, RATE), RATE) == strongest(lines(drums(), RATE), RATE)
