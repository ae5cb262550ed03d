"""What the player's hands say about which sound is played: macros, new seeds, locks, undo."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

from engine.macro import Trigger
from engine.plan import Slot
from engine.preset import Preset
from engine.sound import Sound

UNDO_STEPS = 100
RECENT_KEYS = 8


class Controls:
    """The preset as it stands under the player's hands. Fed with MIDI messages, in the order of their time.

    `version` grows with every change of what is wanted. `draw` is where new seeds come from. One thread at a time.
    """

    def __init__(self, preset: Preset, draw: random.Random) -> None:
        self.preset = preset
        self.positions = dict(preset.positions)
        self.version = 0
        self.recent: list[tuple[int, int]] = []  # (zone, key), the newest first
        self.last_key: int | None = None
        self._draw = draw
        self._undo: list[Preset] = []
        self._channel = int(preset.play.get("channel", 0))
        self._high: set[int] = set()  # trigger controllers that stand above the middle

    def handle(self, message: bytes) -> bool:
        """Takes in a MIDI message; True if it changed what is wanted."""
        if not self._is_ours(message):
            return False
        kind, number, value = message[0] & 0xF0, message[1], message[2]
        if kind == 0x90 and value:
            return self._note(number)
        if kind == 0xB0:
            return self._controller(number, value)
        return False

    def reacts_to(self, message: bytes) -> bool:
        """Whether a message may change what is wanted: a macro's controller, or what draws new seeds."""
        if not self._is_ours(message):
            return False
        kind, number = message[0] & 0xF0, message[1]
        if kind == 0x90:
            return message[2] > 0 and self._is_trigger("note", number)
        return kind == 0xB0 and number in self.preset.claimed_controllers

    def _is_ours(self, message: bytes) -> bool:
        return len(message) == 3 and (not self._channel or message[0] & 0x0F == self._channel - 1)

    def _note(self, key: int) -> bool:
        if self._is_trigger("note", key):
            return self._pull("note", key)
        zones = [index for index, zone in enumerate(self.preset.zones) if key in zone.keys]
        if zones:
            self.last_key = key
            struck = [(index, key) for index in zones]
            self.recent = (struck + [pair for pair in self.recent if pair not in struck])[:RECENT_KEYS]
        return False

    def _controller(self, number: int, value: int) -> bool:
        if value >= 64 and number not in self._high:
            self._high.add(number)
            if self._pull("cc", number):
                return True
        elif value < 64:
            self._high.discard(number)
        moved = False
        for macro in self.preset.macros:
            position = value / 127
            if macro.controller == number and macro.targets and self.positions[macro.id] != position:
                self.positions[macro.id] = position
                moved = True
        self.version += moved
        return moved

    def _is_trigger(self, kind: str, number: int) -> bool:
        return Trigger(kind, number) in (self.preset.new_last, self.preset.new_all)

    def _pull(self, kind: str, number: int) -> bool:
        if self.preset.new_last == Trigger(kind, number):
            return self.new_last()
        if self.preset.new_all == Trigger(kind, number):
            return self.new_all()
        return False

    def new_last(self) -> bool:
        """Gives the last played key a new seed, unless it is locked."""
        if self.last_key is None:
            return False
        return self._change(self.preset.with_new_seed(self.last_key, self._draw))

    def new_all(self) -> bool:
        """Gives all keys that are not locked a new seed."""
        return self._change(self.preset.with_new_seeds(self._draw))

    def toggle_lock(self) -> bool | None:
        """Locks the last played key against new seeds, or frees it. Returns whether it is locked now."""
        key = self.last_key
        zones = [index for index, zone in enumerate(self.preset.zones) if key is not None and key in zone.keys]
        if key is None or not zones:
            return None
        locked = not all(key in self.preset.zones[index].locked for index in zones)
        preset = self.preset
        for index in zones:
            preset = preset.with_lock(index, key, locked)
        self._change(preset)
        return locked

    def undo(self) -> bool:
        """Takes back the last new seed or lock."""
        if not self._undo:
            return False
        self.preset = self._undo.pop()
        self.version += 1
        return True

    def save(self, path: Path) -> None:
        """Writes the preset with its present seeds and the knobs where they stand."""
        preset = self.preset
        for macro_id, position in self.positions.items():
            preset = preset.with_position(macro_id, position)
        replace(preset, name=path.stem).save(path)

    def _change(self, preset: Preset) -> bool:
        if preset == self.preset:
            return False
        self._undo = [*self._undo, self.preset][-UNDO_STEPS:]
        self.preset = preset
        self.version += 1
        return True

    # ——— what follows from it ———

    def sounds(self) -> dict[Slot, Sound]:
        """The sound of every slot, as the controls stand."""
        return self.preset.sounds(self.positions)

    def values(self) -> dict[tuple[int | None, str], float]:
        """Every sampler parameter, as the controls stand."""
        return self.preset.parameters(self.positions)
