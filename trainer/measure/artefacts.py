"""Tones that a network leaves behind: lines at multiples of the sample rate over 4, 16, 64 and 256.

Layers that upsample by four leave such lines (Pons et al., "Upsampling artifacts in neural audio synthesis", 2021).
They are looked for where nothing else sounds, in quiet tails, and in all clips together: a real sound has lines too,
but not all of them have the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.measure.features import Reals, middle

SIZE, HOP = 4096, 2048  # frames
LINES = np.arange(SIZE // 256, SIZE // 2, SIZE // 256)  # bins; the multiples of fs / 256 hold all the others
LOWEST = 500.0  # Hz; below, drums have their own lines
AROUND = np.arange(3, 13)  # bins beside a line that are compared with it: clear of its lobe and of the next line's
AUDIBLE = 1e-4  # RMS; what is quieter does not count as a tail
MOST_FRAMES = 8  # of a clip


def lines(audio: NDArray[np.float32], sample_rate: int) -> Reals:
    """How far each line stands out of clips [n, channels, frames], in dB: [n, lines]; NaN for clips without a sound.

    A line stands out as far as it is above the higher of its two sides, so that the edge of a band is none.
    """
    return np.stack([_lines(clip, sample_rate) for clip in middle(audio)])


def _lines(clip: NDArray[np.float32], sample_rate: int) -> Reals:
    frames = np.lib.stride_tricks.sliding_window_view(clip, SIZE)[::HOP]
    loudness = np.sqrt(np.square(frames).mean(axis=1))
    audible = np.flatnonzero(loudness > AUDIBLE)
    wanted = min(MOST_FRAMES, -(-len(audible) // 4))
    quiet = audible[np.argsort(loudness[audible], kind="stable")[:wanted]]
    if len(quiet) == 0:
        return np.full(int(_heard(sample_rate).sum()), np.nan)
    spectra = np.fft.rfft(frames[quiet] * np.hanning(SIZE).astype(np.float32))
    # Each frame counts alike, however loud.
    power = (np.square(np.abs(spectra)) / np.square(loudness[quiet])[:, None]).mean(axis=0)
    levels = 10 * np.log10(power + 1e-12)
    below, above = (np.median(levels[LINES[:, None] + side], axis=1) for side in (-AROUND, AROUND))
    return np.asarray((levels[LINES] - np.maximum(below, above))[_heard(sample_rate)], np.float64)


def strongest(over: Reals, sample_rate: int) -> tuple[float, float]:
    """The line that stands out most in the mean over clips of `lines`: dB (0 if nothing sounds) and Hz."""
    sounding = over[~np.isnan(over).any(axis=1)]
    if len(sounding) == 0:
        return 0.0, 0.0
    mean = sounding.mean(axis=0)
    best = int(mean.argmax())
    return max(0.0, float(mean[best])), float(_frequencies(sample_rate)[_heard(sample_rate)][best])


def _frequencies(sample_rate: int) -> Reals:
    return np.asarray(LINES * (sample_rate / SIZE))


def _heard(sample_rate: int) -> NDArray[np.bool_]:
    return _frequencies(sample_rate) >= LOWEST
