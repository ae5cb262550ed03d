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


def interpolate(corners: Sequence[ArrayLike], x: ArrayLike, y: ArrayLike, prior: str) -> Latent:
    """The latents at (x, y), each 0 … 1, between two to four corners: float32 [dim], keeping to the prior.

    `x` and `y` may be arrays [n] of places: then [n, dim]. Two corners are a line, A at x = 0 and B at x = 1; of three,
    y leads from that line to C; four are a pad with A and B at y = 0 and C and D at y = 1. Spherical; for the uniform
    prior taken in the normal domain.
    """
    row = PRIORS[prior]
    if not 2 <= len(corners) <= 4:
        raise ValueError(f"a path has two to four corners, not {len(corners)}")
    points = [np.asarray(corner, np.float64) for corner in corners]
    xs, ys = np.broadcast_arrays(np.atleast_1d(np.asarray(x, np.float64)), np.asarray(y, np.float64))
    if len(points) == 2:
        ys = np.zeros_like(xs)
    normals = [row.to_normal(point)[None] for point in points]
    between = _slerp(normals[0], normals[1], xs)
    if len(normals) > 2:
        between = _slerp(between, normals[2] if len(normals) == 3 else _slerp(normals[2], normals[3], xs), ys)
    found = _clipped(row.from_normal(between), row)
    # The corners themselves come back to the bit, not by way of the normal domain and back.
    ends = {(0.0, 0.0): 0, (1.0, 0.0): 1, (0.0, 1.0): 2, (1.0, 1.0): len(points) - 1}
    for place, at in enumerate(zip(xs.tolist(), ys.tolist(), strict=True)):
        if at in ends:
            found[place] = points[ends[at]].astype(np.float32)
    rows: Latent = found.reshape(*np.broadcast_shapes(np.shape(x), np.shape(y)), -1)
    return rows


def along(z: ArrayLike, direction: ArrayLike, amount: ArrayLike, prior: str) -> Latent:
    """z + amount · direction: float32, like z [dim] or [n, dim]; `amount` is a number, or one for each row [n].

    For the uniform prior the result is clipped to [−1, 1).
    """
    amounts = np.asarray(amount, np.float64)[..., None]
    return _clipped(np.asarray(z, np.float64) + amounts * np.asarray(direction, np.float64), PRIORS[prior])


def truncated(z: ArrayLike, share: ArrayLike, prior: str) -> Latent:
    """z drawn towards the prior's centre: float32, like z. `share` (or one a row) is 1 for z itself, 0 for the centre.

    A share of the distance in the normal domain: what image generators call the truncation trick (Brock et al., 2019,
    section 3.1), here by scaling.
    """
    row = PRIORS[prior]
    shares = np.asarray(share, np.float64)[..., None]
    scaled = _clipped(row.from_normal(shares * row.to_normal(np.asarray(z, np.float64))), row)
    return np.asarray(np.where(shares == 1, np.asarray(z, np.float32), scaled), np.float32)


def axis(seed: int, dim: int) -> Latent:
    """A seeded direction, for instruments that name none: a unit vector, float32 [dim]."""
    vector = _noise(seed, AXIS_STREAM, dim)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def sibling(z: ArrayLike, index: int, size: float, seed: int, prior: str) -> Latent:
    """z moved by a seeded step: float32 [dim], keeping to the prior. Sibling 0 is z itself.

    `size` 0 … 1: none at 0, a sound that has nothing to do with z at 1. In the normal domain it is the turn
    cos φ · x + sin φ · noise with φ = size · π / 2, which leaves the prior's distribution as it is.
    """
    moved: Latent = siblings(np.atleast_2d(np.asarray(z, np.float32)), [index], [size], [seed], prior)[0]
    return moved


def siblings(z: Latent, index: Sequence[int], size: ArrayLike, seed: Sequence[int], prior: str) -> Latent:
    """The siblings of latents z [n, dim], each by an index, size and seed of its own: float32 [n, dim]."""
    row = PRIORS[prior]
    sizes = np.where(np.asarray(index) == 0, 0.0, np.clip(np.asarray(size, np.float64), 0.0, 1.0))
    moves = np.flatnonzero(sizes)
    if not len(moves):
        return np.array(z, np.float32)
    angles = (sizes[moves] * math.pi / 2).tolist()
    noise = np.stack([_noise(seed[at], index[at], z.shape[1]) for at in moves.tolist()])
    cosines, sines = (np.array([[turn(angle)] for angle in angles]) for turn in (math.cos, math.sin))
    moved = np.array(z, np.float32)
    moved[moves] = _clipped(
        row.from_normal(cosines * row.to_normal(np.asarray(z[moves], np.float64)) + sines * noise), row
    )
    return moved


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


def _slerp(a: Reals, b: Reals, t: Reals) -> Reals:
    """Spherical interpolation of the directions, linear of the lengths (Shoemake, 1985): a, b [1 or n, dim], t [n]."""
    share = t[:, None]
    length_a, length_b = (np.sqrt((end * end).sum(-1, keepdims=True)) for end in (a, b))
    straight = (1 - share) * a + share * b
    if min(length_a.min(), length_b.min()) == 0:
        return straight
    unit_a, unit_b = a / length_a, b / length_b
    cosine = np.clip((unit_a * unit_b).sum(-1), -1.0, 1.0)
    angle = np.array([[math.acos(value)] for value in np.broadcast_to(cosine, t.shape).tolist()])
    whole, first, second = (
        np.array([[math.sin(value)] for value in part.ravel().tolist()])
        for part in (angle, (1 - share) * angle, share * angle)
    )
    # In the same direction, or opposite ones, between which no arc is the shortest, the way is straight.
    arc = (first * unit_a + second * unit_b) / np.where(whole < 1e-6, 1.0, whole)
    between = np.where(whole < 1e-6, (1 - share) * unit_a + share * unit_b, arc)
    return np.asarray(between * ((1 - share) * length_a + share * length_b))


def _clipped(z: Reals, prior: Prior) -> Latent:
    return np.clip(z, prior.low, prior.high).astype(np.float32)
