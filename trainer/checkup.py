"""What the dataset doctor has to know of each clip, measured while a worker of `prepare` has it in hand.

All of it is small: memory for ten hours of audio stays in the tens of megabytes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.audio_files import Block

LEVEL_FRAMES = 256
"""The grid on which loudness is measured."""
SILENCE = 10.0 ** (-60 / 20)
TAIL = 10.0 ** (-40 / 20)
"""A sound has ended when it is 40 dB below its peak."""

DC_PARTS, DC_SECONDS = 4, 0.1
"""A sound's mean is looked at in so many parts, if it lasts so long: a shorter one may be half a wave."""

TIMES, BANDS = 8, 32
"""Of a fingerprint. Fewer bands do not tell a semitone; more find no two strokes of one drum alike."""
WINDOWS = 2
"""Spectra in each of the TIMES: their mean is steadier where the sound is noise."""
WINDOW_SECONDS = 0.046
FIRST_SECONDS = 0.02
"""The first of the TIMES; the others grow by a constant factor up to the clip's end."""
LOWEST, HIGHEST = 30.0, 16000.0
"""Hz. MP3 and its like cut off at 16 kHz, and a copy is to be known from its original."""
DEPTH = 50.0
"""dB below its loudest cell within which a fingerprint tells levels."""
STEPS_PER_DB = 2

FULL_SCALE = 0.995
"""Above the largest value of 8 bits (127/128), whose peaks are flat by rounding."""
FLAT_RUN = 5
"""Equal samples in a row at full scale. A clean 30 Hz tone at full scale has three or four (16 bits, 44.1 kHz)."""


@dataclass(frozen=True, slots=True)
class Measures:
    """One clip: its peak in dBFS; its length in seconds until 40 dB below the peak; the share of it above −60 dBFS, and
    how far, as a share of the clip, the last of that lies; its DC offset as a share of full scale; and its fingerprint,
    uint8 [TIMES · BANDS] in half decibels."""

    peak: float
    seconds: float
    sounding: float
    reach: float
    dc: float
    fingerprint: bytes


def measure(clip: Block, rate: int) -> Measures:
    """Measures a clip, float32 [frames, channels] at `rate` Hz, in which something sounds."""
    steps = len(clip) // LEVEL_FRAMES
    grid = clip[: steps * LEVEL_FRAMES].reshape(steps, LEVEL_FRAMES, -1)
    levels = np.maximum(grid.max(axis=(1, 2)), -grid.min(axis=(1, 2)))
    peak = float(levels.max())
    heard = np.flatnonzero(levels > peak * TAIL)
    loud = np.flatnonzero(levels > min(SILENCE, peak / 2))
    return Measures(
        peak=round(20 * math.log10(peak), 2) + 0.0,  # no −0.0
        seconds=int(heard[-1] + 1 - heard[0]) * LEVEL_FRAMES / rate,
        sounding=len(loud) / steps,
        reach=int(loud[-1] + 1) / steps,
        dc=round(_dc(grid[loud[0] : loud[-1] + 1].mean(axis=1), rate), 5),
        fingerprint=fingerprint(clip, rate),
    )


def fingerprint(clip: Block, rate: int) -> bytes:
    """A small picture of a clip's sound, the same at every gain: uint8 [TIMES · BANDS], mel bands over a log time axis.

    A cell counts in half decibels from DEPTH below the loudest cell up; 0 is all that is quieter.
    """
    starts, edges, hann = _layout(len(clip), rate)
    mono = clip[:, 0] if clip.shape[1] == 1 else clip.mean(axis=1)
    padded = np.pad(mono, len(hann))
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(hann))[starts]
    spectra = np.fft.rfft(windows * hann)
    powers = np.square(spectra.real) + np.square(spectra.imag)
    cells = np.add.reduceat(powers, edges, axis=1)[:, :BANDS].reshape(TIMES, WINDOWS, BANDS).mean(axis=1)
    loudest = max(float(cells.max()), np.finfo(np.float32).tiny)  # a click may fall between the windows
    levels = 10 * np.log10(np.maximum(cells / loudest, 1e-12))
    return bytes(np.round(np.maximum(levels + DEPTH, 0) * STEPS_PER_DB).astype(np.uint8))


class Clipping:
    """Counts the samples of a stream that lie in flat runs at full scale, before anything changes them; and frames."""

    def __init__(self) -> None:
        self.samples = 0
        self.frames = 0

    def watch(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Gives the same blocks, and counts as they pass."""
        for block in blocks:
            self.frames += len(block)
            if max(float(block.max()), -float(block.min())) >= FULL_SCALE:
                self.samples += sum(_flat_samples(block[:, channel]) for channel in range(block.shape[1]))
            yield block


def _flat_samples(signal: NDArray[np.float32]) -> int:
    flat = np.zeros(len(signal) + 1, np.int8)
    flat[1:-1] = (signal[1:] == signal[:-1]) & (np.abs(signal[1:]) >= FULL_SCALE)
    changes = np.diff(flat)
    lengths = np.flatnonzero(changes < 0) - np.flatnonzero(changes > 0) + 1
    return int(lengths[lengths >= FLAT_RUN].sum())


def _dc(means: NDArray[np.float32], rate: int) -> float:
    """The offset of a sound, from its means [steps, channels]: its parts' median if all lean to one side, else 0.

    A low tone may lean as far as that here and there, but not in every part.
    """
    if len(means) < max(DC_PARTS, DC_SECONDS * rate / LEVEL_FRAMES):
        return 0.0
    parts = np.stack([_weighted_mean(part) for part in np.array_split(means, DC_PARTS)])
    leaning = np.abs(np.sign(parts).sum(axis=0)) == DC_PARTS
    return float((np.abs(np.median(parts, axis=0)) * leaning).max())


def _weighted_mean(means: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of each channel, under a Hann window, so that a tone cut at both ends leaves nothing."""
    return np.average(means, axis=0, weights=np.hanning(len(means) + 2)[1:-1])


@functools.lru_cache(maxsize=2)
def _layout(frames: int, rate: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Where windows start in audio padded by one window, where bands start in bins (one edge more), and the window."""
    size = int(2 ** round(math.log2(WINDOW_SECONDS * rate)))
    ends = np.geomspace(FIRST_SECONDS * rate, frames, TIMES)
    begins = np.concatenate([[0.0], ends[:-1]])
    inside = (np.arange(WINDOWS) + 0.5) / WINDOWS
    centres = (begins[:, np.newaxis] + (ends - begins)[:, np.newaxis] * inside).ravel()
    starts = np.round(centres + size / 2).astype(np.int64)
    lowest, highest = 2595 * np.log10(1 + np.array([LOWEST, min(HIGHEST, rate / 2)]) / 700)
    hertz = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 1) / 2595) - 1)
    edges = np.round(hertz * size / rate).astype(np.int64)
    # Each band has a bin of its own at least.
    edges = np.maximum.accumulate(edges - np.arange(BANDS + 1)) + np.arange(BANDS + 1)
    return starts, np.minimum(edges, size // 2), np.hanning(size).astype(np.float32)
