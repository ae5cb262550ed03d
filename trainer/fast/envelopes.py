"""The envelopes of a dataset's clips: kept in memory where they fit; and varied for small sets."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.clips import Clips
from trainer.fast.form import Form
from trainer.fast.kept import Kept
from trainer.fast.spectrum import Spectrum

MOST_BYTES = 1 << 28
"""Envelopes that need more are worked out again each time."""
LEVEL, TILT = 1.5, 1.5  # dB, deviations of a variation's level and of each of its slopes
NEPERS = math.log(10) / 10  # of power, in a dB


class Envelopes:
    """Envelopes by clip index."""

    def __init__(self, clips: Clips, form: Form, spectrum: Spectrum) -> None:
        self._clips = clips
        self._spectrum = spectrum
        few = 4 * len(clips) * form.rows * form.steps <= MOST_BYTES
        self._kept = Kept(len(clips), self._work_out) if few else None

    @torch.no_grad()
    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """The envelopes [indices, rows, steps]."""
        return self._work_out(indices) if self._kept is None else self._kept.batch(indices)

    def _work_out(self, indices: NDArray[np.int64]) -> Tensor:
        return self._spectrum.envelope_of(self._clips.batch(indices))


def varied(envelope: Tensor, random: Tensor, share: float) -> Tensor:
    """Envelopes [batch, rows, steps] with levels and slopes over the bands changed a little, `share` of them.

    `random` [batch, 6] is normal noise: whether, level, and four slopes (cosines over the bands).
    """
    rows = envelope.shape[1]
    place = (torch.arange(rows, dtype=random.dtype) + 0.5) / rows
    slopes = torch.stack([torch.cos(math.pi * k * place) for k in range(1, 5)])
    change = (LEVEL * random[:, 1:2] + TILT * random[:, 2:] @ slopes) * NEPERS
    chosen = (random[:, :1] / math.sqrt(2)).erf() < 2 * share - 1
    return envelope + torch.where(chosen, change, 0.0)[..., None].to(envelope)
