from pathlib import Path

import numpy as np

from trainer.spectrogram import BINS, COLUMNS, LOWEST, save_grid, spectrogram

RATE = 16000


def sine(frequency: float, frames: int = 16384) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(frames) / RATE).astype(np.float32)


def test_a_sine_stands_at_its_frequency_at_nought_decibels() -> None:
    picture = spectrogram(sine(1000), RATE)
    assert picture.shape == (BINS, COLUMNS)
    middle = picture[:, COLUMNS // 2]
    frequency = LOWEST * (RATE / 2 / LOWEST) ** (int(middle.argmax()) / (BINS - 1))
    assert abs(frequency - 1000) < 30
    assert abs(middle.max()) < 1


def test_silence_and_time() -> None:
    clip = sine(1000)
    clip[8192:] = 0
    loudest = spectrogram(clip, RATE).max(axis=0)
    assert loudest[20 : COLUMNS // 2 - 20].min() > -1
    assert loudest[COLUMNS // 2 + 20 :].max() < -100


def test_a_grid_is_written_whatever_the_clips(tmp_path: Path) -> None:
    audio = np.stack([np.zeros((2, 16384), np.float32)] * 3)
    save_grid(tmp_path / "a.png", audio, RATE, ["a", "b", "c"], "Silence", columns=2)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
