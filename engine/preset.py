"""Presets: what each key sounds like, and what the eight macros move. Pure once loaded, and never changed in place."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine import _native, macro, moves, parameters
from engine.data import DEFAULT_PRESET, find_instrument, find_preset, names_file
from engine.errors import UserError
from engine.files import write_text
from engine.hands import Hands, Slot
from engine.instrument import Instrument
from engine.macro import Macro, Target, Trigger
from engine.origin import Origin
from engine.sound import Sound
from engine.zone import Seeds, Zone

DRAWN_SEED_BITS = 32  # drawn seeds are short enough to read out


@dataclass(frozen=True)
class Preset:
    """A preset. `open`, `load` and `for_instrument` make one that can play, `read` one that can only be looked at.

    Wherever `positions` stands it is macro id → position 0 … 1; a macro left out stands where the preset puts it.
    """

    name: str
    instrument_name: str  # as the file has it: a bundled name, or a path from the preset's folder
    zones: tuple[Zone, ...]
    macros: tuple[Macro, ...] = ()
    play: Mapping[str, float] = field(default_factory=dict)  # play parameter id → value, those that are not default
    about: str = ""
    new_last: Trigger | None = None  # gives the last played key a new seed
    new_all: Trigger | None = None  # gives all keys new seeds
    instrument: Instrument | None = field(default=None, compare=False)

    # ——— from and to files ———

    @classmethod
    def open(
        cls, text: str | os.PathLike[str] = DEFAULT_PRESET, opened: Callable[[Path], Instrument] = Instrument.open
    ) -> Preset:
        """What a user's text names, ready to play: a preset's file or bundled name, or an instrument's file.

        Its instrument is opened by `opened`. Raises UserError.
        """
        path = find_preset(text)
        return cls.for_instrument(path, opened) if path.suffix.lower() == ".onnx" else cls.load(path, opened)

    @classmethod
    def read(cls, path: str | Path) -> Preset:
        """Reads and checks a preset's file without its instrument. Raises UserError naming the place and the reason."""
        from engine import preset_file

        return preset_file.read(Path(path))

    @classmethod
    def load(cls, path: str | Path, opened: Callable[[Path], Instrument] = Instrument.open) -> Preset:
        """Reads a preset and opens its instrument, by `opened`. Raises UserError naming the place and the reason."""
        path = Path(path)
        return cls.read(path)._opened(str(path), path.parent, opened)

    @classmethod
    def of_text(
        cls, text: str, label: str, folder: Path, opened: Callable[[Path], Instrument] = Instrument.open
    ) -> Preset:
        """As `load`, of the text of a preset's file that would lie in `folder`; the errors call it `label`."""
        from engine import preset_file

        return preset_file.read_text(text, label)._opened(label, folder, opened)

    def _opened(self, label: str, folder: Path, opened: Callable[[Path], Instrument]) -> Preset:
        try:
            instrument = opened(find_instrument(self.instrument_name, folder))
        except UserError as error:
            raise UserError(f"{label}: {error}") from error
        try:
            return self.on(instrument)
        except ValueError as error:
            raise UserError(f"{label}: {error}.") from error

    def on(self, instrument: Instrument) -> Preset:
        """The same preset on an opened instrument. Raises ValueError for a direction or pinned sound that it lacks."""
        named = [(f"[[macro]] {knob.id}", target) for knob in self.macros for target in knob.targets]
        named += [(f"the zone {zone.name!r}", zone.velocity) for zone in self.zones if zone.velocity is not None]
        for place, target in named:
            name = target.to.removeprefix(macro.DIRECTION)
            if target.to.startswith(macro.DIRECTION) and name not in instrument.directions:
                known = ", ".join(instrument.directions) or "none; use 'axis:SEED' instead"
                raise ValueError(f"{place}: the instrument {instrument.name} has no direction {name!r}; it has {known}")
        for zone in self.zones:
            for pin in zone.pins():
                try:
                    pin.string.check(instrument)
                    moves.check_moves(pin.since, instrument)
                except UserError as error:
                    raise ValueError(f"the zone {zone.name!r}: {str(error).removesuffix('.')}") from error
        return replace(self, instrument=instrument)

    @classmethod
    def for_instrument(cls, path: str | Path, opened: Callable[[Path], Instrument] = Instrument.open) -> Preset:
        """The preset for playing a bare instrument: a seed for each of the keys 36 to 96, its favourites first."""
        instrument = opened(Path(path))
        keys = tuple(range(36, 97))
        favourites = dict(zip(keys, (favourite.seed for favourite in instrument.favourites), strict=False))
        shapes = {"mode": 0.0} if instrument.seconds < 2 else {"mode": 1.0, "release": 0.3}
        ways = [Target(macro.DIRECTION + name, *row.range) for name, row in instrument.directions.items()]
        ways += [Target(f"{macro.AXIS}{seed}", -4.0, 4.0) for seed in (1, 2)]
        knobs = (
            ("Mutate", 0.0, 1, Target(macro.MUTATE, 0.0, 0.6)),
            (_label(ways[0]), 0.5, 16, ways[0]),
            (_label(ways[1]), 0.5, 17, ways[1]),
            ("Tune", 0.5, 18, Target("tune", -12.0, 12.0)),
            ("Start", 0.0, 19, Target("start", 0.0, 0.5)),
        )
        return cls(
            name=instrument.name,
            instrument_name=str(instrument.path.resolve()),
            zones=(Zone("keys", keys, Seeds(0, favourites), shapes),),
            macros=eight(Macro(i, name, at, cc, (to,)) for i, (name, at, cc, to) in enumerate(knobs, 1)),
            about="Every key its own sound.",
            instrument=instrument,
        )

    def save(self, path: str | Path) -> None:
        """Writes the preset's file, whole or not at all. Raises UserError unless the path ends in .toml."""
        from engine import preset_file

        path = Path(path)
        if path.suffix != ".toml":
            raise UserError(f"A preset's file must end in .toml, so it cannot be {path}.")
        preset = self
        if self.instrument is not None and names_file(self.instrument_name):
            there, folder = self.instrument.path.resolve(), path.parent.resolve()
            name = there.relative_to(folder).as_posix() if there.is_relative_to(folder) else str(there)
            preset = replace(self, instrument_name=name)
        text = preset_file.write(preset)
        try:
            write_text(path, text)
        except UnicodeEncodeError as error:
            raise UserError(
                f"{path} cannot be written: a name in it is no text; rename the instrument's file."
            ) from error

    # ——— what to play ———

    def sound(self, zone_index: int, key: int, variant: int, hands: Hands | Mapping[int, float]) -> Sound | None:
        """What a key of a zone sounds like, or None if the zone has no such key or variant. [thread-safe]

        `hands` may be the macros' positions alone. How macros move a key's latent is told by `moves.latents`.
        """
        zone = self.zones[zone_index]
        if key not in zone.keys or not 0 <= variant < zone.variants:
            return None
        _, own, _ = self.own_slot((zone_index, key, variant))
        (z,) = moves.latents(self, zone_index, [(own, variant)], _hands(hands))
        return Sound.of(self.opened.digest, z)

    def sounds(self, hands: Hands | Mapping[int, float]) -> dict[Slot, Sound]:
        """(zone index, key, variant) → sound, of everything that can be played. [thread-safe]"""
        found: dict[Slot, Sound] = {}
        for index, zone in enumerate(self.zones):
            slots = zone.slots()
            zs = moves.latents(self, index, slots, _hands(hands))
            sounds = {slot: Sound.of(self.opened.digest, z) for slot, z in zip(slots, zs, strict=True)}
            for key in zone.keys:
                for variant in range(zone.variants):
                    found[index, key, variant] = sounds[self.own_slot((index, key, variant))[1:]]
        return found

    def own_slot(self, slot: Slot) -> Slot:
        """The slot whose clip a slot plays: the native clip table's."""
        index, key, variant = slot
        return index, self.zones[index].slot_key(key), variant

    def parameters(self, positions: Mapping[int, float]) -> dict[tuple[int | None, str], float]:
        """(zone index, id) → value of every zone parameter, (None, id) → value of every play parameter. [thread-safe]

        A macro's value takes the place of the preset's; of two macros on one parameter the later counts.
        """
        values: dict[tuple[int | None, str], float] = {}
        for index, zone in enumerate(self.zones):
            for row in parameters.of_scope("zone").values():
                values[index, row.id] = zone.parameters.get(row.id, row.default)
        for row in parameters.of_scope("play").values():
            values[None, row.id] = self.play.get(row.id, row.default)
        for knob in self.macros:
            for target in knob.targets:
                value = target.at(positions.get(knob.id, knob.position))
                if target.to in parameters.of_scope("play"):
                    values[None, target.to] = _native.stepped("play", target.to, value)
                elif target.to in parameters.of_scope("zone"):
                    for index, zone in enumerate(self.zones):
                        if target.zone in (None, zone.name):
                            values[index, target.to] = _native.stepped("zone", target.to, value)
        return values

    @property
    def positions(self) -> dict[int, float]:
        """Where the macros stand when the preset is loaded."""
        return {knob.id: knob.position for knob in self.macros}

    @property
    def claimed_controllers(self) -> frozenset[int]:
        """The MIDI controllers that are a macro's or a trigger's, and so nobody else's."""
        knobs = (knob.controller for knob in self.macros if knob.controller is not None and knob.controller < 128)
        return frozenset(knobs) | self._triggers("cc")

    @property
    def claimed_notes(self) -> frozenset[int]:
        """The notes that draw new seeds, and so sound nothing even where a zone has them."""
        return self._triggers("note")

    def _triggers(self, kind: str) -> frozenset[int]:
        triggers = (self.new_last, self.new_all)
        return frozenset(trigger.number for trigger in triggers if trigger and trigger.kind == kind)

    # ——— changing it ———

    def with_origin(self, zone_index: int, key: int, origin: Origin) -> Preset:
        """Another seed or pinned sound: a key's own, the nearest corner of a path, the sound of a chromatic zone."""
        zone = self.zones[zone_index]
        return self.with_zone(zone_index, replace(zone, source=zone.source.with_origin(zone.keys, key, origin)))

    def with_lock(self, zone_index: int, key: int, locked: bool) -> Preset:
        """The key locked against new seeds, or free."""
        zone = self.zones[zone_index]
        changed = zone.locked | {key} if locked else zone.locked - {key}
        return self.with_zone(zone_index, replace(zone, locked=frozenset(changed)))

    def with_position(self, macro_id: int, position: float) -> Preset:
        """A macro moved, for saving where the knobs stand."""
        moved = (replace(knob, position=position) if knob.id == macro_id else knob for knob in self.macros)
        return replace(self, macros=tuple(moved))

    def with_new_seed(self, key: int, draw: random.Random) -> Preset:
        """A new seed for a key in every zone that has it and where it is not locked."""
        return self._drawn(draw, lambda other: other == key)

    def with_new_seeds(self, draw: random.Random) -> Preset:
        """New seeds for all keys that are not locked."""
        return self._drawn(draw, lambda other: True)

    def _drawn(self, draw: random.Random, chosen: Callable[[int], bool]) -> Preset:
        preset = self
        for index, zone in enumerate(self.zones):
            done = set()
            for key in zone.keys:
                group = zone.source.group(zone.keys, key)
                if chosen(key) and group not in done and not zone.is_locked(key):
                    done.add(group)
                    preset = preset.with_origin(index, key, draw.getrandbits(DRAWN_SEED_BITS))
        return preset

    def with_zone(self, index: int, zone: Zone) -> Preset:
        """Another zone in the place of one."""
        return replace(self, zones=(*self.zones[:index], zone, *self.zones[index + 1 :]))

    @property
    def opened(self) -> Instrument:
        """The instrument. Raises ValueError if the preset was only read."""
        if self.instrument is None:
            raise ValueError("the preset was only read; load it to play it")
        return self.instrument


def _hands(given: Hands | Mapping[int, float]) -> Hands:
    return given if isinstance(given, Hands) else Hands(given)


def eight(macros: Iterable[Macro]) -> tuple[Macro, ...]:
    """All eight macros: those given, and the others without a target."""
    given = {knob.id: knob for knob in macros}
    return tuple(given.get(number, Macro(number, f"Macro {number}")) for number in range(1, macro.MACROS + 1))


def _label(target: Target) -> str:
    kind, _, name = target.to.partition(":")
    return name.capitalize() if kind == "direction" else f"Axis {name}"
