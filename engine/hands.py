"""Where the player's hands stand: what, beside the preset, decides which sound each key has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Slot = tuple[int, int, int]  # zone index, key, variant: layer · siblings + sibling


@dataclass(frozen=True)
class Hands:
    """Macro id → position 0 … 1; a macro left out stands where the preset puts it.

    `touches` has the positions of macros that a single key moves (poly pressure, MPE): key → macro id → position. A key
    without one stands where the preset puts such a macro. `turns` counts how often a slot of a `fresh` zone was played.
    `morph` moves every path by so much, (x, y), beside what macros do: a pad that is nobody's macro.
    """

    positions: Mapping[int, float] = field(default_factory=dict)
    touches: Mapping[int, Mapping[int, float]] = field(default_factory=dict)
    turns: Mapping[Slot, int] = field(default_factory=dict)
    morph: tuple[float, float] = (0.0, 0.0)
