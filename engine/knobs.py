"""The eight macros under the player's controllers: soft take-over, pressure, and MPE's controllers for single keys."""

from __future__ import annotations

from collections.abc import Mapping

from engine.hands import Hands, Slot
from engine.macro import POLY_PRESSURE, PRESSURE, Macro
from engine.mpe import MpeZone
from engine.preset import Preset

RESET = 121  # the controller that resets all others
CAUGHT = 1.5 / 127  # so near, a controller has reached the macro: its own step, and a half for rounding


class Knobs:
    """Where the macros stand. Fed with what controllers say; `False` from a method means that nothing has changed.

    A controller of a macro with `pick_up` moves it only once it has come to where the macro stands, or past it.
    """

    def __init__(self, preset: Preset, mpe: MpeZone) -> None:
        self.positions: dict[int, float] = dict(preset.positions)
        self._rest = dict(preset.positions)
        self.touches: dict[int, dict[int, float]] = {}  # key → macro id → position
        self._meant: dict[int, float] = {}  # macro id → where its controller stands
        self._caught: set[int] = set()
        self._mpe = mpe
        mpe.follow(int(preset.play.get("mpe_members", 0)), int(preset.play.get("channel", 0)))
        self._keys: dict[int, int] = {}  # MPE member channel → the key that sounds there
        self._channel_values: dict[int, dict[int, int]] = {}  # member channel → controller → value

    def hands(self, turns: Mapping[Slot, int]) -> Hands:
        """A copy of where the hands stand."""
        return Hands(dict(self.positions), {key: dict(touch) for key, touch in self.touches.items()}, dict(turns))

    def set(self, macro: int, position: float) -> bool:
        """Moves a macro by other means than its controller."""
        position = min(1.0, max(0.0, position))
        if self.positions[macro] == position:
            return False
        self.positions[macro] = position
        self._caught.discard(macro)
        return True

    def release(self, macro: int) -> None:
        """Its controller is another one now."""
        self._caught.discard(macro)
        self._meant.pop(macro, None)

    def note_on(self, macros: tuple[Macro, ...], channel: int, key: int) -> bool:
        """A key begins without pressure, in MPE with what its channel said before."""
        touch: dict[int, float] = {}
        if self._mpe.is_member(channel):
            self._keys[channel] = key
            said = self._channel_values.get(channel, {})
            touch = {m.id: m.position_of(said[m.controller]) for m in macros if m.controller in said}
        if self.touches.get(key, {}) == touch:
            return False
        ended = self.touches.pop(key, {})
        if touch:
            self.touches[key] = touch
            self.positions.update(touch)
        for macro in ended:
            if all(macro not in other for other in self.touches.values()):
                self.positions[macro] = self._rest[macro]
        return True

    def poly_pressure(self, macros: tuple[Macro, ...], key: int, value: int) -> bool:
        """One key is pressed harder."""
        return self._touch(macros, key, POLY_PRESSURE, value)

    def pressure(self, macros: tuple[Macro, ...], channel: int, value: int) -> bool:
        """All keys of a channel are pressed harder."""
        return self.control(macros, channel, PRESSURE, value)

    def control(self, macros: tuple[Macro, ...], channel: int, controller: int, value: int) -> bool:
        """A controller moves its macro; on a member channel of MPE for that channel's key alone."""
        if self._mpe.control(channel, controller, value):
            self.touches, self._keys, self._channel_values = {}, {}, {}
        if controller == RESET:
            return self._let_up(macros)
        if self._mpe.is_member(channel):
            self._channel_values.setdefault(channel, {})[controller] = value
            key = self._keys.get(channel)
            return key is not None and self._touch(macros, key, controller, value)
        moved = False
        for macro in macros:
            if macro.controller == controller and macro.targets:
                moved |= self._move(macro, macro.position_of(value))
        return moved

    def _let_up(self, macros: tuple[Macro, ...]) -> bool:
        """Pressure is back at nothing; what knobs stand at, they stand at."""
        moved = bool(self.touches)
        self.touches, self._channel_values = {}, {}
        for macro in macros:
            if macro.controller in (PRESSURE, POLY_PRESSURE) and self.positions[macro.id] != macro.position_of(0):
                self.positions[macro.id] = macro.position_of(0)
                moved = True
        return moved

    def _touch(self, macros: tuple[Macro, ...], key: int, controller: int, value: int) -> bool:
        moved = False
        for macro in macros:
            if macro.controller == controller and macro.targets:
                position = macro.position_of(value)
                moved |= self.touches.get(key, {}).get(macro.id) != position
                self.touches.setdefault(key, {})[macro.id] = position
                # What cannot be a single key's (a sampler parameter, a sound that all keys share) follows the newest.
                self.positions[macro.id] = position
        return moved

    def _move(self, macro: Macro, meant: float) -> bool:
        here, before = self.positions[macro.id], self._meant.get(macro.id)
        self._meant[macro.id] = meant
        if macro.pick_up and macro.id not in self._caught:
            passed = before is not None and (before - here) * (meant - here) <= 0
            if not passed and abs(meant - here) > CAUGHT:
                return False
        self._caught.add(macro.id)
        self.positions[macro.id] = meant
        return here != meant
