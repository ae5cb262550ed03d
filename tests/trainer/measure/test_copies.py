import numpy as np
import pytest

from trainer.measure.copies import COPY, correlations

FRAMES = 16384


@pytest.fixture(scope="module")
def clips() -> np.ndarray:
    decay = np.exp(-np.arange(FRAMES) / 4000)
    return (np.random.default_rng(0).standard_normal((40, 1, FRAMES)) * decay).astype(np.float32)


def test_copies_are_found_shifted_turned_quieter_and_a_little_noisy(clips: np.ndarray) -> None:
    noise = np.random.default_rng(1).standard_normal((4, 1, FRAMES)) * np.exp(-np.arange(FRAMES) / 4000)
    copies = np.stack([clips[3], -0.3 * clips[7], np.roll(clips[9], 300, axis=-1), clips[12] + 0.2 * noise[0]])
    candidates = np.array([[1, 3, 5], [7, 8, 9], [9, 1, 2], [11, 12, 13]])
    best = correlations(copies.astype(np.float32), candidates, lambda index: clips[index])
    assert (best > COPY).all()
    assert best[:2] == pytest.approx([1, 1], abs=1e-4)


def test_independent_sounds_and_silence_are_no_copies(clips: np.ndarray) -> None:
    candidates = np.random.default_rng(2).integers(20, size=(20, 5))
    assert (correlations(clips[20:], candidates, lambda index: clips[index]) <= COPY).all()
    silence = np.zeros((2, 1, FRAMES), np.float32)
    assert (correlations(silence, np.zeros((2, 1), np.int64), lambda _: silence[0]) == 0).all()


def test_the_time_of_what_sounds_matters_and_not_its_spectrum_alone() -> None:
    clip = np.random.default_rng(3).standard_normal((1, FRAMES)).astype(np.float32)
    backwards = clip[None, :, ::-1].copy()
    assert correlations(backwards, np.array([[0]]), lambda _: clip)[0] < 0.2
