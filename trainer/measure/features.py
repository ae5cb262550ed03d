"""What two sets of sounds are compared by: a log-mel picture of each clip, and a space fitted to the real ones."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Features = NDArray[np.float32]
Array = NDArray[Any]  # float32 or float64

BANDS, TIMES = 48, 24
LEVELS = BANDS * TIMES  # features that are levels; what follows them is the stereo width
SIDE_BANDS = 4  # of the stereo width; each spans BANDS / SIDE_BANDS bands
LOWEST = 30.0  # Hz
WINDOW_SECONDS = 1024 / 44100  # the window is the power of two of frames next to it
FLOOR = -76.0  # dB under white noise of RMS 1: what is quieter is not heard beside the sound, whatever it is
NARROWEST, WIDEST = -40.0, 20.0  # dB of the side over the middle; narrower is mono to the ear
AT_ONCE = 128  # clips whose windows are in memory
LOUDEST = 100.0  # what a broken generator makes beyond it is measured as this


def middle(audio: Array) -> Array:
    """The mean of the channels of clips [n, channels, frames]: [n, frames], of finite numbers whatever they hold."""
    return np.asarray(finite(audio).mean(axis=1))


def finite(audio: Array) -> Array:
    """Audio in which what is no number is silence, and nothing is louder than LOUDEST."""
    return np.asarray(np.clip(np.nan_to_num(audio), -LOUDEST, LOUDEST))


def log_mel(audio: NDArray[np.float32], sample_rate: int) -> Features:
    """Describes clips [n, channels, frames] by levels in dB, float32 [n, features]: finite, whatever the audio holds.

    The middle (the mean of the channels) in 48 mel bands at 24 times, logarithmically spaced from the onset to the
    clip's end; for stereo also how far the side lies over or under the middle, in 4 bands at the same times.
    """
    return np.concatenate([_log_mel(audio[i : i + AT_ONCE], sample_rate) for i in range(0, len(audio), AT_ONCE)])


def _log_mel(audio: NDArray[np.float32], sample_rate: int) -> Features:
    clips = finite(audio)
    power = _mel_power(clips.mean(axis=1), sample_rate)
    features = [_decibels(power).reshape(len(power), -1)]
    if clips.shape[1] == 2:
        side = _mel_power((clips[:, 0] - clips[:, 1]) / 2, sample_rate)
        middle_level, side_level = (
            _decibels(band.reshape(*band.shape[:2], SIDE_BANDS, -1).mean(axis=3)) for band in (power, side)
        )
        width = np.clip(side_level - middle_level, NARROWEST, WIDEST)
        features.append(width.reshape(len(width), -1))
    return np.concatenate(features, axis=1).astype(np.float32)


def _mel_power(mono: Array, sample_rate: int) -> Array:
    """Power of clips [n, frames] in mel bands: [n, TIMES, BANDS]; white noise of RMS 1 has 1 in each."""
    size = 1 << round(np.log2(WINDOW_SECONDS * sample_rate))
    centres = np.geomspace(size / 8, mono.shape[1] - size / 2, TIMES).round().astype(int)
    window = np.hanning(size).astype(np.float32)
    padded = np.pad(mono, ((0, 0), (size // 2, size // 2)))
    frames = np.stack([padded[:, start : start + size] for start in centres], axis=1)
    spectrum = np.fft.rfft(frames * (window / np.sqrt(np.square(window).sum())), axis=-1)
    power: Array = np.square(np.abs(spectrum)).astype(np.float32) @ mel_bank(sample_rate, size).T
    return power


def _decibels(power: Array) -> Array:
    levels: Array = 10 * np.log10(np.maximum(power, np.float32(10 ** (FLOOR / 10))))
    return levels


@functools.cache
def mel_bank(sample_rate: int, size: int) -> Features:
    """Triangular bands from LOWEST to half the rate, each of sum 1: [BANDS, size / 2 + 1].

    mel = 2595 · log10(1 + f / 700) (O'Shaughnessy, "Speech Communication", 1987). A band narrower than a bin takes the
    bin next to its middle.
    """
    low, high = 2595 * np.log10(1 + np.array([LOWEST, sample_rate / 2]) / 700)
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(size, 1 / sample_rate)
    bank = np.zeros((BANDS, len(bins)))
    for row, (left, middle, right) in zip(bank, np.lib.stride_tricks.sliding_window_view(edges, 3), strict=True):
        row[:] = np.maximum(0, np.minimum((bins - left) / (middle - left), (right - bins) / (right - middle)))
        if not row.any():
            row[np.argmin(np.abs(bins - middle))] = 1
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), np.float32)


@dataclass(frozen=True)
class Space:
    """Principal components of a set of features, each scaled to a deviation of 1 (or left as it is)."""

    centre: Reals
    axes: Reals
    """[features, dimensions]"""

    @classmethod
    def fit(cls, features: Array, dimensions: int, scaled: bool = True) -> Space:
        """The strongest components of features [n, features]; fewer than asked for if the set has fewer."""
        centre = features.mean(axis=0, dtype=np.float64)
        moved = features - centre
        n, width = moved.shape
        if n < width:  # the same components by the smaller matrix
            variances, vectors = np.linalg.eigh(moved @ moved.T / n)
            vectors = moved.T @ vectors / np.sqrt(np.maximum(n * variances, 1e-12))
        else:
            variances, vectors = np.linalg.eigh(moved.T @ moved / n)
        order = np.argsort(-variances, kind="stable")[:dimensions]
        order = order[variances[order] > 1e-6 * max(float(variances.max()), 1e-6)]
        if len(order) == 0:  # all the same: any axis tells as much
            return cls(centre, np.eye(width, 1))
        axes = vectors[:, order]
        return cls(centre, axes / np.sqrt(variances[order]) if scaled else axes)

    def place(self, features: Array) -> Reals:
        """Where features [n, features] lie: [n, dimensions]."""
        placed: Reals = (features - self.centre) @ self.axes
        return placed
