"""Where a sound comes from before anything moves it: a seed, or a pinned sound that was found or pasted."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine import latent
from engine.latent import Latent
from engine.sound_string import SoundString


@dataclass(frozen=True)
class Pin:
    """A sound by its sound string. `since` has the moves that stood when it was pinned: only what goes beyond counts.

    So a pasted sound is the very sound that was copied, wherever the knobs stand, and moves from there on.
    """

    text: str
    since: Mapping[str, float] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def string(self) -> SoundString:
        """The sound string. Raises UserError if it is none."""
        return SoundString.parse(self.text)


Origin = int | Pin


@dataclass(frozen=True)
class Space:
    """The latent space of an instrument: its dimensions and prior."""

    dim: int
    prior: str

    def latent(self, origin: Origin) -> Latent:
        """The latent of a seed or pinned sound: float32 [dim], read-only. Raises UserError if a pin does not fit."""
        return _latent(origin if isinstance(origin, int) else origin.text, self.dim, self.prior)


def step_seed(origin: Origin) -> int:
    """The seed of the steps that siblings and mutation take from an origin."""
    return origin if isinstance(origin, int) else zlib.crc32(origin.text.encode())


@functools.lru_cache(maxsize=4096)
def _latent(origin: int | str, dim: int, prior: str) -> Latent:
    """Kept, because a knob that moves asks for the same seeds again and again."""
    z = (
        latent.from_seed(origin, dim, prior)
        if isinstance(origin, int)
        else SoundString.parse(origin).latent(dim, prior)
    )
    z.flags.writeable = False
    return z
