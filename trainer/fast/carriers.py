"""Which clips lend their fine structure as carriers, and which carriers suit each clip."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from trainer.clips import Clips
from trainer.fast.form import Form
from trainer.fast.kept import Kept
from trainer.fast.spectrum import Spectrum

AT_ONCE = 64  # clips that are looked at together
MOST_CANDIDATES = 2000  # clips that may become carriers: their distances are a matrix of this size
FINE_SECONDS = 4096 / 44100  # a window in which partials stand apart
FINE_RANGE = (30.0, 10000.0)  # Hz
SMOOTHING = 63  # bins over which the fine spectrum's trend is taken
LOW_SECONDS = 2048 / 44100
LOW_RANGE = (20.0, 600.0)  # Hz, where a drum's pitch falls and bands are too wide to follow
LOW_TIMES = 7
COARSE_STEPS = 32
SHARES = (1.0, 0.7, 0.3)
"""Weights of the three distances: partials, the low end in time, the envelope."""
SOFTNESS = 0.03
"""Distance, as a share of the mean one, over which a clip's likings for carriers fall by e."""


@dataclass(frozen=True)
class Views:
    """What clips are compared by, [clips, …] each: the fine spectrum, the low end in time, the envelope."""

    fine: Tensor
    low: Tensor
    coarse: Tensor

    def distances(self, others: Views, scale: tuple[float, float, float]) -> Tensor:
        """Squared distances [clips, others], each view's divided by its `scale`."""
        total = self.fine.new_zeros(len(self.fine), len(others.fine), dtype=torch.float64)
        for share, unit, mine, theirs in zip(SHARES, scale, self.all(), others.all(), strict=True):
            total += share / unit * torch.cdist(mine.double(), theirs.double()).square() / mine.shape[1]
        return total

    def scale(self) -> tuple[float, float, float]:
        """The mean squared distance between clips in each view."""
        return tuple(max(2.0 * float(view.var(dim=0, correction=0).mean()), 1e-9) for view in self.all())  # type: ignore[return-value]

    def take(self, indices: list[int]) -> Views:
        """Those of some clips."""
        return Views(*(view[indices] for view in self.all()))

    def all(self) -> tuple[Tensor, Tensor, Tensor]:
        """The three of them."""
        return self.fine, self.low, self.coarse


def look(audio: Tensor, form: Form, spectrum: Spectrum) -> Views:
    """The views of clips [batch, channels, frames]."""
    whole = audio.mean(dim=1)
    coarse = functional.adaptive_avg_pool1d(spectrum.envelope_of(audio), COARSE_STEPS)
    return Views(_fine(whole, form), _low(whole, form.sample_rate), coarse.flatten(1))


def _fine(audio: Tensor, form: Form) -> Tensor:
    """How far in dB partials stand out of the long-term spectrum's trend, whatever the timbre and the level.

    What stands out less than the form says is nought: noise does by chance, and any carrier of noise suits it.
    """
    rate = form.sample_rate
    size = min(1 << round(math.log2(FINE_SECONDS * rate)), audio.shape[1] // 2)
    windows = audio.unfold(1, size, size // 2)
    level = windows.square().mean(dim=2, keepdim=True) + 1e-7
    power = torch.fft.rfft(windows * torch.hann_window(size, device=audio.device)).abs().square() / level
    # The first window counts as much as all the others together: most sounds are loudest there.
    spectrum = 10 * torch.log10(power[:, 0] + power[:, 1:].mean(dim=1) + 1e-9)
    half = SMOOTHING // 2
    trend = functional.avg_pool1d(functional.pad(spectrum[:, None], (half, half), mode="replicate"), SMOOTHING, 1)[:, 0]
    low, high = (round(edge * size / rate) for edge in FINE_RANGE)
    return functional.relu(spectrum - trend - form.partials)[:, low : high + 1]


def _low(audio: Tensor, rate: int) -> Tensor:
    """Levels in dB of the lowest bins at a few times, the earlier ones closer together."""
    size = 1 << round(math.log2(LOW_SECONDS * rate))
    last = max(audio.shape[1] - size, 0)
    starts = [0, *(round(last * 2.0 ** (k - LOW_TIMES + 2)) for k in range(LOW_TIMES - 1))]
    window = torch.hann_window(size, device=audio.device)
    padded = functional.pad(audio, (0, size))
    frames = torch.stack([padded[:, start : start + size] for start in starts], dim=1)
    low, high = (max(1, round(edge * size / rate)) for edge in LOW_RANGE)
    power = torch.fft.rfft(frames * window).abs().square()[..., low : high + 1]
    return (10 * torch.log10(power + 1e-5)).flatten(1)


@dataclass(frozen=True)
class Choice:
    """The clips that lend carriers, and what is needed to say which of them suit a clip."""

    indices: list[int]
    views: Views
    scale: tuple[float, float, float]
    unit: float

    def liking(self, views: Views) -> Tensor:
        """How much each clip likes each carrier: float32 [clips, carriers], rows of sum 1."""
        distances = views.distances(self.views, self.scale)
        nearest = distances.min(dim=1, keepdim=True).values
        return torch.softmax(-(distances - nearest) / (SOFTNESS * self.unit), dim=1).float()


def choose(clips: Clips, count: int, form: Form, spectrum: Spectrum, seed: int) -> Choice:
    """Chooses the clips that lend `count` carriers: those to which all clips together are nearest, one after another.

    (Greedy facility location.) From MOST_CANDIDATES clips at most, drawn by the seed.
    """
    order = torch.randperm(len(clips), generator=torch.Generator().manual_seed(seed))[:MOST_CANDIDATES]
    candidates = np.sort(order.numpy())
    views = together([look(clips.batch(part), form, spectrum) for part in parts(candidates)])
    scale = views.scale()
    distances = views.distances(views, scale)
    nearest = torch.full_like(distances[0], float("inf"))
    chosen: list[int] = []
    for _ in range(count):
        costs = torch.minimum(nearest[:, None], distances).sum(dim=0)
        costs[chosen] = float("inf")
        best = int(costs.argmin())
        chosen.append(best)
        nearest = torch.minimum(nearest, distances[:, best])
    return Choice(candidates[chosen].tolist(), views.take(chosen), scale, float(distances.mean()))


def parts(indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """The indices, a few at a time."""
    for start in range(0, len(indices), AT_ONCE):
        yield indices[start : start + AT_ONCE]


def together(views: list[Views]) -> Views:
    """The views of several groups of clips as one."""
    return Views(*(torch.cat(column) for column in zip(*(view.all() for view in views), strict=True)))


def likings(clips: Clips, choice: Choice, form: Form, spectrum: Spectrum) -> Kept:
    """How much each clip of a dataset likes each carrier: float32 [indices, carriers], rows of sum 1."""
    return Kept(len(clips), lambda indices: choice.liking(look(clips.batch(indices), form, spectrum)))
