"""How far two sets of points lie apart, and in what way. Real points first; the other set is what is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.measure.features import Reals

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

NEIGHBOURS = 5
CLIPS_A_BIN = 20
SIGNIFICANT = 1.96  # deviations: the two-sided 5 % of a normal distribution
KMEANS_ROUNDS = 20


@dataclass(frozen=True)
class Pair:
    """Squared distances within real points, within other points, and from real (rows) to other ones."""

    real: Floats
    other: Floats
    across: Floats
    scale: float
    """The squared median distance between real points: σ² of the kernel."""

    @classmethod
    def of(cls, real: Reals, other: Reals) -> Pair:
        """Of points [n, d] and [m, d], two or more of each."""
        within = squared_distances(real, real)
        scale = float(np.median(within[np.triu_indices(len(real), 1)]))
        return cls(within, squared_distances(other, other), squared_distances(real, other), max(scale, 1e-12))

    def part(self, real: Indices, other: Indices) -> Pair:
        """The same of some of the points; the kernel stays."""
        return Pair(
            self.real[np.ix_(real, real)],
            self.other[np.ix_(other, other)],
            self.across[np.ix_(real, other)],
            self.scale,
        )

    def mmd(self) -> float:
        """Maximum mean discrepancy, squared, unbiased, × 1000: about 0 (below it too) for two sets of one kind.

        RBF kernel exp(−d² / 2σ²), σ the median distance between real points (Gretton et al., "A Kernel Two-Sample
        Test", 2012, lemma 6).
        """
        real, other = (self._kernel(d) for d in (self.real, self.other))
        n, m = self.across.shape
        within = (real.sum(dtype=np.float64) - n) / (n * (n - 1)) + (other.sum(dtype=np.float64) - m) / (m * (m - 1))
        return 1000 * float(within - 2 * self._kernel(self.across).mean(dtype=np.float64))

    def p_value(self, random: np.random.Generator, permutations: int = 500) -> float:
        """How often sets mixed at random lie as far apart by `mmd`: small means that a difference is certain."""
        n, m = self.across.shape
        kernel = np.empty((n + m, n + m), np.float32)
        kernel[:n, :n], kernel[n:, n:] = self._kernel(self.real), self._kernel(self.other)
        kernel[:n, n:] = self._kernel(self.across)
        kernel[n:, :n] = kernel[:n, n:].T
        chosen = np.zeros((n + m, permutations + 1), np.float32)
        chosen[:n, 0] = 1  # the first column is the sets as they are
        for column in range(1, permutations + 1):
            chosen[random.permutation(n + m)[:n], column] = 1
        sums = kernel @ chosen
        all_sum, from_chosen = float(kernel.sum(dtype=np.float64)), sums.sum(axis=0, dtype=np.float64)
        inside = np.einsum("ij,ij->j", chosen, sums, dtype=np.float64)
        between = from_chosen - inside
        outside = all_sum - inside - 2 * between
        mmd = (inside - n) / (n * (n - 1)) + (outside - m) / (m * (m - 1)) - 2 * between / (n * m)
        return float((mmd[1:] >= mmd[0]).sum() + 1) / (permutations + 1)

    def neighbours(self) -> dict[str, float]:
        """Density, coverage (Naeem et al. 2020) and recall (Kynkäänniemi et al. 2019), of the 5 nearest neighbours.

        If there are more other points than real ones, the mean over parts of them that are as many: otherwise
        the crowd alone would cover everything. Two sets of one kind have a density of 1, and n real with m other
        points a coverage of about 1 − (n / (n + m))⁵.
        """
        n, m = self.across.shape
        if m > n:
            everything = np.arange(n)
            parts = [
                self.part(everything, np.arange(start, start + n)).neighbours() for start in range(0, m - n + 1, n)
            ]
            return {key: float(np.mean([part[key] for part in parts])) for key in parts[0]}
        k = min(NEIGHBOURS, m - 1, n - 1)
        real_radius, other_radius = (np.partition(d, k, axis=1)[:, k] for d in (self.real, self.other))
        return {
            "density": float((self.across < real_radius[:, None]).sum() / (k * m)),
            "coverage": float((self.across.min(axis=1) < real_radius).mean()),
            "recall": float((self.across < other_radius[None]).any(axis=1).mean()),
        }

    def nearest(self) -> float:
        """The median distance of the other points from the real ones next to them."""
        return float(np.sqrt(np.median(self.across.min(axis=0))))

    def _kernel(self, squared: Floats) -> Floats:
        return np.asarray(np.exp(squared / np.float32(-2 * self.scale)))


def squared_distances(a: Reals, b: Reals) -> Floats:
    """Between points [n, d] and [m, d]: [n, m]."""
    squared = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)[None] - 2 * a @ b.T
    if a is b:
        np.fill_diagonal(squared, 0)
    return np.asarray(np.maximum(squared, 0), np.float32)


def frechet(real: Reals, other: Reals) -> float:
    """Fréchet distance of the normal distributions fitted to points [n, d], [m, d]; d must be small beside n and m.

    |μ₁ − μ₂|² + Tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½) (Dowson and Landau 1982).
    """
    first, second = (np.atleast_2d(np.cov(points.T)) for points in (real, other))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    moved = np.square(real.mean(axis=0) - other.mean(axis=0)).sum()
    return float(moved + np.trace(first) + np.trace(second) - 2 * shared)


def bins(real: Reals, other: Reals, random: np.random.Generator) -> dict[str, float]:
    """Real points are sorted into bins of about 20 by k-means; the other points should fill them alike.

    `ndb` is the share of bins filled significantly differently (Richardson and Weiss 2018), `jsd` the Jensen-Shannon
    divergence of the two fillings, 0 … 1.
    """
    centres = kmeans(real, max(2, len(real) // CLIPS_A_BIN), random)
    p, q = (
        np.bincount(squared_distances(points, centres).argmin(axis=1), minlength=len(centres)) / len(points)
        for points in (real, other)
    )
    pooled = (p * len(real) + q * len(other)) / (len(real) + len(other))
    error = np.sqrt(pooled * (1 - pooled) * (1 / len(real) + 1 / len(other)))
    middle = (p + q) / 2
    terms = [a * np.log2(np.where(a > 0, a, 1) / np.where(middle > 0, middle, 1)) for a in (p, q)]
    return {
        "ndb": float((np.abs(p - q) > SIGNIFICANT * np.maximum(error, 1e-12)).mean()),
        "jsd": float(max(0.0, sum(term.sum() for term in terms) / 2)),
    }


def kmeans(points: Reals, count: int, random: np.random.Generator) -> Reals:
    """Centres [count, d] of points [n, d]: k-means++ (Arthur and Vassilvitskii 2007), then Lloyd's rounds."""
    centres: Reals = points[random.integers(len(points))][None]
    nearest = squared_distances(points, centres)[:, 0].astype(np.float64)
    while len(centres) < count:
        total = nearest.sum()
        chosen = random.choice(len(points), p=nearest / total if total > 0 else None)
        centres = np.concatenate([centres, points[chosen][None]])
        nearest = np.minimum(nearest, squared_distances(points, centres[-1:])[:, 0])
    for _ in range(KMEANS_ROUNDS):
        labels = squared_distances(points, centres).argmin(axis=1)
        moved = np.stack(
            [points[labels == i].mean(axis=0) if (labels == i).any() else c for i, c in enumerate(centres)]
        )
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def wasserstein(real: Reals, other: Reals) -> float:
    """The mean way that values [n], [m] have to be moved to match, over the real ones' interquartile range."""
    places = (np.arange(200) + 0.5) / 200
    spread = float(np.subtract(*np.quantile(real, [0.75, 0.25])))
    way = float(np.abs(np.quantile(real, places) - np.quantile(other, places)).mean())
    # A descriptor that hardly varies has no range to speak of.
    return way / max(spread, 1e-3 * float(np.abs(real).max()), 1e-9)
