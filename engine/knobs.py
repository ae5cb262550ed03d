"""The eight macros under the player's controllers, as the native layer works them out, told in a preset's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import _native, parameters
from engine.hands import Hands, Slot
from engine.macro import Macro, Target
from engine.preset import Preset, eight


class Knobs:
    """Where the macros stand: soft take-over, pressure, and MPE's controllers for single keys (see `knobs.hpp`).

    `before` are the knobs of the preset that was played before: what the keyboard said of its MPE zone holds on.
    """

    def __init__(self, preset: Preset, before: Knobs | None = None) -> None:
        members, channel = int(preset.play.get("mpe_members", 0)), int(preset.play.get("channel", 0))
        self._native = _native.Knobs(native_macros(preset), members, channel)
        self._macros = preset.macros  # what the native knobs have been told
        if before is not None:
            self.follow(before)

    def follow(self, before: Knobs) -> None:
        """What the keyboard told other knobs of its MPE zone holds on, unless this preset has other members."""
        self._native.follow(before._native)

    @property
    def positions(self) -> dict[int, float]:
        """Macro id → 0 … 1, of the preset's macros."""
        positions = self._native.positions
        return {knob.id: positions[knob.id - 1] for knob in self._macros}

    @property
    def touches(self) -> dict[int, dict[int, float]]:
        """Key → macro id → 0 … 1, of the macros that a single key has moved."""
        return {
            key: {at + 1: position for at, position in touch.items()} for key, touch in self._native.touches.items()
        }

    def hands(self, turns: Mapping[Slot, int]) -> Hands:
        """A copy of where the hands stand."""
        return Hands(self.positions, self.touches, dict(turns))

    def handle(self, preset: Preset, message: bytes) -> bool:
        """Takes in a whole MIDI message; True if a macro moved. `preset` as it stands: its macros learn controllers."""
        if preset.macros is not self._macros:
            self._native.bind(native_macros(preset))
            self._macros = preset.macros
        return self._native.handle(message)

    def set(self, macro: int, position: float) -> bool:
        """Moves a macro by other means than its controller; True if it moved."""
        return self._native.set(macro - 1, position)

    def release(self, macro: int) -> None:
        """Its controller is another one now."""
        self._native.release(macro - 1)


def native_macros(preset: Preset) -> list[dict[str, Any]]:
    """The preset's macros as `_native.Knobs` takes them."""
    return [_native_macro(preset, knob) for knob in eight(preset.macros)]


def _native_macro(preset: Preset, knob: Macro) -> dict[str, Any]:
    return {
        "position": knob.position,
        "controller": knob.controller,
        "minimum": knob.minimum,
        "maximum": knob.maximum,
        "pick_up": knob.pick_up,
        "used": bool(knob.targets),
        "targets": [row for target in knob.targets if not target.is_latent for row in _native_targets(preset, target)],
    }


def _native_targets(preset: Preset, target: Target) -> list[tuple[str, int | None, str, float, float, bool]]:
    scope = "play" if target.to in parameters.of_scope("play") else "zone"
    named = [index for index, zone in enumerate(preset.zones) if zone.name == target.zone]
    zones = [None] if scope == "play" or target.zone is None else named
    return [(scope, zone, target.to, target.low, target.high, target.curve == "exponential") for zone in zones]
