"""Zones: which keys play, and where each key's sound comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from engine import latent
from engine.latent import Latent, Reals
from engine.macro import Target
from engine.origin import Origin, Pin, Space


class Source(Protocol):
    """Where the keys of a zone have their sounds from. `keys` are the zone's own, ascending."""

    @property
    def root(self) -> int | None:
        """The key at which the one sound of all keys is at its own pitch; None where each key has its own sound."""

    def bases(self, keys: tuple[int, ...], chosen: Sequence[int], x: Reals, y: Reals, space: Space) -> Latent:
        """The latents of chosen keys before macros move them: [n, dim]; a path's position is moved by (x, y), [n]."""

    def origin(self, keys: tuple[int, ...], key: int) -> Origin:
        """What the key's sound comes from: its siblings and mutations are steps of it."""

    def origins(self) -> Iterable[Origin]:
        """All that the source names."""

    def with_origin(self, keys: tuple[int, ...], key: int, origin: Origin) -> Source:
        """The same source with another seed or pinned sound at the key."""

    def group(self, keys: tuple[int, ...], key: int) -> int:
        """A number that keys which change their seed together share."""


@dataclass(frozen=True)
class Seeds:
    """Each key its own seed: `seed` for the lowest key, one more for each key above it, or as `explicit` says."""

    seed: int
    explicit: Mapping[int, Origin] = field(default_factory=dict)
    root = None

    def bases(self, keys: tuple[int, ...], chosen: Sequence[int], x: Reals, y: Reals, space: Space) -> Latent:
        return np.stack([space.latent(self.origin(keys, key)) for key in chosen])

    def origin(self, keys: tuple[int, ...], key: int) -> Origin:
        return self.explicit.get(key, (self.seed + key - keys[0]) & latent.MAX_SEED)

    def origins(self) -> Iterable[Origin]:
        return (self.seed, *self.explicit.values())

    def with_origin(self, keys: tuple[int, ...], key: int, origin: Origin) -> Seeds:
        return replace(self, explicit={**self.explicit, key: origin})

    def group(self, keys: tuple[int, ...], key: int) -> int:
        return key


@dataclass(frozen=True)
class Path:
    """A way between two to four sounds. The keys walk it, if `walk` says so, or one sound is played at pitch (`root`).

    The lowest key plays the first corner, the highest the last, those between between; with three or four corners the
    keys walk the diagonal of the pad (`latent.interpolate`). `x` and `y` move all keys.
    """

    corners: tuple[Origin, ...]
    x: float = 0.0
    y: float = 0.0
    walk: bool = True
    root: int | None = None

    def place(self, keys: tuple[int, ...], key: int) -> float:
        return (key - keys[0]) / (keys[-1] - keys[0]) if self.walk and len(keys) > 1 else 0.0

    def at(self, keys: tuple[int, ...], chosen: Sequence[int], x: Reals, y: Reals) -> tuple[Reals, Reals]:
        """Where chosen keys stand between the corners, moved by (x, y): 0 … 1, [n] and [n]."""
        places = np.array([self.place(keys, key) for key in chosen])
        return np.clip(places + self.x + x, 0.0, 1.0), np.clip(places + self.y + y, 0.0, 1.0)

    def bases(self, keys: tuple[int, ...], chosen: Sequence[int], x: Reals, y: Reals, space: Space) -> Latent:
        at_x, at_y = self.at(keys, chosen, x, y)
        return latent.interpolate([space.latent(corner) for corner in self.corners], at_x, at_y, space.prior)

    def origin(self, keys: tuple[int, ...], key: int) -> Origin:
        return self.corners[0]  # one step for all keys, so that neighbours stay neighbours

    def origins(self) -> Iterable[Origin]:
        return self.corners

    def with_origin(self, keys: tuple[int, ...], key: int, origin: Origin) -> Path:
        """The nearest corner's; where the keys do not walk, a seed gives all corners new ones."""
        if not self.walk and isinstance(origin, int):
            return replace(self, corners=tuple((origin + i) & latent.MAX_SEED for i in range(len(self.corners))))
        return self._with(self.group(keys, key), origin)

    def with_corner(self, x: float, y: float, origin: Origin) -> Path:
        """The same path with another sound at the corner next to (x, y), each 0 … 1."""
        above = len(self.corners) > 2 and y >= 0.5
        return self._with(min(2 + round(x), len(self.corners) - 1) if above else round(x), origin)

    def _with(self, corner: int, origin: Origin) -> Path:
        return replace(self, corners=(*self.corners[:corner], origin, *self.corners[corner + 1 :]))

    def group(self, keys: tuple[int, ...], key: int) -> int:
        """The corner that the key's place falls to when the corners are laid out over the keys one after another."""
        return round(self.place(keys, key) * (len(self.corners) - 1))


@dataclass(frozen=True)
class Chromatic:
    """One sound, as it is at `root` and at pitch elsewhere."""

    seed: Origin
    root: int = 60

    def bases(self, keys: tuple[int, ...], chosen: Sequence[int], x: Reals, y: Reals, space: Space) -> Latent:
        return np.stack([space.latent(self.seed)] * len(chosen))

    def origin(self, keys: tuple[int, ...], key: int) -> Origin:
        return self.seed

    def origins(self) -> Iterable[Origin]:
        return (self.seed,)

    def with_origin(self, keys: tuple[int, ...], key: int, origin: Origin) -> Chromatic:
        return replace(self, seed=origin)

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
    layers: int = 1  # of velocity: each has siblings of its own
    velocity: Target | None = None  # what the layers move, from the softest to the hardest
    fresh: bool = False  # a clip that was played is replaced by a new sibling

    def is_locked(self, key: int) -> bool:
        """Whether the key, or one that would change with it, is locked."""
        group = self.source.group(self.keys, key)
        return any(self.source.group(self.keys, other) == group for other in self.locked)

    def transpose(self, key: int) -> float:
        """Semitones by which the key plays its sound higher than it is."""
        return 0.0 if self.source.root is None else float(key - self.source.root)

    @property
    def variants(self) -> int:
        """Clips of a key: `layers` times `siblings`."""
        return self.layers * self.siblings

    def slot_key(self, key: int) -> int:
        """The key whose clips a key plays: where all keys share one sound, the root's, as in the native clip table."""
        return key if self.source.root is None else self.source.root

    def pins(self) -> list[Pin]:
        """The sounds that were found or pasted rather than seeded."""
        return [origin for origin in self.source.origins() if isinstance(origin, Pin)]

    def slots(self) -> list[tuple[int, int]]:
        """(slot key, variant) of all its clips, each once."""
        keys = dict.fromkeys(self.slot_key(key) for key in self.keys)
        return [(key, variant) for key in keys for variant in range(self.variants)]
