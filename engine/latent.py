"""Latents: seeds, priors, paths, directions and siblings. Pure functions, the same on every platform for ever."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Latent = NDArray[np.float32]
Reals = NDArray[np.float64]

MAX_SEED = 2**64 - 1
AXIS_STREAM = 2**63  # streams below it are the siblings', stream 0 the seed's own sound
LAST_BELOW_ONE = float(np.nextafter(np.float32(1), np.float32(0)))  # the greatest float32 of [−1, 1)

_NORMAL = NormalDist()


def _inverse_normal(u: Reals) -> Reals:
    return np.array([_NORMAL.inv_cdf(p) for p in u.ravel().tolist()]).reshape(u.shape)


def _normal_distribution(x: Reals) -> Reals:
    return np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in x.ravel().tolist()]).reshape(x.shape)


def _uniform_to_normal(z: Reals) -> Reals:
    # The prior's edge, −1, would be at minus infinity.
    return _inverse_normal(np.clip((z + 1) / 2, 2.0**-54, 1 - 2.0**-53))


@dataclass(frozen=True)
class Prior:
    """What latents an instrument was trained on: a row of the table of priors."""

    name: str
    from_unit: Callable[[Reals], Reals]  # u in (0, 1) → the prior
    to_normal: Callable[[Reals], Reals]  # the prior → the normal domain, in which paths and steps are taken
    from_normal: Callable[[Reals], Reals]
    low: float
    high: float


PRIORS = {
    prior.name: prior
    for prior in (
        Prior(
            "uniform",
            from_unit=lambda u: 2 * u - 1,
            to_normal=_uniform_to_normal,
            from_normal=lambda x: 2 * _normal_distribution(x) - 1,
            low=-1.0,
            high=LAST_BELOW_ONE,
        ),
        Prior(
            "normal",
            from_unit=_inverse_normal,
            to_normal=lambda z: z,
            from_normal=lambda x: x,
            low=-math.inf,
            high=math.inf,
        ),
    )
}


def from_seed(seed: int, dim: int, prior: str) -> Latent:
    """The latent of a seed, 0 … 2⁶⁴ − 1: float32 [dim], the same on every platform and version.

    Philox4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011) with the seed as key and
    counter 0; u = (word >> 11 + ½) · 2⁻⁵³ is mapped to the prior.
    """
    row = PRIORS[prior]
    return _clipped(row.from_unit(_unit(seed, 0, dim)), row)


def from_seeds(seeds: Iterable[int], dim: int, prior: str) -> Latent:
    """The latents of seeds, one or more: float32 [seeds, dim]."""
    return np.stack([from_seed(seed, dim, prior) for seed in seeds])


def interpolate(corners: Sequence[ArrayLike], x: float, y: float, prior: str) -> Latent:
    """The latent at (x, y), each 0 … 1, between two to four corners: float32 [dim], keeping to the prior.

    Two corners are a line, A at x = 0 and B at x = 1; of three, y leads from that line to C; four are a pad with
    A and B at y = 0 and C and D at y = 1. Spherical; for the uniform prior taken in the normal domain.
    """
    row = PRIORS[prior]
    if not 2 <= len(corners) <= 4:
        raise ValueError(f"a path has two to four corners, not {len(corners)}")
    points = [np.asarray(corner, np.float64) for corner in corners]
    # The corners themselves come back to the bit, not by way of the normal domain and back.
    ends = {(0.0, 0.0): 0, (1.0, 0.0): 1, (0.0, 1.0): 2, (1.0, 1.0): len(points) - 1}
    if len(points) == 2:
        y = 0.0
    if (x, y) in ends:
        return points[ends[x, y]].astype(np.float32)
    normals = [row.to_normal(point) for point in points]
    first = _slerp(normals[0], normals[1], x)
    if len(normals) > 2:
        first = _slerp(first, normals[2] if len(normals) == 3 else _slerp(normals[2], normals[3], x), y)
    return _clipped(row.from_normal(first), row)


def along(z: ArrayLike, direction: ArrayLike, amount: float, prior: str) -> Latent:
    """z + amount · direction: float32 [dim]. For the uniform prior the result is clipped to [−1, 1)."""
    return _clipped(np.asarray(z, np.float64) + amount * np.asarray(direction, np.float64), PRIORS[prior])


def axis(seed: int, dim: int) -> Latent:
    """A seeded direction, for instruments that name none: a unit vector, float32 [dim]."""
    vector = _noise(seed, AXIS_STREAM, dim)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def sibling(z: ArrayLike, index: int, size: float, seed: int, prior: str) -> Latent:
    """z moved by a seeded step: float32 [dim], keeping to the prior. Sibling 0 is z itself.

    `size` 0 … 1: none at 0, a sound that has nothing to do with z at 1. In the normal domain it is the turn
    cos φ · x + sin φ · noise with φ = size · π / 2, which leaves the prior's distribution as it is.
    """
    row = PRIORS[prior]
    if index == 0 or size == 0:
        return np.array(z, np.float32)
    normal = row.to_normal(np.asarray(z, np.float64))
    angle = min(max(size, 0.0), 1.0) * math.pi / 2
    moved = math.cos(angle) * normal + math.sin(angle) * _noise(seed, index, normal.size)
    return _clipped(row.from_normal(moved), row)


@functools.lru_cache(maxsize=4096)
def _noise(seed: int, stream: int, dim: int) -> Reals:
    """Normal noise of a seed and stream, kept because a knob that moves asks for the same again and again."""
    noise = _inverse_normal(_unit(seed, stream, dim))
    noise.flags.writeable = False
    return noise


def _unit(seed: int, stream: int, dim: int) -> Reals:
    """`dim` numbers in (0, 1). Philox has a key of 128 bits: the seed is its low half, the stream the high one."""
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"a seed is a whole number from 0 to {MAX_SEED}, not {seed}")
    words = np.random.Philox(key=seed | stream << 64, counter=0).random_raw(dim)
    return ((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _slerp(a: Reals, b: Reals, t: float) -> Reals:
    """Spherical interpolation of the directions, linear of the lengths (Shoemake, 1985)."""
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if min(lengths) == 0:
        return (1 - t) * a + t * b
    a, b = a / lengths[0], b / lengths[1]
    angle = math.acos(min(1.0, max(-1.0, float(a @ b))))
    if math.sin(angle) < 1e-6:  # the same direction, or opposite ones, between which no arc is the shortest
        between = (1 - t) * a + t * b
    else:
        between = (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)
    return between * ((1 - t) * lengths[0] + t * lengths[1])


def _clipped(z: Reals, prior: Prior) -> Latent:
    return np.clip(z, prior.low, prior.high).astype(np.float32)
