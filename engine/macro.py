"""Macros: eight knobs of a preset, each moving latents or sampler parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine import _native
from engine.latent import MAX_SEED

MACROS = _native.MACROS
MAX_CONTROLLER = 119  # those above are channel mode messages: all sound off, reset, all notes off …

# What moves a macro beside controllers 0 to 119.
PRESSURE, POLY_PRESSURE = _native.PRESSURE, _native.POLY_PRESSURE
SOURCES = {"pressure": PRESSURE, "poly pressure": POLY_PRESSURE}

MORPH_X, MORPH_Y, MUTATE, TRUNCATION = "morph_x", "morph_y", "mutate", "truncation"
DIRECTION, AXIS = "direction:", "axis:"
# Target → its range unless the preset says another. A path's position is moved by what a morph target gives.
LATENT_RANGES = {MORPH_X: (0.0, 1.0), MORPH_Y: (0.0, 1.0), MUTATE: (0.0, 1.0), TRUNCATION: (0.0, 1.0)}
MOST_TRUNCATION = 2.0  # beyond the prior's own distance, as far as it may be of use


@dataclass(frozen=True)
class Target:
    """What a macro moves: `to` is a name of LATENT_RANGES, "direction:NAME", "axis:SEED" or a parameter's id."""

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
        return _native.on_curve(self.low, self.high, self.curve == "exponential", position)


@dataclass(frozen=True)
class Macro:
    """One of the eight knobs. Ids never change; names may."""

    id: int  # 1 … 8
    name: str
    position: float = 0.0  # 0 … 1, where it stands when the preset is loaded
    controller: int | None = None  # MIDI controller, 0 … 119, or one of SOURCES
    targets: tuple[Target, ...] = ()
    minimum: float = 0.0  # position at the controller's lowest value, 0 … 1
    maximum: float = 1.0  # and at its highest; lower than `minimum` to invert it
    pick_up: bool = False  # the controller moves it only once it has come past where the macro stands

    def position_of(self, value: int) -> float:
        """The position that a controller's value 0 … 127 means."""
        return self.minimum + (self.maximum - self.minimum) * value / 127


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


def source_name(controller: int) -> str:
    """What moves a macro, in words: "CC 16", "pressure"."""
    return next((word for word, number in SOURCES.items() if number == controller), f"CC {controller}")


def axis_seed(to: str) -> int:
    """The seed of "axis:SEED". Raises ValueError with the reason."""
    text = to.removeprefix(AXIS)
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise ValueError(f"must be 'axis:' and a seed such as 'axis:7', not {to!r}")
    return int(text)
