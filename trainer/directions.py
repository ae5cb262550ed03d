"""Directions in latent space: those that change one quality of every sound, by name, and the strongest without one.

A linear regression on the latents finds a descriptor's mean gradient over the prior (for a normal prior exactly:
Stein's lemma). They are made orthogonal, each as near its gradient as that allows, and tried on fresh sounds; what does
not work there is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.instrument import Direction
from engine.latent import along
from trainer.measure.descriptors import DESCRIPTORS, Descriptor
from trainer.measure.features import Reals, Space
from trainer.survey import Survey, Surveyor, distances

LEAST_CORRELATION = 0.5  # between amount and descriptor, on average over fresh sounds; below it a knob is a lottery
LEAST_STEPS = 2.0  # audible differences from end to end
LEAST_OWN = 0.75  # cosine between a direction and the gradient that it is made from
LEAST_SPREAD = 0.2  # the least singular value of gradients of length 1: 0 if one is made of the others
REACHES = (1.0, 1.5, 2.0, 2.5, 3.0)  # amounts at which a range may end
AMOUNTS = np.array([*(-reach for reach in reversed(REACHES)), -0.5, 0.0, 0.5, *REACHES])
TRIED_AMOUNTS = np.array([-2.0, -1.2, -0.4, 0.4, 1.2, 2.0])
TRIED_SEED, FRESH_SEED = 2**40, 2**41  # the first of the seeds by which directions are ordered, and proved
TYPICAL = 95  # percentile of the distances from a sound to the next
LEAST_TYPICAL = 0.75  # share of the sounds at a range's ends that are no farther from the instrument's
SETTLED = 0.05  # of correlation, that a greater range may cost
NEIGHBOURS = 1024  # sounds among which the next is looked for
FEWEST_SOUNDS = 8  # to which a descriptor must apply where a direction is tried
COMPONENTS = 32  # of the sounds' spectra over time, whose change makes an unnamed direction strong
UNNAMED = 4
UNNAMED_NAME = "move {}"
ABOVE_CHANCE = 1.5  # times what the same regression finds where there is nothing to find


def find(surveyor: Surveyor, survey: Survey, starts: int) -> dict[str, Direction]:
    """The directions of an instrument, by name, those that sort best first; then the unnamed ones.

    `survey` is of sounds of the prior; each direction is proved on `starts` fresh ones. Deterministic.
    """
    typical = Typical(survey)
    tried = []
    for row, gradient in gradients(survey):
        correlation = Slide.along(surveyor, gradient, TRIED_SEED, starts, TRIED_AMOUNTS).correlation(row)
        if correlation >= LEAST_CORRELATION:
            tried.append((correlation, row, gradient))
    # What sorts about as well as another gives way to what stands before it in the table of descriptors.
    tried.sort(key=lambda trial: -round(trial[0], 1))
    found: dict[str, Direction] = {}
    for row, vector in apart([(row, gradient) for _, row, gradient in tried]):
        slide = Slide.along(surveyor, vector, FRESH_SEED, starts, AMOUNTS)
        proved = prove(slide, row, typical)
        if proved is not None:
            found[row.name] = Direction(vector.astype(np.float32), *proved)
    named = dict(sorted(found.items(), key=lambda item: -(item[1].rank_correlation or 0)))
    for number, vector in enumerate(unnamed(survey, [direction.vector for direction in named.values()]), 1):
        slide = Slide.along(surveyor, vector, FRESH_SEED, starts, AMOUNTS)
        reach = max((reach for reach in REACHES if typical.at_ends(slide, reach)), default=REACHES[0])
        named[UNNAMED_NAME.format(number)] = Direction(vector.astype(np.float32), (-reach, reach), None)
    return named


@dataclass(frozen=True)
class Slide:
    """Sounds along a direction, from several starts."""

    amounts: Reals
    """[amounts]"""
    heard: Survey
    """[starts · amounts]: all amounts of the first start, then of the next."""

    @classmethod
    def along(cls, surveyor: Surveyor, vector: Reals, first_seed: int, starts: int, amounts: Reals) -> Slide:
        """From the sounds of `starts` seeds; `vector` of any length is taken as one of length 1."""
        z, unit = surveyor.latents(first_seed, starts), vector / np.linalg.norm(vector)
        moved = np.stack([along(z, unit, float(amount), surveyor.prior) for amount in amounts], axis=1)
        return cls(amounts, surveyor.listen(moved.reshape(-1, z.shape[1])))

    def values(self, row: Descriptor, reach: float = np.inf) -> Reals:
        """The descriptor from −reach to reach, of the starts where it applies for the most part: [starts, amounts]."""
        inside = np.abs(self.amounts) <= reach
        values, applies = (
            column.reshape(-1, len(self.amounts))[:, inside]
            for column in (self.heard.descriptors[row.name], self.heard.applies(row.name))
        )
        return np.asarray(values[applies.mean(axis=1) > 0.7])

    def correlation(self, row: Descriptor, reach: float = np.inf) -> float:
        """The mean over the starts of Spearman's rank correlation of amount and descriptor; 0 if it seldom applies."""
        values = self.values(row, reach)
        return float(rank_correlation(values).mean()) if len(values) >= FEWEST_SOUNDS else 0.0


class Typical:
    """Tells whether sounds are still like those of the instrument."""

    def __init__(self, survey: Survey) -> None:
        self._space: Space
        self._space, places = survey.places()
        self._places = places[:NEIGHBOURS]
        apart = distances(self._places, self._places)
        np.fill_diagonal(apart, np.inf)
        self._limit = float(np.percentile(apart.min(axis=1), TYPICAL))

    def at_ends(self, slide: Slide, reach: float) -> bool:
        """Whether most of the sounds at −reach and reach are."""
        ends = np.tile(np.abs(slide.amounts) == reach, len(slide.heard.z) // len(slide.amounts))
        nearest = distances(self._space.place(slide.heard.features[ends]), self._places).min(axis=1)
        return bool((nearest <= self._limit).mean() >= LEAST_TYPICAL)


def gradients(survey: Survey) -> Iterator[tuple[Descriptor, Reals]]:
    """The mean gradient of each descriptor that differs audibly between the sounds it applies to: [latent_dim]."""
    for row in DESCRIPTORS:
        applies = survey.applies(row.name)
        values = survey.descriptors[row.name][applies]
        if len(values) > 2 * survey.z.shape[1] and values.std() > row.audible:
            yield row, slopes(survey.z[applies], values[:, None])[:, 0]


def slopes(z: NDArray[np.floating], values: Reals) -> Reals:
    """Ridge regression of values [n, k] on latents [n, latent_dim]: [latent_dim, k].

    The fewer sounds for each dimension, the farther the sample's covariance is from the prior's, and the greater the
    ridge.
    """
    moved = z - z.mean(axis=0, dtype=np.float64)
    covariance = moved.T @ moved / len(z)
    ridge = np.trace(covariance) / len(z)
    solved = np.linalg.solve(covariance + ridge * np.eye(len(covariance)), moved.T @ (values - values.mean(axis=0)))
    return np.asarray(solved / len(z))


def apart(gradients: Sequence[tuple[Descriptor, Reals]]) -> list[tuple[Descriptor, Reals]]:
    """Orthogonal vectors of length 1, all together as near the gradients as can be: U Vᵀ of G = U S Vᵀ (Löwdin 1950).

    Left out is a gradient that is nearly made of those before it, since chance is what would be left of it, and one for
    which a direction would have to be farther from its own gradient than LEAST_OWN.
    """
    kept: list[tuple[Descriptor, Reals]] = []
    for row, gradient in gradients:
        unit = gradient / np.linalg.norm(gradient)
        units = np.stack([*(vector for _, vector in kept), unit])
        spread = np.linalg.svd(units, compute_uv=False)[-1] if len(units) <= units.shape[1] else 0.0
        if spread >= LEAST_SPREAD and (np.sum(units * orthogonal(units), axis=1) >= LEAST_OWN).all():
            kept.append((row, unit))
    if not kept:
        return []
    vectors = orthogonal(np.stack([unit for _, unit in kept]))
    return [(row, vector) for (row, _), vector in zip(kept, vectors, strict=True)]


def orthogonal(rows: Reals) -> Reals:
    """The orthogonal rows of length 1 that are nearest to rows of length 1: [n, latent_dim]."""
    left, _, right = np.linalg.svd(rows, full_matrices=False)
    return np.asarray(left @ right)


def without(vector: Reals, units: Sequence[NDArray[np.floating]]) -> Reals:
    """What is left of a vector, or of columns, orthogonal to vectors of length 1 that are so to each other."""
    for unit in units:
        wide = unit.astype(np.float64)
        vector = vector - np.multiply.outer(wide, wide @ vector)
    return vector


def prove(slide: Slide, row: Descriptor, typical: Typical) -> tuple[tuple[float, float], float] | None:
    """The range over which a direction works, and its rank correlation there; None if it does not.

    The range is the greatest whose ends are typical and whose correlation is near the best.
    """
    correlations = {
        reach: slide.correlation(row, reach)
        for reach in REACHES
        if reach == REACHES[0] or typical.at_ends(slide, reach)
    }
    best = max(correlations.values())
    reach = max(reach for reach, value in correlations.items() if value >= best - SETTLED)
    values = slide.values(row, reach)
    if correlations[reach] < LEAST_CORRELATION or (values[:, -1] - values[:, 0]).mean() < LEAST_STEPS * row.audible:
        return None
    return (-reach, reach), correlations[reach]


def rank_correlation(values: Reals) -> Reals:
    """Spearman's, of each row [n, k] with its columns' order: [n]; 0 for a row of equals."""
    ranks = np.sign(values[:, :, None] - values[:, None, :]).sum(axis=2) / 2
    order = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    lengths = np.sqrt(np.square(ranks).sum(axis=1) * np.square(order).sum())
    return np.asarray(ranks @ order / np.maximum(lengths, 1e-9))


def unnamed(survey: Survey, named: Sequence[NDArray[np.floating]]) -> list[Reals]:
    """The directions, orthogonal to those named, along which spectra over time change most, strongest first.

    None that chance alone would give. Each leads towards brighter sounds.
    """
    space = Space.fit(survey.features, COMPONENTS, scaled=False)
    places = space.place(survey.features)
    changes = slopes(survey.z, places)
    # What no line explains is what makes the slopes uncertain.
    rest = places - survey.z @ changes
    shuffled = np.random.default_rng(0).permutation(len(places))
    chance = np.linalg.norm(slopes(survey.z[shuffled], rest), ord=2)
    vectors, strengths, _ = np.linalg.svd(without(changes, named), full_matrices=False)
    strong = int((strengths[:UNNAMED] > ABOVE_CHANCE * chance).sum())
    brighter = slopes(survey.z, survey.descriptors["brightness"][:, None])[:, 0]
    return [vector if vector @ brighter >= 0 else -vector for vector in vectors[:, :strong].T]
