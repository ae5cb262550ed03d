"""Zones: which keys play, and where each key's sound comes from."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from engine import latent
from engine.latent import Latent


@dataclass(frozen=True)
class Space:
    """The latent space of an instrument: its dimensions and prior."""

    dim: int
    prior: str

    def seed(self, seed: int) -> Latent:
        """The latent of a seed, read-only."""
        return _seeded(seed, self.dim, self.prior)


@functools.lru_cache(maxsize=4096)
def _seeded(seed: int, dim: int, prior: str) -> Latent:
    """Kept, because a knob that moves asks for the same seeds again and again."""
    z = latent.from_seed(seed, dim, prior)
    z.flags.writeable = False
    return z


class Source(Protocol):
    """Where the keys of a zone have their sounds from. Keys are given with the zone's own, ascending."""

    def base(self, keys: tuple[int, ...], key: int, x: float, y: float, space: Space) -> Latent:
        """The key's latent before macros move it, with a path's position moved by (x, y)."""

    def step_seed(self, keys: tuple[int, ...], key: int) -> int:
        """The seed of the steps that siblings and mutation take from that latent."""

    def transpose(self, key: int) -> float:
        """Semitones by which the key plays the sound higher than it is."""

    def with_seed(self, keys: tuple[int, ...], key: int, seed: int) -> Source:
        """The same source with another seed at the key."""

    def group(self, keys: tuple[int, ...], key: int) -> int:
        """A number that keys which change their seed together share."""


@dataclass(frozen=True)
class Seeds:
    """Each key its own seed: `seed` for the lowest key, one more for each key above it, or as `explicit` says."""

    seed: int
    explicit: Mapping[int, int] = field(default_factory=dict)

    def seed_of(self, keys: tuple[int, ...], key: int) -> int:
        return self.explicit.get(key, (self.seed + key - keys[0]) & latent.MAX_SEED)

    def base(self, keys: tuple[int, ...], key: int, x: float, y: float, space: Space) -> Latent:
        return space.seed(self.seed_of(keys, key))

    def step_seed(self, keys: tuple[int, ...], key: int) -> int:
        return self.seed_of(keys, key)

    def transpose(self, key: int) -> float:
        return 0.0

    def with_seed(self, keys: tuple[int, ...], key: int, seed: int) -> Seeds:
        return replace(self, explicit={**self.explicit, key: seed})

    def group(self, keys: tuple[int, ...], key: int) -> int:
        return key


@dataclass(frozen=True)
class Path:
    """A way between two to four seeds: the lowest key plays the first, the highest the last, those between between.

    With three or four corners the keys walk the diagonal of the pad (`latent.interpolate`). `x` and `y` move all keys.
    """

    corners: tuple[int, ...]
    x: float = 0.0
    y: float = 0.0

    def place(self, keys: tuple[int, ...], key: int) -> float:
        return (key - keys[0]) / (keys[-1] - keys[0]) if len(keys) > 1 else 0.0

    def base(self, keys: tuple[int, ...], key: int, x: float, y: float, space: Space) -> Latent:
        place = self.place(keys, key)
        at_x, at_y = (min(1.0, max(0.0, place + own + moved)) for own, moved in ((self.x, x), (self.y, y)))
        return latent.interpolate([space.seed(corner) for corner in self.corners], at_x, at_y, space.prior)

    def step_seed(self, keys: tuple[int, ...], key: int) -> int:
        return self.corners[0]  # one step for all keys, so that neighbours stay neighbours

    def transpose(self, key: int) -> float:
        return 0.0

    def with_seed(self, keys: tuple[int, ...], key: int, seed: int) -> Path:
        changed = self.group(keys, key)
        return replace(self, corners=tuple(seed if i == changed else old for i, old in enumerate(self.corners)))

    def group(self, keys: tuple[int, ...], key: int) -> int:
        """The corner that the key's place falls to when the corners are laid out over the keys one after another."""
        return round(self.place(keys, key) * (len(self.corners) - 1))


@dataclass(frozen=True)
class Chromatic:
    """One sound, as it is at `root` and at pitch elsewhere."""

    seed: int
    root: int = 60

    def base(self, keys: tuple[int, ...], key: int, x: float, y: float, space: Space) -> Latent:
        return space.seed(self.seed)

    def step_seed(self, keys: tuple[int, ...], key: int) -> int:
        return self.seed

    def transpose(self, key: int) -> float:
        return float(key - self.root)

    def with_seed(self, keys: tuple[int, ...], key: int, seed: int) -> Chromatic:
        return replace(self, seed=seed)

    def group(self, keys: tuple[int, ...], key: int) -> int:
        return 0


@dataclass(frozen=True)
class Zone:
    """Keys that share a source of sound and the sampler's zone parameters (id → value, those that are not default)."""

    name: str
    keys: tuple[int, ...]  # ascending
    source: Seeds | Path | Chromatic
    parameters: Mapping[str, float] = field(default_factory=dict)
    siblings: int = 1  # clips in the round robin of a key, the sound itself among them
    spread: float = 0.1  # how far the others are from it, 0 … 1 (`latent.sibling`)
    locked: frozenset[int] = frozenset()  # keys that keep their sound when seeds are drawn

    def is_locked(self, key: int) -> bool:
        """Whether the key, or one that would change with it, is locked."""
        group = self.source.group(self.keys, key)
        return any(self.source.group(self.keys, other) == group for other in self.locked)

    def transpose(self, key: int) -> float:
        """Semitones by which the key plays its sound higher than it is."""
        return self.source.transpose(key)
