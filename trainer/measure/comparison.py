"""Sounds beside real ones: every figure that says how near they come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.measure import two_samples
from trainer.measure.artefacts import strongest
from trainer.measure.features import Reals, Space
from trainer.measure.hearing import Heard
from trainer.measure.peakiness import PERCENTILES
from trainer.measure.two_samples import Indices, Pair

FRECHET_DIMENSIONS = 16
FRECHET_CLIPS = 200  # real ones; with fewer the distance says more about their number than about the sounds
FEWEST_VALUES = 10  # of a descriptor that does not apply to every sound
DESCRIBED = "descriptor: "  # begins the names of the descriptors' figures


@dataclass(frozen=True)
class Comparison:
    """Other sounds beside real ones, in a space fitted to the real ones alone."""

    real: Heard
    other: Heard
    real_points: Reals
    other_points: Reals
    pair: Pair

    @classmethod
    def of(cls, real: Heard, real_basis: Reals, other: Heard, other_basis: Reals, dimensions: int) -> Comparison:
        """`real_basis` and `other_basis`, [n, …], are what the space is fitted to and what is placed in it."""
        space = Space.fit(real_basis, dimensions)
        points = space.place(real_basis), space.place(other_basis)
        return cls(real, other, *points, Pair.of(*points))

    def part(self, real: Indices, other: Indices) -> Comparison:
        """Some of the sounds, in the same space."""
        return Comparison(
            self.real.part(real),
            self.other.part(other),
            self.real_points[real],
            self.other_points[other],
            self.pair.part(real, other),
        )

    def figures(self, sample_rate: int, crowd: Indices | None = None) -> dict[str, float]:
        """What does not depend on how many sounds there are.

        Density, coverage and recall do, on the proportion of other sounds to real ones, so that those of `crowd` alone,
        indices of real sounds, can be asked for.
        """
        pair = self.pair if crowd is None else self.pair.part(crowd, np.arange(len(self.other_points)))
        return {
            "mmd": self.pair.mmd(),
            **pair.neighbours(),
            "nearest": self.pair.nearest(),
            **{f"peakiness_{p}": float(np.percentile(self.other.peakiness, p)) for p in PERCENTILES},
            "artefacts": strongest(self.other.lines, sample_rate)[0],
        }

    def uneven_figures(self, random: np.random.Generator) -> dict[str, float]:
        """What is the larger the fewer sounds there are: to be compared for the same number of them alone.

        Descriptors that only few of the sounds have, or all alike, are left out, as is the Fréchet distance below 200
        real clips.
        """
        from trainer.measure.descriptors import applies

        figures = two_samples.bins(self.real_points, self.other_points, random)
        if len(self.real_points) + len(self.other_points) >= FRECHET_CLIPS:
            low = slice(FRECHET_DIMENSIONS)
            figures["frechet"] = two_samples.frechet(self.real_points[:, low], self.other_points[:, low])
        for name in self.real.descriptors:
            real, other = (
                heard.descriptors[name][applies(name, heard.descriptors)] for heard in (self.real, self.other)
            )
            enough = min(len(real), len(other)) >= min(FEWEST_VALUES, len(self.other_points))
            if enough and np.ptp(np.concatenate([real, other])) > 0:  # the width of mono does not vary
                figures[DESCRIBED + name] = two_samples.wasserstein(real, other)
        return figures
