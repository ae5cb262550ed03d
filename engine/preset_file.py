"""The text of a preset: TOML read strictly, with the place and the reason of every mistake, and written again."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from engine import macro, parameters
from engine._native import MAX_LAYERS, MAX_SIBLINGS, MAX_ZONES
from engine.errors import UserError
from engine.keys import format_keys, parse_key, parse_keys
from engine.latent import MAX_SEED
from engine.macro import Macro, Target, Trigger
from engine.origin import Origin, Pin
from engine.preset import Preset, eight
from engine.sound_string import SoundString
from engine.zone import Chromatic, Seeds, Zone
from engine.zone import Path as PathSource

FORMAT = 1
MAX_FILE_BYTES = 16 << 20  # far more than 64 zones full of pinned sounds
T = TypeVar("T")
_MISSING: Any = object()
_BARE = re.compile(r"[\w-]+", re.ASCII)


# ——— reading ———


class Table:
    """A TOML table being read: every value is taken with its check, and `done` complains about what is left over."""

    def __init__(self, values: Any, place: str) -> None:
        self.place = place
        if not isinstance(values, dict):
            raise ValueError(f"{place}: must be a table")
        self.values = dict(values)
        self.known: list[str] = []

    def take(self, key: str, check: Callable[[Any], T], default: T = _MISSING) -> T:
        """The checked value of a key. Raises ValueError with the place if it is wrong, or missing without a default."""
        self.known.append(key)
        if key not in self.values:
            if default is _MISSING:
                raise ValueError(f"{self.place}: {key!r} is missing")
            return default
        try:
            return check(self.values.pop(key))
        except ValueError as error:
            raise ValueError(f"{self.place}: {key!r}: {error}") from error

    def done(self) -> None:
        """Raises ValueError for the first key that nobody took, suggesting the nearest that there is."""
        for key in self.values:
            near = difflib.get_close_matches(key, self.known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(self.known))}"
            raise ValueError(f"{self.place}: unknown key {key!r}; {hint}")

    def fail(self, reason: str) -> ValueError:
        """The error to raise for something wrong with the table as a whole."""
        return ValueError(f"{self.place}: {reason}")


def read(path: Path) -> Preset:
    """Reads and checks a preset's file. Raises UserError naming the file, the place and the reason."""
    if not path.is_file():
        raise UserError(f"The preset {path} does not exist; check the name.")
    if (size := path.stat().st_size) > MAX_FILE_BYTES:  # a film, say, that would fill the memory
        raise UserError(f"{path} has {size >> 20} MiB, too much for a preset; is it one?")
    try:
        # Editors on Windows put a byte order mark before the text.
        text = path.read_text(encoding="utf-8-sig")
    except ValueError as error:
        raise _no_toml(str(path), error) from error
    return read_text(text, str(path))


def read_text(text: str, label: str) -> Preset:
    """Reads and checks the text of a preset's file, which the errors call `label`. Raises UserError."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: no TOML, or a number of thousands of digits
        raise _no_toml(label, error) from error
    try:
        return parse(values)
    except ValueError as error:
        raise UserError(f"{label}: {error}" + ("" if str(error).endswith("?") else ".")) from error


def _no_toml(label: str, error: Exception) -> UserError:
    return UserError(f"{label} is not a preset, since it is not valid TOML: {error}.")


def parse(values: Mapping[str, Any]) -> Preset:
    """The preset that a file's values mean. Raises ValueError naming the place and the reason."""
    top = Table(values, "the preset")
    top.take("format", _format)
    preset = Preset(
        name=top.take("name", _name),
        instrument_name=top.take("instrument", _name),
        about=top.take("about", _string, ""),
        zones=tuple(top.take("zone", lambda rows: _rows(rows, "zone", _zone))),
        macros=eight(top.take("macro", _macros, [])),
        play=top.take("play", lambda row: _parameters(Table(row, "[play]"), "play"), {}),
        **top.take("random", lambda row: _random(Table(row, "[random]")), _Triggers()),
    )
    top.done()
    _check_whole(preset)
    return preset


def _format(value: Any) -> None:
    if value != FORMAT or isinstance(value, bool):
        raise ValueError(f"must be {FORMAT}, not {value!r}; a newer preset needs a newer version of ProducerGAN")


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text, not {value!r}")
    return value


def _name(value: Any) -> str:
    if not _string(value).strip():
        raise ValueError("must not be empty")
    return _string(value)


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {value!r}")
        return value

    return check


def _number(low: float, high: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}, not {value!r}")
        return float(value)

    return check


_seed = _whole(0, MAX_SEED)


def _one_of(words: Iterable[str]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"must be {' or '.join(repr(word) for word in words)}, not {value!r}")
        return value

    return check


def _key(value: Any) -> int:
    return parse_key(value) if isinstance(value, str) else _whole(0, 127)(value)


def _keys(value: Any) -> tuple[int, ...]:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f'must be keys such as "36-51" or "C2-C5", not {value!r}')
    return parse_keys(str(value))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"must be a list, not {value!r}")
    return value


def _rows(values: Any, kind: str, build: Callable[[Table], T]) -> list[T]:
    rows = []
    for number, row in enumerate(_list(values), 1):
        name = row.get("name") if isinstance(row, dict) else None
        rows.append(build(Table(row, f"[[{kind}]] {number}" + (f" ({name})" if isinstance(name, str) else ""))))
    return rows


def _parameters(table: Table, scope: str) -> dict[str, float]:
    taken = {row.id: table.take(row.id, row.read, _MISSING) for row in _present(table, scope)}
    table.known += parameters.of_scope(scope)
    table.done()
    return taken


def _present(table: Table, scope: str) -> list[parameters.Parameter]:
    return [row for row in parameters.of_scope(scope).values() if row.id in table.values]


class _Triggers(TypedDict, total=False):
    new_last: Trigger | None
    new_all: Trigger | None


def _random(table: Table) -> _Triggers:
    triggers = _Triggers(
        new_last=table.take("last_key", lambda value: Trigger.parse(_string(value)), None),
        new_all=table.take("all_keys", lambda value: Trigger.parse(_string(value)), None),
    )
    table.done()
    return triggers


def _origin(value: Any) -> Origin:
    """A seed, a sound string, or a table of a sound string and the moves that stood when it was pinned."""
    if isinstance(value, int):
        return _seed(value)
    if not isinstance(value, dict):
        return Pin(_sound_string(value))
    table = Table(value, "it")
    pin = Pin(table.take("sound", _sound_string), table.take("since", _since, {}))
    table.done()
    return pin


def _sound_string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a seed or a sound string, not {value!r}")
    try:
        return str(SoundString.parse(value))
    except UserError as error:
        raise ValueError(str(error).removesuffix(".")) from error


def _since(values: Any) -> dict[str, float]:
    return {_move_name(name): _number(-1e6, 1e6)(amount) for name, amount in Table(values, "'since'").values.items()}


def _move_name(name: str) -> str:
    """A latent target, mutations with the macro that makes them (0: the velocity layers)."""
    target, _, knob = name.rpartition(":") if name.startswith(f"{macro.MUTATE}:") else (name, "", "")
    latent = _target_name(target) in macro.LATENT_RANGES or target.startswith((macro.DIRECTION, macro.AXIS))
    whole = (target == macro.MUTATE) == bool(knob) and (not knob or knob in map(str, range(macro.MACROS + 1)))
    if not latent or not whole:
        raise ValueError(f"there is no move {name!r}; copy the sound again")
    return name


def _explicit(values: Any) -> dict[int, Origin]:
    explicit = {}
    for text, origin in Table(values, "it").values.items():
        try:
            explicit[parse_key(text)] = _origin(origin)
        except ValueError as error:
            raise ValueError(f"{text!r}: {error}") from error
    return explicit


def _corners(value: Any) -> tuple[Origin, ...]:
    if not 2 <= len(_list(value)) <= 4:
        raise ValueError(f"must be a list of two to four seeds, not {value!r}")
    return tuple(_origin(origin) for origin in value)


def _path(table: Table) -> PathSource:
    root = table.take("root", _key, None)
    walk = table.take("walk", _switch, root is None)
    if walk and root is not None:
        raise table.fail(
            "'walk' and 'root' do not go together: one sound is played at pitch, or the keys walk the path"
        )
    place = _number(-1, 1) if walk else _number(0, 1)
    return PathSource(
        table.take("corners", _corners), table.take("x", place, 0.0), table.take("y", place, 0.0), walk, root
    )


_ORIGIN_0: Origin = 0

SOURCES: dict[str, Callable[[Table], Seeds | PathSource | Chromatic]] = {
    "seeds": lambda table: Seeds(table.take("seed", _seed, 0), table.take("seeds", _explicit, {})),
    "path": _path,
    "chromatic": lambda table: Chromatic(table.take("seed", _origin, _ORIGIN_0), table.take("root", _key, 60)),
}


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def _velocity(table: Table, layers: int) -> Target | None:
    """What velocity layers move; they are worth nothing without it."""
    to = table.take("velocity_to", _target_name, None)
    ends = table.take("velocity_range", _ends(to or macro.MUTATE), (0.0, 0.5))
    if layers > 1 and to is None:
        raise table.fail(
            "'layers' need a 'velocity_to': what hard strokes move, such as \"mutate\" or \"direction:NAME\""
        )
    if to is None:
        return None
    if layers == 1:
        raise table.fail("'velocity_to' needs 'layers' of 2 or more: how many clips lie between soft and hard")
    target = Target(to, *ends)
    if not target.is_latent:
        raise table.fail(
            f"'velocity_to' moves the sound itself, so it cannot be {to!r}; see 'velocity_track' for the level"
        )
    return target


def _zone(table: Table) -> Zone:
    name = table.take("name", _name)
    keys = table.take("keys", _keys)
    source = SOURCES[table.take("source", _one_of(SOURCES))](table)
    siblings = table.take("siblings", _whole(1, MAX_SIBLINGS), 1)
    spread = table.take("spread", _number(0, 1), 0.1)
    layers = table.take("layers", _whole(1, MAX_LAYERS), 1)
    velocity = _velocity(table, layers)
    fresh = table.take("fresh", _switch, False)
    unlocked: frozenset[int] = frozenset()
    locked = table.take("locked", lambda value: frozenset(_key(key) for key in _list(value)), unlocked)
    values = _parameters(table, "zone")
    outside = sorted({*locked, *(source.explicit if isinstance(source, Seeds) else ())} - set(keys))
    if outside:
        raise table.fail(f"the key {outside[0]} has a seed or lock but is not among its keys, {format_keys(keys)}")
    rows = parameters.of_scope("zone")
    start, end = (values.get(key, rows[key].default) for key in ("loop_start", "loop_end"))
    if start >= end:
        raise table.fail(f"'loop_start' ({start:g}) must be before 'loop_end' ({end:g})")
    return Zone(name, keys, source, values, siblings, spread, locked, layers, velocity, fresh)


def _macros(values: Any) -> list[Macro]:
    macros = _rows(values, "macro", _macro)
    ids = [knob.id for knob in macros]
    for number in ids:
        if ids.count(number) > 1:
            raise ValueError(f"two macros have the id {number}; there are eight, each once")
    return macros


def _macro(table: Table) -> Macro:
    number = table.take("id", _whole(1, macro.MACROS))
    table.place = f"[[macro]] {number}"
    built = Macro(
        number,
        table.take("name", _name),
        table.take("position", _number(0, 1), 0.0),
        table.take("controller", _controller, None),
        tuple(table.take("targets", lambda rows: _rows(rows, "target", _target), [])),
        table.take("minimum", _number(0, 1), 0.0),
        table.take("maximum", _number(0, 1), 1.0),
        table.take("pick_up", _switch, False),
    )
    table.done()
    return built


def _controller(value: Any) -> int:
    if isinstance(value, str):
        return macro.SOURCES[_one_of(macro.SOURCES)(value)]
    if isinstance(value, int) and macro.MAX_CONTROLLER < value <= 127:
        raise ValueError(f"cannot be {value}: the controllers from 120 on are MIDI's own commands")
    return _whole(0, macro.MAX_CONTROLLER)(value)


def _target(table: Table) -> Target:
    to = table.take("to", _target_name)
    table.place += f" ({to})"
    row = next((row for row in parameters.table() if row.id == to), None)
    usual = (row.minimum, row.maximum) if row else macro.LATENT_RANGES.get(to, _MISSING)
    ends = table.take("range", _ends(to), usual)
    curve = table.take("curve", _one_of(("linear", "exponential")), "linear")
    if curve == "exponential" and ends[0] * ends[1] <= 0:
        raise table.fail(
            f"an exponential curve cannot reach or pass zero, so its range cannot be {ends[0]:g} to {ends[1]:g}"
        )
    target = Target(to, float(ends[0]), float(ends[1]), curve, table.take("zone", _name, None))
    table.done()
    return target


def _ends(to: str) -> Callable[[Any], tuple[float, float]]:
    """Reads a range of what a target may be given."""
    row = next((row for row in parameters.table() if row.id == to), None)
    # A path is moved either way; how far a direction may go, the instrument's user knows.
    limits = {macro.MORPH_X: (-1.0, 1.0), macro.MORPH_Y: (-1.0, 1.0), macro.TRUNCATION: (0.0, macro.MOST_TRUNCATION)}
    low, high = (row.minimum, row.maximum) if row else limits.get(to, (-1e3, 1e3))

    def check(value: Any) -> tuple[float, float]:
        ends = [_number(low, high)(end) for end in _list(value)]
        if len(ends) != 2:
            raise ValueError("must be two numbers, for the lowest position and for the highest")
        return ends[0], ends[1]

    return check


def _target_name(value: Any) -> str:
    text = _string(value)
    named = text.startswith(macro.DIRECTION) and text != macro.DIRECTION
    plain = [*macro.LATENT_RANGES, *(row.id for row in parameters.table())]
    if text.startswith(macro.AXIS):
        macro.axis_seed(text)
    elif not named and text not in plain:
        near = difflib.get_close_matches(text, plain, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are direction:NAME, axis:SEED, {', '.join(plain)}"
        raise ValueError(f"there is no target {text!r}; {hint}")
    return text


def _check_whole(preset: Preset) -> None:
    """What no row can see alone."""
    if not 1 <= len(preset.zones) <= MAX_ZONES:
        raise ValueError(f"the preset: it has {len(preset.zones)} zones; it must have 1 to {MAX_ZONES}")
    names = [zone.name for zone in preset.zones]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the preset: two zones are named {name!r}; give each its own name")
    claimed: dict[int, int] = {}
    for knob in preset.macros:
        if knob.controller is not None and claimed.setdefault(knob.controller, knob.id) != knob.id:
            raise ValueError(
                f"[[macro]] {knob.id}: controller {knob.controller} is macro {claimed[knob.controller]}'s already"
            )
        for target in knob.targets:
            _check_target(preset, knob, target)
    if preset.new_last is not None and preset.new_last == preset.new_all:
        raise ValueError(
            f"[random]: {preset.new_last} cannot be both 'last_key' and 'all_keys'; choose another for one"
        )
    for trigger in (preset.new_last, preset.new_all):
        if trigger is not None and trigger.kind == "cc" and trigger.number in claimed:
            raise ValueError(f"[random]: controller {trigger.number} is macro {claimed[trigger.number]}'s already")


def _check_target(preset: Preset, knob: Macro, target: Target) -> None:
    place = f"[[macro]] {knob.id} ({target.to})"
    zones = {zone.name: zone for zone in preset.zones}
    if target.zone is not None and target.zone not in zones:
        raise ValueError(f"{place}: there is no zone {target.zone!r}; there are {', '.join(zones)}")
    if target.zone is not None and target.to in parameters.of_scope("play"):
        raise ValueError(f"{place}: this holds for the whole preset, so it cannot name a zone")
    reached = [zones[target.zone]] if target.zone is not None else list(preset.zones)
    if target.to.startswith("morph") and not any(isinstance(zone.source, PathSource) for zone in reached):
        raise ValueError(f"{place}: only a zone with the source 'path' can be morphed, and there is none")


# ——— writing ———


def write(preset: Preset) -> str:
    """The preset's file: what `read` reads back as an equal preset."""
    play = parameters.of_scope("play")
    parts = [
        _pairs({"format": FORMAT, "name": preset.name, "about": preset.about, "instrument": preset.instrument_name}),
        _section("[play]", {key: play[key].written(value) for key, value in preset.play.items()}),
        _section("[random]", {"last_key": preset.new_last, "all_keys": preset.new_all}),
        *(_section("[[zone]]", _zone_values(zone)) for zone in preset.zones),
        *(_section("[[macro]]", _macro_values(knob)) for knob in preset.macros if knob != eight([])[knob.id - 1]),
    ]
    return "\n".join(part for part in parts if part)


def source_values(source: Seeds | PathSource | Chromatic) -> dict[str, Any]:
    """A zone's source as the keys of its table."""
    match source:
        case Seeds(seed, explicit):
            by_key = {str(key): _origin_value(explicit[key]) for key in sorted(explicit)}
            return {"source": "seeds", "seed": seed, "seeds": by_key or None}
        case PathSource(corners, x, y, walk, root):
            still = {} if walk else {"root": root} if root is not None else {"walk": False}
            return {"source": "path", "corners": [_origin_value(corner) for corner in corners], "x": x, "y": y, **still}
        case Chromatic(seed, root):
            return {"source": "chromatic", "seed": _origin_value(seed), "root": root}


def _origin_value(origin: Origin) -> Any:
    if isinstance(origin, int):
        return origin
    return {"sound": origin.text, "since": dict(origin.since)} if origin.since else origin.text


def _zone_values(zone: Zone) -> dict[str, Any]:
    rows = parameters.of_scope("zone")
    return {
        "name": zone.name,
        "keys": format_keys(zone.keys),
        **source_values(zone.source),
        "siblings": zone.siblings,
        "spread": zone.spread,
        **({"layers": zone.layers} if zone.layers > 1 else {}),
        **(
            {"velocity_to": zone.velocity.to, "velocity_range": [zone.velocity.low, zone.velocity.high]}
            if zone.velocity
            else {}
        ),
        "fresh": zone.fresh or None,
        "locked": sorted(zone.locked) or None,
        **{key: rows[key].written(value) for key, value in zone.parameters.items()},
    }


def _macro_values(knob: Macro) -> dict[str, Any]:
    targets = [
        {"to": target.to, "range": [target.low, target.high], "curve": target.curve, "zone": target.zone}
        for target in knob.targets
    ]
    return {
        "id": knob.id,
        "name": knob.name,
        "position": knob.position,
        "controller": macro_source(knob.controller),
        "minimum": knob.minimum or None,
        "maximum": knob.maximum if knob.maximum < 1 else None,
        "pick_up": knob.pick_up or None,
        "targets": targets or None,
    }


def macro_source(controller: int | None) -> int | str | None:
    """What moves a macro as a preset's text has it: a controller's number or a word of `macro.SOURCES`."""
    return next((word for word, number in macro.SOURCES.items() if number == controller), controller)


def _section(head: str, values: Mapping[str, Any]) -> str:
    body = _pairs(values)
    return f"{head}\n{body}" if body else ""


def _pairs(values: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in values.items() if value is not None)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        pairs = (
            f"{key if _BARE.fullmatch(key) else json.dumps(key)} = {_toml(item)}"
            for key, item in value.items()
            if item is not None
        )
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    # JSON's text is TOML's but for the one control character that JSON leaves as it is.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007F")
