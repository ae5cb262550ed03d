"""Whether sounds are copies of training clips: the correlation with those that are most like them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from trainer.measure.features import middle

Floats = NDArray[np.float32]

COPY = 0.95  # a correlation above it is a copy
CANDIDATES = 5  # clips next to a sound in the space of features that are tried
MOST_FRAMES = 65536  # of a clip that are compared
AT_ONCE = 32  # sounds whose spectra are in memory


def correlations(
    sounds: Floats, candidates: NDArray[np.int64], clip: Callable[[int], NDArray[np.float32]]
) -> NDArray[np.float64]:
    """The best correlation of each sound with its candidates: [n], 0 … 1, exact above COPY and else possibly too high.

    `sounds` [n, channels, frames]; `candidates` [n, few] are indices for `clip`, which gives [channels, frames]. A copy
    that is shifted in time, turned in polarity or louder is one still. Silence is none.
    """
    best = np.zeros(len(sounds))
    for start in range(0, len(sounds), AT_ONCE):
        rows = range(start, min(start + AT_ONCE, len(sounds)))
        spectra = {row: _spectrum(sounds[row]) for row in rows}
        for index in np.unique(candidates[rows.start : rows.stop]):
            theirs = _spectrum(clip(int(index)))
            for row in rows:
                if index in candidates[row]:
                    best[row] = max(best[row], _correlation(spectra[row], theirs))
    return best


def _spectrum(sound: Floats) -> tuple[NDArray[np.complex64], Floats]:
    """Of the middle, twice as long as the sound so that shifts do not wrap, of norm 1; and its magnitudes."""
    mono = middle(sound[None, :, :MOST_FRAMES])[0]
    norm = float(np.sqrt(np.square(mono, dtype=np.float64).sum()))
    spectrum = np.fft.rfft((mono / max(norm, 1e-6)).astype(np.float32), 2 * len(mono)).astype(np.complex64)
    return spectrum, np.abs(spectrum)


def _correlation(a: tuple[NDArray[np.complex64], Floats], b: tuple[NDArray[np.complex64], Floats]) -> float:
    length = 2 * (len(a[0]) - 1)
    # However the phases lie, the correlation cannot exceed that of the magnitudes: most pairs need no more.
    bound = 2 * float(np.dot(a[1], b[1])) / length
    if bound <= COPY:
        return bound
    return float(np.abs(np.fft.irfft(a[0] * b[0].conj(), length)).max())
