"""Presets: what each key sounds like, what the macros move, and changing them."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_instrument import write_tiny_instrument

from engine import data, latent
from engine.errors import UserError
from engine.preset import Preset
from engine.sound import Sound

HEAD = 'format = 1\nname = "Test"\ninstrument = "tiny.onnx"\n'
KIT = '[[zone]]\nname = "kit"\nkeys = "36-39"\nsource = "seeds"\nseed = 100\n'
PATH = '[[zone]]\nname = "way"\nkeys = "C4-C5"\nsource = "path"\ncorners = [1, 2]\n'
CHROMATIC = '[[zone]]\nname = "tone"\nkeys = "72-84"\nsource = "chromatic"\nseed = 9\nroot = "C5"\n'


def macro(targets: str, number: int = 1, extra: str = "") -> str:
    return f'[[macro]]\nid = {number}\nname = "M"\n{extra}\ntargets = [{targets}]\n'


def load(folder: Path, *parts: str) -> Preset:
    if not (folder / "tiny.onnx").exists():
        write_tiny_instrument(folder / "tiny.onnx")
    (folder / "test.toml").write_text(HEAD + "\n".join(parts), encoding="utf-8")
    return Preset.load(folder / "test.toml")


def z_of(sound: Sound | None) -> latent.Latent:
    assert sound is not None
    return sound.z()


def seeded(seed: int) -> latent.Latent:
    return latent.from_seed(seed, 8, "uniform")


def test_a_seeds_zone_counts_up_from_its_lowest_key(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, 'seeds = { 38 = 5, "D#2" = 6 }')
    expected = [100, 101, 5, 6]
    for key, seed in zip(range(36, 40), expected, strict=True):
        sound = preset.sound(0, key, 0, {})
        assert preset.instrument is not None
        assert sound == Sound.of(preset.instrument.digest, seeded(seed))
    assert preset.sound(0, 40, 0, {}) is None
    assert preset.sound(0, 36, 1, {}) is None


def test_seeds_wrap_at_the_end_of_their_range(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT.replace("100", str(2**63 - 1)))
    preset = preset.with_origin(0, 36, 2**64 - 1)
    np.testing.assert_array_equal(z_of(preset.sound(0, 36, 0, {})), seeded(2**64 - 1))


def test_a_path_walks_from_its_first_seed_to_its_last(tmp_path: Path) -> None:
    preset = load(tmp_path, PATH)
    np.testing.assert_array_equal(z_of(preset.sound(0, 60, 0, {})), seeded(1))
    np.testing.assert_array_equal(z_of(preset.sound(0, 72, 0, {})), seeded(2))
    middle = latent.interpolate([seeded(1), seeded(2)], 0.5, 0, "uniform")
    np.testing.assert_array_equal(z_of(preset.sound(0, 66, 0, {})), middle)


def test_a_pad_walks_its_diagonal(tmp_path: Path) -> None:
    preset = load(tmp_path, PATH.replace("[1, 2]", "[1, 2, 3, 4]"))
    np.testing.assert_array_equal(z_of(preset.sound(0, 60, 0, {})), seeded(1))
    np.testing.assert_array_equal(z_of(preset.sound(0, 72, 0, {})), seeded(4))


def test_a_chromatic_zone_has_one_sound_at_pitch(tmp_path: Path) -> None:
    preset = load(tmp_path, CHROMATIC)
    assert {preset.sound(0, key, 0, {}) for key in range(72, 85)} == {preset.sound(0, 72, 0, {})}
    assert [preset.zones[0].transpose(key) for key in (72, 73, 84)] == [0, 1, 12]
    assert load(tmp_path, KIT).zones[0].transpose(39) == 0


def test_siblings_are_near_and_their_own(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, "siblings = 3\nspread = 0.1")
    sounds = preset.sounds({})
    assert len(sounds) == 12
    assert len(set(sounds.values())) == 12
    near = np.linalg.norm(z_of(sounds[0, 36, 1]) - z_of(sounds[0, 36, 0]))
    far = np.linalg.norm(z_of(sounds[0, 37, 0]) - z_of(sounds[0, 36, 0]))
    assert 0 < near < far / 2


def test_sounds_are_the_same_every_time(tmp_path: Path) -> None:
    parts = [KIT, macro('{ to = "mutate" }, { to = "axis:3", range = [-2, 2] }')]
    assert load(tmp_path, *parts).sounds({1: 0.3}) == load(tmp_path, *parts).sounds({1: 0.3})


# ——— macros ———


def test_morph_moves_every_key_along_the_path(tmp_path: Path) -> None:
    preset = load(tmp_path, PATH, macro('{ to = "morph_x" }'))
    np.testing.assert_array_equal(z_of(preset.sound(0, 60, 0, {1: 0.0})), seeded(1))
    np.testing.assert_array_equal(z_of(preset.sound(0, 60, 0, {1: 1.0})), seeded(2))
    np.testing.assert_array_equal(z_of(preset.sound(0, 72, 0, {1: 1.0})), seeded(2))
    assert preset.sound(0, 60, 0, {1: 0.5}) == preset.sound(0, 66, 0, {1: 0.0})


def test_a_direction_moves_by_its_amount(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, macro('{ to = "direction:pitch", range = [-0.5, 0.5] }'))
    low, middle, high = (z_of(preset.sound(0, 36, 0, {1: at})) for at in (0, 0.5, 1))
    np.testing.assert_array_equal(middle, seeded(100))
    assert low[0] == pytest.approx(max(-1, middle[0] - 0.5), abs=1e-6)
    assert high[0] == pytest.approx(min(1, middle[0] + 0.5), abs=1e-6)
    np.testing.assert_array_equal(high[1:], middle[1:])


def test_an_axis_needs_no_name_in_the_instrument(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, macro('{ to = "axis:7", range = [0, 0.4] }'))
    moved = z_of(preset.sound(0, 36, 0, {1: 1.0}))
    np.testing.assert_array_equal(moved, latent.along(seeded(100), latent.axis(7, 8), 0.4, "uniform"))


def test_mutate_moves_further_the_further_it_is_turned(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, macro('{ to = "mutate", range = [0, 0.5] }'))
    steps = [float(np.linalg.norm(z_of(preset.sound(0, 36, 0, {1: at})) - seeded(100))) for at in (0, 0.3, 1)]
    assert 0 == steps[0] < steps[1] < steps[2]


def test_a_target_may_be_one_zone_only(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, CHROMATIC, macro('{ to = "mutate", zone = "tone" }, { to = "pan", zone = "kit" }'))
    assert preset.sound(0, 36, 0, {1: 1.0}) == preset.sound(0, 36, 0, {1: 0.0})
    assert preset.sound(1, 72, 0, {1: 1.0}) != preset.sound(1, 72, 0, {1: 0.0})
    values = preset.parameters({1: 1.0})
    assert (values[0, "pan"], values[1, "pan"]) == (1, 0)


def test_parameters_are_the_table_the_zone_and_the_macros(tmp_path: Path) -> None:
    targets = '{ to = "release", range = [0.01, 1], curve = "exponential" }, { to = "polyphony", range = [1, 8] }'
    preset = load(
        tmp_path, "[play]\nbend_range = 12\nlimiter = false", KIT, 'mode = "loop"\npan = -0.5', macro(targets)
    )
    values = preset.parameters({1: 0.5})
    assert values[0, "mode"] == 2
    assert values[0, "pan"] == -0.5
    assert values[0, "velocity_curve"] == 2
    assert values[0, "release"] == pytest.approx(0.1)
    assert values[None, "bend_range"] == 12
    assert values[None, "limiter"] == 0
    assert values[None, "polyphony"] == 4
    assert preset.parameters({})[0, "release"] == pytest.approx(0.01)


def test_a_range_may_run_backwards(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, macro('{ to = "gain_db", range = [0, -12] }'))
    assert preset.parameters({1: 1.0})[0, "gain_db"] == -12


def test_a_macro_left_out_stands_where_the_preset_puts_it(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT, macro('{ to = "pan" }', extra="position = 0.75"))
    assert preset.parameters({})[0, "pan"] == 0.5
    assert preset.positions[1] == 0.75
    assert preset.with_position(1, 0.25).parameters({})[0, "pan"] == -0.5
    assert len(preset.macros) == 8


def test_claimed_controllers(tmp_path: Path) -> None:
    preset = load(
        tmp_path,
        '[random]\nlast_key = "cc 20"\nall_keys = "note 24"\n',
        KIT,
        macro('{ to = "pan" }', 1, "controller = 1"),
        macro('{ to = "tune" }', 5, "controller = 74"),
    )
    assert preset.claimed_controllers == {1, 74, 20}


# ——— changing it ———


def test_a_new_seed_for_a_key(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT)
    changed = preset.with_origin(0, 37, 77)
    np.testing.assert_array_equal(z_of(changed.sound(0, 37, 0, {})), seeded(77))
    assert changed.sound(0, 36, 0, {}) == preset.sound(0, 36, 0, {})
    np.testing.assert_array_equal(z_of(preset.sound(0, 37, 0, {})), seeded(101))  # undo is the old preset


def test_drawn_seeds_leave_locked_keys_alone(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT).with_lock(0, 37, True)
    changed = preset.with_new_seeds(random.Random(1))
    same = [key for key in range(36, 40) if changed.sound(0, key, 0, {}) == preset.sound(0, key, 0, {})]
    assert same == [37]
    assert preset.with_new_seed(37, random.Random(1)) == preset
    assert preset.with_lock(0, 37, False).with_new_seed(37, random.Random(1)) != preset
    assert changed == preset.with_new_seeds(random.Random(1))
    assert changed != preset.with_new_seeds(random.Random(2))


def test_a_drawn_seed_for_one_key_changes_that_key(tmp_path: Path) -> None:
    preset = load(tmp_path, KIT)
    changed = preset.with_new_seed(38, random.Random(1))
    same = [key for key in range(36, 40) if changed.sound(0, key, 0, {}) == preset.sound(0, key, 0, {})]
    assert same == [36, 37, 39]


def test_a_drawn_seed_on_a_path_changes_the_nearest_corner(tmp_path: Path) -> None:
    preset = load(tmp_path, PATH, CHROMATIC.replace("72-84", "80-84"))
    changed = preset.with_new_seed(62, random.Random(1))
    assert changed.sound(0, 60, 0, {}) != preset.sound(0, 60, 0, {})
    assert changed.sound(0, 72, 0, {}) == preset.sound(0, 72, 0, {})
    assert preset.with_lock(0, 61, True).with_new_seed(62, random.Random(1)).zones[0].source == preset.zones[0].source
    chromatic = preset.with_new_seed(82, random.Random(1))
    assert chromatic.sound(1, 80, 0, {}) != preset.sound(1, 80, 0, {})


# ——— the preset of a bare instrument, saving, finding ———


def test_the_preset_of_a_bare_instrument(tmp_path: Path) -> None:
    favourites = [{"seed": 4711}, {"seed": 4712}]
    preset = Preset.open(write_tiny_instrument(tmp_path / "mine.onnx", favourites=favourites))
    assert preset.zones[0].keys == tuple(range(36, 97))
    np.testing.assert_array_equal(z_of(preset.sound(0, 36, 0, {})), seeded(4711))
    np.testing.assert_array_equal(z_of(preset.sound(0, 37, 0, {})), seeded(4712))
    assert preset.claimed_controllers == {1, 16, 17, 18, 19}
    for number in (1, 2, 3):  # these can be heard
        assert preset.sounds({number: 1.0}) != preset.sounds({number: 0.0})


def test_an_instrument_without_directions_gets_axes(tmp_path: Path) -> None:
    preset = Preset.open(write_tiny_instrument(tmp_path / "mine.onnx", directions={}))
    assert [target.to for knob in preset.macros[1:3] for target in knob.targets] == ["axis:1", "axis:2"]


def test_a_saved_preset_plays_the_same(tmp_path: Path) -> None:
    preset = Preset.open(write_tiny_instrument(tmp_path / "mine.onnx")).with_origin(0, 40, 99).with_lock(0, 40, True)
    preset.save(tmp_path / "kept.toml")
    again = Preset.open(tmp_path / "kept.toml")
    assert again.sounds({1: 0.5}) == preset.sounds({1: 0.5})
    assert again.zones == preset.zones
    (tmp_path / "elsewhere").mkdir()
    preset.save(tmp_path / "elsewhere" / "kept.toml")
    assert Preset.open(tmp_path / "elsewhere" / "kept.toml").sounds({}) == preset.sounds({})


def test_a_preset_saved_beside_its_instrument_moves_with_it(tmp_path: Path) -> None:
    Preset.open(write_tiny_instrument(tmp_path / "a" / "mine.onnx")).save(tmp_path / "a" / "kept.toml")
    (tmp_path / "a").rename(tmp_path / "b")
    assert Preset.open(tmp_path / "b" / "kept.toml").name == "tiny"


def test_a_preset_of_an_instrument_in_capital_letters_opens_again(tmp_path: Path) -> None:
    Preset.open(write_tiny_instrument(tmp_path / "MINE.ONNX")).save(tmp_path / "kept.toml")
    assert Preset.open(tmp_path / "kept.toml").name == "tiny"


def test_saving_refuses_what_it_cannot_open_again(tmp_path: Path) -> None:
    preset = Preset.open(write_tiny_instrument(tmp_path / "mine.onnx"))
    with pytest.raises(UserError, match="rename the instrument's file"):
        replace(preset, instrument_name="drums\udcff").save(tmp_path / "kept.toml")
    with pytest.raises(UserError, match=r"must end in \.toml"):
        preset.save(tmp_path / "kept.txt")
    with pytest.raises(UserError, match="does not exist"):
        preset.save(tmp_path / "nowhere" / "kept.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.onnx"]


def test_a_missing_instrument_names_the_preset_and_the_file(tmp_path: Path) -> None:
    (tmp_path / "test.toml").write_text(HEAD + KIT, encoding="utf-8")
    with pytest.raises(UserError, match=r"test\.toml: The instrument .*tiny\.onnx is missing"):
        Preset.load(tmp_path / "test.toml")
    (tmp_path / "test.toml").write_text(HEAD.replace("tiny.onnx", "choir") + KIT, encoding="utf-8")
    with pytest.raises(UserError, match=r"test\.toml: The instrument 'choir' is missing"):
        Preset.load(tmp_path / "test.toml")


def test_a_direction_that_the_instrument_lacks(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\[\[macro\]\] 1: the instrument tiny has no direction 'noise'.*pitch"):
        load(tmp_path, KIT, macro('{ to = "direction:noise", range = [0, 1] }'))


def test_an_unknown_preset_names_those_bundled() -> None:
    with pytest.raises(UserError, match=r"no preset or instrument trumpet.*drums"):
        Preset.open("trumpet")


@pytest.mark.parametrize("name", ["drums", "path", "chromatic"])
def test_the_bundled_presets(name: str, tmp_path: Path) -> None:
    preset = Preset.read(data.bundled_presets()[name])
    assert preset.about
    assert {1, 16, 17, 18, 19} <= preset.claimed_controllers
    from engine.instrument import Instrument

    ways = [
        target.to.partition(":")[2] for knob in preset.macros for target in knob.targets if "direction" in target.to
    ]
    directions = {way: {"vector": [1.0] + [0.0] * 99, "range": [-3, 3]} for way in ways}
    path = write_tiny_instrument(tmp_path / "x.onnx", latent_dim=100, directions=directions)
    playable = preset.on(Instrument.open(path))
    start = playable.sounds(playable.positions), playable.parameters(playable.positions)
    for knob in playable.macros[:5]:  # every knob changes something, wherever it goes
        turned = {**playable.positions, knob.id: 0.9}
        assert (playable.sounds(turned), playable.parameters(turned)) != start


def test_the_bundled_kit_is_general_midi() -> None:
    preset = Preset.read(data.bundled_presets()["drums"])
    keys = [key for zone in preset.zones for key in zone.keys]
    assert sorted(keys) == list(range(35, 60))
    hats = next(zone for zone in preset.zones if 42 in zone.keys)
    assert {42, 44, 46} == set(hats.keys)
    assert hats.parameters["choke"] > 0


def test_the_demo_groove_plays_the_kit_and_moves_its_knobs() -> None:
    import mido

    preset = Preset.read(data.bundled_presets()["drums"])
    keys = {key for zone in preset.zones for key in zone.keys}
    messages = [
        message for message in mido.MidiFile(data.bundled_folder() / "grooves" / "demo.mid") if not message.is_meta
    ]
    assert {message.note for message in messages if message.type == "note_on"} <= keys
    for number in (1, 16):
        values = [m.value for m in messages if m.type == "control_change" and m.control == number]
        assert (min(values), max(values)) == (0, 127)
