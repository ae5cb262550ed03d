"""The text of presets: every mistake is named with its place and reason, and what is written is read back equal."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import parameters, preset_file
from engine.data import bundled_presets
from engine.errors import UserError
from engine.macro import Macro, Target, Trigger
from engine.origin import Pin
from engine.preset import Preset, eight
from engine.zone import Chromatic, Seeds, Zone
from engine.zone import Path as PathSource

HEAD = 'format = 1\nname = "Test"\ninstrument = "tiny.onnx"\n'
KIT = '[[zone]]\nname = "kit"\nkeys = "36-39"\nsource = "seeds"\n'
WAY = '[[zone]]\nname = "way"\nkeys = "60"\nsource = "path"\n'
MACRO = '[[macro]]\nid = 1\nname = "M"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = ", "not valid TOML"),
        ("format = " + "9" * 5000, "not valid TOML"),
        ("zone = " + "[" * 5000, "not valid TOML"),
        ('name = "x"', "'format' is missing"),
        (HEAD.replace("1", "2", 1) + KIT, "'format': must be 1, not 2"),
        (HEAD.replace('instrument = "tiny.onnx"\n', "") + KIT, "'instrument' is missing"),
        (HEAD, "'zone' is missing"),
        (HEAD + "zone = []", "0 zones"),
        (HEAD + "zone = 5", "'zone': must be a list"),
        (HEAD + "zone = [5]", "[[zone]] 1: must be a table"),
        (HEAD + "colour = 3\n" + KIT, "unknown key 'colour'"),
        (HEAD + KIT + "pann = 0.5", "[[zone]] 1 (kit): unknown key 'pann'; did you mean 'pan'?"),
        (HEAD + KIT + "corners = [1, 2]", "unknown key 'corners'"),
        (HEAD + KIT.replace("36-39", "39-36"), "'keys': the range 39-36 runs backwards; write 36-39"),
        (HEAD + KIT.replace('"36-39"', "[36]"), "'keys': must be keys such as"),
        (HEAD + KIT.replace("36-39", "120-130"), "not from 0 to 127"),
        (HEAD + KIT.replace('"seeds"', '"sedes"'), "'source': must be 'seeds' or 'path' or 'chromatic', not 'sedes'"),
        (HEAD + KIT.replace('"seeds"', "[]"), "'source': must be"),
        (HEAD + KIT + "seed = -1", "'seed': must be a whole number from 0"),
        (HEAD + KIT + "seed = 1.5", "'seed': must be a whole number"),
        (HEAD + KIT + "seed = true", "'seed': must be a whole number"),
        (HEAD + KIT + "seeds = { 40 = 1 }", "the key 40 has a seed or lock but is not among its keys, 36-39"),
        (HEAD + KIT + "seeds = { H = 1 }", "'H' is no key"),
        (HEAD + KIT + 'seeds = { 36 = "x" }', "'36': 'x' is not a sound string"),
        (HEAD + KIT + "seeds = { 36 = 1.5 }", "'36': must be a seed or a sound string"),
        *(
            (HEAD + KIT + f'seeds = {{ 36 = {{ sound = "0123456789ab:1", since = {{ "{move}" = 1.0 }} }} }}', words)
            for move, words in (
                ("mutate:x", "no move"),
                ("mutate:9", "no move"),
                ("mutate", "no move"),
                ("gain_db", "no move"),
                ("nonsense", "no target"),
            )
        ),
        (HEAD + KIT + "layers = 2", "'layers' need a 'velocity_to'"),
        (HEAD + KIT + "layers = 5", "'layers': must be a whole number from 1 to 4"),
        (HEAD + KIT + 'velocity_to = "mutate"', "'velocity_to' needs 'layers'"),
        (HEAD + KIT + 'layers = 2\nvelocity_to = "pan"', "cannot be 'pan'"),
        (HEAD + KIT + "fresh = 1", "'fresh': must be true or false"),
        (HEAD + KIT + MACRO + 'controller = "breath"', "'controller': must be 'pressure' or 'poly pressure'"),
        (HEAD + KIT + MACRO + "maximum = 2", "'maximum': must be a number from 0 to 1"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "truncation", range = [0, 9] }]', "must be a number from 0 to 2"),
        (HEAD + WAY + "corners = [1, 2]\nwalk = true\nroot = 60", "do not go together"),
        (HEAD + KIT + "locked = [99]", "the key 99"),
        (HEAD + KIT + "siblings = 9", "'siblings': must be a whole number from 1 to 8"),
        (HEAD + KIT + "spread = nan", "'spread': must be a number from 0 to 1"),
        (HEAD + KIT + 'pan = "left"', "'pan': must be a number, not 'left'"),
        (HEAD + KIT + "pan = 2", "'pan': must be from -1 to 1, not 2"),
        (HEAD + KIT + "release = 100", "'release': must be from 0.01 to 20 s, not 100"),
        (HEAD + KIT + "choke = 1.5", "'choke': must be a whole number"),
        (HEAD + KIT + "choke = inf", "'choke': must be from 0 to 32"),
        (HEAD + KIT + 'mode = "forever"', "'mode': must be 'one-shot' or 'gated' or 'loop', not 'forever'"),
        (HEAD + KIT + "loop_start = 0.95", "'loop_start' (0.95) must be before 'loop_end' (0.9)"),
        (HEAD + KIT + KIT, "two zones are named 'kit'"),
        (HEAD + WAY, "'corners' is missing"),
        (HEAD + WAY + "corners = [1]", "two to four seeds"),
        (HEAD + WAY + "corners = [1, 2, 3, 4, 5]", "two to four seeds"),
        (HEAD + "[play]\nvoice = 3\n" + KIT, "[play]: unknown key 'voice'"),
        (HEAD + "[play]\npolyphony = 0\n" + KIT, "'polyphony': must be from 1 to 256 voices, not 0"),
        (HEAD + '[random]\nlast_key = "key 3"\n' + KIT, "'last_key': must be a controller such as"),
        (HEAD + '[random]\nlast_key = "cc 123"\n' + KIT, "MIDI's own commands"),
        (HEAD + '[random]\nlast_key = "cc 1"\n' + KIT + MACRO + "controller = 1", "controller 1 is macro 1's already"),
        (HEAD + '[random]\nlast_key = "cc 9"\nall_keys = "cc 9"\n' + KIT, "cc 9 cannot be both 'last_key' and"),
        (HEAD + KIT + MACRO.replace("1", "9"), "'id': must be a whole number from 1 to 8"),
        (HEAD + KIT + MACRO + MACRO, "two macros have the id 1"),
        (HEAD + KIT + MACRO + "controller = 120", "'controller': cannot be 120"),
        (HEAD + KIT + MACRO + "controller = 300", "'controller': must be a whole number"),
        (HEAD + KIT + MACRO + "position = 1.5", "[[macro]] 1: 'position': must be a number from 0 to 1"),
        (
            HEAD + KIT + MACRO + 'controller = 7\n[[macro]]\nid = 2\nname = "N"\ncontroller = 7',
            "controller 7 is macro 1's already",
        ),
        (HEAD + KIT + MACRO + 'targets = [{ to = "tone" }]', "there is no target 'tone'; did you mean 'tune'?"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "axis:x", range = [0, 1] }]', "must be 'axis:' and a seed"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "axis:²", range = [0, 1] }]', "must be 'axis:' and a seed"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "direction:", range = [0, 1] }]', "no target 'direction:'"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "direction:up" }]', "'range' is missing"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "pan", range = [0, 3] }]', "'range': must be a number from -1 to 1"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "pan", range = [0] }]', "'range': must be two numbers"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "pan", curve = "exponential" }]', "cannot reach or pass zero"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "pan", zone = "kot" }]', "there is no zone 'kot'; there are kit"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "polyphony", zone = "kit" }]', "for the whole preset"),
        (HEAD + KIT + MACRO + 'targets = [{ to = "morph_x" }]', "only a zone with the source 'path'"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        preset_file.read(path)
    message = str(caught.value)
    assert str(path) in message
    assert words in message
    assert "\n" not in message


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not valid TOML"):
        preset_file.read(tmp_path / "x.toml")


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(HEAD + KIT, encoding="utf-8-sig")
    assert preset_file.read(tmp_path / "x.toml").name == "Test"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        preset_file.read(tmp_path / "x.toml")


def test_a_file_far_too_large_for_a_preset_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    with pytest.raises(UserError, match="1048576 MiB, too much for a preset"):
        preset_file.read(path)


@pytest.mark.parametrize("name", sorted(bundled_presets()))
def test_the_bundled_presets_are_read_back(name: str) -> None:
    preset = preset_file.read(bundled_presets()[name])
    assert preset_file.parse(tomllib.loads(preset_file.write(preset))) == preset


seeds = st.integers(0, 2**64 - 1)
strings = st.builds("0123456789ab:{}".format, seeds)
since = st.dictionaries(
    st.sampled_from(["mutate:1", "axis:3", "direction:pitch", "truncation"]), st.floats(-9, 9, allow_subnormal=False)
)
origins = st.one_of(seeds, st.builds(Pin, strings, since))
texts = st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip)
unit = st.floats(0, 1, allow_subnormal=False)
key_sets = st.sets(st.integers(0, 127), min_size=1).map(lambda keys: tuple(sorted(keys)))


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    keys = draw(key_sets)
    source = draw(
        st.one_of(
            st.builds(Seeds, seeds, st.dictionaries(st.sampled_from(keys), origins)),
            st.builds(PathSource, st.lists(origins, min_size=2, max_size=4).map(tuple), unit, unit),
            st.builds(PathSource, st.lists(origins, min_size=2, max_size=4).map(tuple), unit, unit, st.just(False)),
            st.builds(PathSource, st.just((1, 2)), unit, unit, st.just(False), st.integers(0, 127)),
            st.builds(Chromatic, origins, st.integers(0, 127)),
        )
    )
    values = {}
    for row in parameters.of_scope("zone").values():
        if row.id not in ("loop_start", "loop_end") and draw(st.booleans()):
            value = draw(st.floats(row.minimum, row.maximum, allow_subnormal=False))
            values[row.id] = float(round(value)) if row.curve in ("integer", "choice") else value
    locked = draw(st.frozensets(st.sampled_from(keys)))
    layers = draw(st.integers(1, 4))
    velocity = Target("mutate", draw(unit), draw(unit)) if layers > 1 else None
    siblings, spread, fresh = draw(st.integers(1, 8)), draw(unit), draw(st.booleans())
    return Zone(draw(texts), keys, source, values, siblings, spread, locked, layers, velocity, fresh)


@given(
    name=texts,
    about=st.text(st.characters(codec="utf-8")),
    rows=st.lists(zones(), min_size=1, max_size=3, unique_by=lambda zone: zone.name),
    ends=st.tuples(st.floats(-48, 48, allow_subnormal=False), st.floats(-48, 48, allow_subnormal=False)),
    controller=st.one_of(st.none(), st.integers(0, 119), st.sampled_from([128, 129])),
    position=unit,
    span=st.tuples(unit, unit),
    pick_up=st.booleans(),
)
def test_any_preset_is_read_back(
    name: str,
    about: str,
    rows: list[Zone],
    ends: tuple[float, float],
    controller: int | None,
    position: float,
    span: tuple[float, float],
    pick_up: bool,
) -> None:
    targets = (Target("tune", *ends, zone=rows[0].name), Target("mutate", 0.0, 1.0))
    knob = Macro(3, name, position, controller, targets, *span, pick_up)
    preset = Preset(
        name=name,
        instrument_name="some/where.onnx",
        zones=tuple(rows),
        macros=eight([knob]),
        play={"polyphony": 12.0, "limiter": 0.0},
        about=about,
        new_all=Trigger("note", 24),
    )
    assert preset_file.parse(tomllib.loads(preset_file.write(preset))) == preset
