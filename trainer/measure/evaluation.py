"""All figures of an instrument, each beside that of held-out real sounds, with intervals and a verdict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.measure.comparison import DESCRIBED, Comparison
from trainer.measure.features import Reals
from trainer.measure.hearing import Heard
from trainer.measure.metrics import METRICS, Metric, Verdict, metric, percentiles
from trainer.measure.yardstick import SPLITS, Generate, Yardstick

HALVES = 40  # random halves that the intervals of the figures come from


@dataclass(frozen=True)
class Figure:
    """A figure, the interval that it surely lies in, and both of held-out real sounds (None: it has none)."""

    metric: Metric
    value: float
    interval: tuple[float, float]
    floor: float
    floor_interval: tuple[float, float]

    @property
    def verdict(self) -> Verdict:
        """How good the figure is."""
        return self.metric.judge(self.value, self.interval, self.floor)

    @property
    def says(self) -> str:
        """What that means for the sounds."""
        return self.metric.say(self.verdict, self.value > self.floor)


@dataclass(frozen=True)
class Evaluation:
    """The figures in the table's order, the descriptors last."""

    figures: tuple[Figure, ...]
    p_value: float
    """How likely so great an `mmd` is if the sounds are of the clips' kind."""
    sounds: int
    real_clips: int
    held_out: str
    """How real sounds were held out, see `Split.by`."""


def evaluate(yardstick: Yardstick, generate: Generate, count: int) -> Evaluation:
    """Judges `count` sounds, two or more, by a yardstick; see METRICS for the figures."""
    heard, copied = yardstick.listen(generate, count)
    comparison = yardstick.compare(heard)
    values = yardstick.figures(comparison, copied)
    intervals = _intervals(yardstick, comparison, copied, values)
    floors = yardstick.floors(count)
    floors["copies"] = [yardstick.held_out_copies(number) for number in range(SPLITS)]
    ours, theirs = _uneven(yardstick, heard)
    for key, measured in ours.items():
        values[key], intervals[key], floors[key] = float(np.mean(measured)), percentiles(measured), theirs[key]
    keys = [row.key for row in METRICS if row.key in values] + [key for key in ours if key.startswith(DESCRIBED)]
    return Evaluation(
        tuple(
            Figure(metric(key), values[key], intervals[key], float(np.mean(floors[key])), percentiles(floors[key]))
            for key in keys
        ),
        comparison.pair.p_value(np.random.default_rng((yardstick.seed, 3))),
        count,
        len(yardstick.real.peakiness),
        yardstick.splits[0].by,
    )


def _intervals(
    yardstick: Yardstick, comparison: Comparison, copied: Reals, values: dict[str, float]
) -> dict[str, tuple[float, float]]:
    """From random halves of both sets: their figures scatter as those of whole sets do from the truth.

    That is the bootstrap without repeats, which would look like sounds that are copies of each other (Politis, Romano
    and Wolf, "Subsampling", 1999, section 2.2: halves need no rescaling).
    """
    random = np.random.default_rng((yardstick.seed, 4))
    rows = []
    for _ in range(HALVES):
        real, other = (np.sort(random.permutation(n)[: max(2, n // 2)]) for n in comparison.pair.across.shape)
        rows.append(yardstick.figures(comparison.part(real, other), copied[other]))
    intervals = {}
    for row in METRICS:
        if row.key in values:
            scattered = [figures[row.key] for figures in rows]
            low, high = (values[row.key] + end - float(np.mean(scattered)) for end in percentiles(scattered))
            intervals[row.key] = max(row.least, low), min(row.most, high)
    return intervals


def _uneven(yardstick: Yardstick, heard: Heard) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Figures that depend on the number of sounds: of as many sounds as a split holds out, and of what it holds out.

    Those that some split has not are left out.
    """
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for number in range(SPLITS):
        random = np.random.default_rng((yardstick.seed, 5, number))
        held = np.flatnonzero(yardstick.splits[number].held)
        size = min(len(held), len(heard.peakiness))
        sounds = heard.part(random.permutation(len(heard.peakiness))[:size])
        real = yardstick.real.part(random.permutation(held)[:size])
        for rows, other in ((ours, sounds), (theirs, real)):
            bins = np.random.default_rng((yardstick.seed, 6, number))
            rows.append(yardstick.beside_rest(number, other).uneven_figures(bins))
    keys = [key for key in ours[0] if all(key in row for row in ours + theirs)]
    return {key: [row[key] for row in ours] for key in keys}, {key: [row[key] for row in theirs] for key in keys}
