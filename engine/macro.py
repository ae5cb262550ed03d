"""Macros: eight knobs of a preset, each moving latents or sampler parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.latent import MAX_SEED

MACROS = 8
MAX_CONTROLLER = 119  # those above are channel mode messages: all sound off, reset, all notes off …

MORPH_X, MORPH_Y, MUTATE = "morph_x", "morph_y", "mutate"
DIRECTION, AXIS = "direction:", "axis:"
# Target → its range unless the preset says another. A path's position is moved by what a morph target gives.
LATENT_RANGES = {MORPH_X: (0.0, 1.0), MORPH_Y: (0.0, 1.0), MUTATE: (0.0, 1.0)}


@dataclass(frozen=True)
class Target:
    """What a macro moves: `to` is "morph_x", "morph_y", "mutate", "direction:NAME", "axis:SEED" or a parameter's id."""

    to: str
    low: float  # at position 0
    high: float  # at position 1; lower than `low` to turn the knob's sense round
    curve: str = "linear"  # or "exponential", for ranges on one side of zero
    zone: str | None = None  # a zone's name; all zones unless said

    @property
    def is_latent(self) -> bool:
        """Whether it changes which sound is played, not how the sampler plays it."""
        return self.to in LATENT_RANGES or self.to.startswith((DIRECTION, AXIS))

    def at(self, position: float) -> float:
        """The value at a position 0 … 1 of the macro."""
        position = min(1.0, max(0.0, position))
        if self.curve == "exponential":
            return float(self.low * (self.high / self.low) ** position)
        return self.low + (self.high - self.low) * position


@dataclass(frozen=True)
class Macro:
    """One of the eight knobs. Ids never change; names may."""

    id: int  # 1 … 8
    name: str
    position: float = 0.0  # 0 … 1, where it stands when the preset is loaded
    controller: int | None = None  # MIDI controller, 0 … 119
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Trigger:
    """A controller (any value above 63) or a note that sets something off: "cc 20", "note 24"."""

    kind: str  # "cc" or "note"
    number: int

    @classmethod
    def parse(cls, text: str) -> Trigger:
        """Raises ValueError with the reason."""
        match = re.fullmatch(r"(cc|note) (\d+)", text)
        if not match or int(match[2]) > 127:
            raise ValueError(f"must be a controller such as 'cc 20' or a note such as 'note 24', not {text!r}")
        if match[1] == "cc" and int(match[2]) > MAX_CONTROLLER:
            raise ValueError(f"cannot be controller {match[2]}: those from 120 on are MIDI's own commands")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


def axis_seed(to: str) -> int:
    """The seed of "axis:SEED". Raises ValueError with the reason."""
    text = to.removeprefix(AXIS)
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise ValueError(f"must be 'axis:' and a seed such as 'axis:7', not {to!r}")
    return int(text)
