"""What the player's hands say about which sound is played: macros, new seeds, locks, undo."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from engine.errors import UserError
from engine.hands import Hands, Slot
from engine.keys import key_name
from engine.knobs import Knobs
from engine.learn import Learn
from engine.macro import MORPH_X, MORPH_Y, Trigger
from engine.moves import slot_moves, zone_moves
from engine.origin import Origin, Pin, Space
from engine.preset import Preset
from engine.sound import Sound
from engine.sound_string import SoundString
from engine.zone import Path as PathSource

UNDO_STEPS = 100
RECENT_KEYS = 8


class Controls:
    """The preset as it stands under the player's hands. Fed with MIDI messages, in the order of their time.

    `version` grows with every change of what is wanted. `draw` is where new seeds come from; `before` are the knobs of
    the preset that was played before. One thread at a time.
    """

    def __init__(self, preset: Preset, draw: random.Random, before: Knobs | None = None) -> None:
        self.preset = preset
        self.knobs = Knobs(preset, before)
        self.turns: dict[Slot, int] = {}  # how often a slot of a fresh zone was played
        self._heard: dict[tuple[int, int], tuple[int, int]] = {}  # (zone, key) → variant and turn played last
        self.version = 0
        self.recent: list[tuple[int, int]] = []  # (zone, key), the newest first
        self.last_key: int | None = None
        self.learning: Learn | None = None
        self.program: int | None = None  # the program that was asked for last, until somebody takes it
        self._draw = draw
        self._undo: list[Preset] = []
        self._channel = int(preset.play.get("channel", 0))
        self._high: set[int] = set()  # trigger controllers that stand above the middle

    @property
    def positions(self) -> dict[int, float]:
        """Where the macros stand: id → 0 … 1."""
        return self.knobs.positions

    @property
    def hands(self) -> Hands:
        """A copy of everything beside the preset that decides which sound each key has."""
        return self.knobs.hands(self.turns)

    def handle(self, message: bytes) -> bool:
        """Takes in a MIDI message; True if it changed what is wanted."""
        if not self._is_ours(message):
            return False
        if self.learning is not None and self.learning.hear(message):
            return False
        kind, number, value = message[0] & 0xF0, message[1], message[-1]
        if kind == 0x90 and value:
            if self._is_trigger("note", number):
                return self._pull("note", number)
            self._played(number)
        elif kind == 0xB0:
            if self._rises(number, value) and self._pull("cc", number):
                return True
        elif kind == 0xC0:
            self.program = number
        moved = self.knobs.handle(self.preset, message)
        self.version += moved
        return moved

    def _is_ours(self, message: bytes) -> bool:
        whole = bool(message) and len(message) == (2 if message[0] & 0xE0 == 0xC0 else 3)
        return whole and (not self._channel or message[0] & 0x0F == self._channel - 1)

    def _played(self, key: int) -> None:
        zones = [index for index, zone in enumerate(self.preset.zones) if key in zone.keys]
        if zones:
            self.last_key = key
            struck = [(index, key) for index in zones]
            self.recent = (struck + [pair for pair in self.recent if pair not in struck])[:RECENT_KEYS]

    def _rises(self, number: int, value: int) -> bool:
        """Whether a controller has come past the middle from below, where a trigger is pulled."""
        rises = value >= 64 and number not in self._high
        if value >= 64:
            self._high.add(number)
        else:
            self._high.discard(number)
        return rises

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
        return self.last_key is not None and self.new_seed(self.last_key)

    def new_seed(self, key: int) -> bool:
        """Gives a key a new seed, unless it is locked."""
        return self._change(self.preset.with_new_seed(key, self._draw))

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
        self.lock(key, locked)
        return locked

    def lock(self, key: int, on: bool) -> bool:
        """Locks a key against new seeds, or frees it."""
        preset = self.preset
        for index, zone in enumerate(preset.zones):
            if key in zone.keys:
                preset = preset.with_lock(index, key, on)
        return self._change(preset)

    def undo(self) -> bool:
        """Takes back the last new seed, lock, pasted sound or learnt controller."""
        if not self._undo:
            return False
        self.preset = self._undo.pop()
        self.version += 1
        return True

    def move(self, macro: int, position: float) -> bool:
        """Moves a macro, 1 … 8, to 0 … 1, as a page or a program does."""
        moved = self.knobs.set(macro, position)
        self.version += moved
        return moved

    def struck(self, slots: Iterable[Slot]) -> None:
        """These slots began to sound: what is copied of a key is what was heard of it last."""
        for index, key, variant in slots:
            self._heard[index, key] = variant, self.turns.get(self.preset.own_slot((index, key, variant)), 0)

    def used(self, slots: Iterable[Slot]) -> bool:
        """These slots were played and are silent again: those of a fresh zone get a new sibling."""
        own = {self.preset.own_slot(slot) for slot in slots}
        fresh = [slot for slot in own if self.preset.zones[slot[0]].fresh]
        for slot in fresh:
            self.turns[slot] = self.turns.get(slot, 0) + 1
        self.version += bool(fresh)
        return bool(fresh)

    # ——— MIDI learn ———

    def learn(self, macro: int) -> None:
        """Arms a macro, 1 … 8: the controller that is moved next is to be its own."""
        self.learning = Learn.of(self.preset.macros[macro - 1])

    def learnt(self) -> str:
        """Binds the controller that was moved, and says so. Raises ValueError with a sentence that says why not."""
        assert self.learning is not None
        preset, sentence = self.learning.done(self.preset)
        self.knobs.release(self.learning.macro)
        self.learning = None
        self._change(preset)
        return sentence

    # ——— sound strings ———

    def copy(self, chosen: Slot | None = None) -> SoundString | None:
        """The sound string of a slot, or of the last played key as it was heard last, as the knobs stand now."""
        place = self._last_slot() if chosen is None else (chosen, self.turns.get(self.preset.own_slot(chosen), 0))
        if place is None:
            return None
        slot, turn = place
        preset, instrument = self.preset, self.preset.opened
        sound = preset.sound(*slot, replace(self.hands, turns={**self.turns, preset.own_slot(slot): turn}))
        zone = preset.zones[slot[0]]
        origin = zone.source.origin(zone.keys, slot[1])
        assert sound is not None
        space = Space(instrument.latent_dim, instrument.prior)
        if isinstance(origin, int) and sound.z().tobytes() == space.latent(origin).tobytes():
            return SoundString.of_seed(instrument.digest, origin)
        return SoundString.of_latent(instrument.digest, sound.z())

    def paste(self, text: str, chosen: Slot | None = None) -> str:
        """Gives the key of a slot, or the last played one, the sound of a sound string; a sentence that says so.

        It is that sound wherever the knobs stand. On a path the corner next to where the key stands takes the sound,
        since what lies between is made of corners. Raises UserError if no key was played, or if the text is no sound
        string of this instrument.
        """
        string = SoundString.parse(text)
        string.check(self.preset.opened)
        if chosen is None:
            place = self._last_slot()
            if place is None:
                raise UserError("Play a key first: the sound is put on it.")
            chosen, _ = place
        slot = chosen
        index, key, _ = slot
        zone = self.preset.zones[index]
        if isinstance(zone.source, PathSource):
            moves = zone_moves(zone, self.preset.macros, [slot[1:]], self.hands)
            (x,), (y,) = zone.source.at(zone.keys, [key], moves[MORPH_X], moves[MORPH_Y])
            source = zone.source.with_corner(float(x), float(y), _origin(string, {}))
            self._change(self.preset.with_zone(index, replace(zone, source=source)))
            return f"The corner of the path next to {key_name(key)} has the sound now."
        origin = _origin(string, slot_moves(self.preset, slot, self.hands))
        own = self.preset.own_slot((index, key, 0))[:2]
        self.turns = {other: turn for other, turn in self.turns.items() if other[:2] != own}
        self._change(self.preset.with_origin(index, key, origin))
        return f"{key_name(key)} has the sound now."

    def _last_slot(self) -> tuple[Slot, int] | None:
        """The slot of the last played key that was heard last, in the first zone with that key, and its turn then."""
        place = next((pair for pair in self.recent if pair[1] == self.last_key), None)
        if place is None:
            return None
        variant, turn = self._heard.get(place, (0, 0))
        return (*place, variant), turn

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
        return self.preset.sounds(self.hands)

    def values(self) -> dict[tuple[int | None, str], float]:
        """Every sampler parameter, as the controls stand."""
        return self.preset.parameters(self.positions)


def _origin(string: SoundString, since: Mapping[str, float]) -> Origin:
    """A seed as it is where nothing moves it, anything else pinned."""
    return string.seed if string.seed is not None and not since else Pin(str(string), since)
