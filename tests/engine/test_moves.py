"""What moves latents: every row as if it were asked for alone, truncation, layers, pads, pressure, pinned sounds."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_instrument import write_tiny_instrument

from engine.controls import Controls
from engine.hands import Hands
from engine.instrument import Instrument
from engine.latent import Latent, from_seed
from engine.macro import POLY_PRESSURE, Macro, Target
from engine.origin import Pin
from engine.preset import Preset, eight
from engine.sound_string import SoundString
from engine.zone import Chromatic, Seeds, Zone
from engine.zone import Path as PathSource

KEYS = tuple(range(48, 60))
MACROS = (
    Macro(1, "X", 0.3, 1, (Target("morph_x", 0.0, 1.0),)),
    Macro(2, "Pitch", 0.5, 16, (Target("direction:pitch", -1.0, 1.0), Target("axis:7", 0.0, 2.0))),
    Macro(3, "Mutate", 0.4, 17, (Target("mutate", 0.0, 1.0),)),
    Macro(4, "Touch", 0.0, POLY_PRESSURE, (Target("mutate", 0.0, 0.8),)),
    Macro(5, "Centre", 0.9, 18, (Target("truncation", 0.0, 1.0),)),
)
ZONES = (
    Zone("seeds", KEYS, Seeds(3, {50: 99}), siblings=2, spread=0.3),
    Zone("path", KEYS, PathSource((1, 2, 3, 4))),
    Zone("pad", KEYS, PathSource((1, 2, 3, 4), 0.2, 0.7, False, 50)),
    Zone("tone", KEYS, Chromatic(9, 52)),
    Zone("hit", KEYS, Seeds(5), siblings=2, layers=3, velocity=Target("direction:pitch", -0.5, 0.5), fresh=True),
)


def preset(folder: Path, prior: str = "normal", zones: tuple[Zone, ...] = ZONES, macros: Any = MACROS) -> Preset:
    path = write_tiny_instrument(folder / "x.onnx", prior=prior)
    return Preset("Test", str(path), zones, eight(macros), instrument=Instrument.open(path))


def z_of(made: Preset, zone: int, key: int, variant: int = 0, hands: Hands | None = None) -> Latent:
    sound = made.sound(zone, key, variant, hands or Hands())
    assert sound is not None
    return sound.z()


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_each_sound_is_what_it_is_when_asked_for_alone(prior: str, tmp_path: Path) -> None:
    made = preset(tmp_path, prior)
    hands = Hands({1: 0.6, 2: 0.8}, {50: {4: 0.5}, 55: {4: 1.0}}, {(4, 49, 3): 2})
    for (zone, key, variant), sound in made.sounds(hands).items():
        assert made.sound(zone, key, variant, hands) == sound


def test_the_pad_moves_every_path_beside_the_macros_and_nothing_else(tmp_path: Path) -> None:
    made = preset(tmp_path)
    rest, moved = Hands({1: 0.3}), Hands({1: 0.3}, morph=(0.2, -0.1))
    by_macro = replace(made, macros=eight([replace(MACROS[0], position=0.5), *MACROS[1:]]))
    for index, zone in enumerate(made.zones):
        is_path = isinstance(zone.source, PathSource)
        assert np.array_equal(z_of(made, index, 49, 0, rest), z_of(made, index, 49, 0, moved)) != is_path
        only_x = z_of(made, index, 49, 0, Hands({1: 0.3}, morph=(0.2, 0.0)))
        np.testing.assert_array_equal(only_x, z_of(by_macro, index, 49))
    for x, y, corner in ((-1.0, -1.0, 1), (1.0, -1.0, 2), (-1.0, 1.0, 3), (1.0, 1.0, 4)):
        at = z_of(replace(made, macros=()), 2, 50, 0, Hands(morph=(x, y)))  # as far as the pad goes, and no farther
        np.testing.assert_allclose(at, from_seed(corner, 8, "normal"), rtol=1e-5)


def test_truncation_draws_towards_the_centre(tmp_path: Path) -> None:
    made = preset(tmp_path, macros=(Macro(5, "Centre", 1.0, 18, (Target("truncation", 0.0, 1.0),)),))
    whole, half, centre = (z_of(made, 0, 48, 0, Hands({5: at})) for at in (1.0, 0.5, 0.0))
    np.testing.assert_array_equal(whole, from_seed(3, 8, "normal"))
    np.testing.assert_allclose(half, whole / 2, rtol=1e-6)
    assert not centre.any()


def test_two_truncations_multiply(tmp_path: Path) -> None:
    knobs = tuple(Macro(i, "C", 0.5, None, (Target("truncation", 0.0, 1.0),)) for i in (1, 2))
    made = preset(tmp_path, macros=knobs)
    np.testing.assert_allclose(z_of(made, 0, 48), from_seed(3, 8, "normal") / 4, rtol=1e-6)


def test_velocity_layers_lie_along_their_target_and_siblings_within_them(tmp_path: Path) -> None:
    made = preset(tmp_path, macros=())
    direction = made.opened.directions["pitch"].vector
    soft, middle, hard = (z_of(made, 4, 48, layer * 2) for layer in range(3))
    np.testing.assert_allclose(hard - soft, direction, atol=1e-6)
    np.testing.assert_array_equal(middle, from_seed(5, 8, "normal"))
    assert not np.array_equal(z_of(made, 4, 48, 3), middle)


def test_a_slot_that_was_played_moves_on_to_another_sibling(tmp_path: Path) -> None:
    made = preset(tmp_path, macros=())
    seen = {
        made.sound(4, 48, variant, Hands(turns={(4, 48, variant): turn})) for variant in (0, 1) for turn in range(9)
    }
    assert len(seen) == 18


def test_all_keys_of_a_pad_have_the_sound_of_its_place(tmp_path: Path) -> None:
    made = preset(tmp_path, macros=(MACROS[0],))
    assert len({made.sound(2, key, 0, Hands({1: 0.4})) for key in KEYS}) == 1
    assert made.sound(2, 50, 0, Hands({1: 0.4})) != made.sound(2, 50, 0, Hands({1: 0.5}))
    assert [made.zones[2].transpose(key) for key in (48, 50, 53)] == [-2, 0, 3]


def test_keys_that_do_not_walk_a_path_stand_where_x_and_y_say(tmp_path: Path) -> None:
    zone = Zone("still", KEYS, PathSource((1, 2), walk=False))
    made = preset(tmp_path, zones=(zone,), macros=(MACROS[0],))
    np.testing.assert_array_equal(z_of(made, 0, 55, 0, Hands({1: 1.0})), from_seed(2, 8, "normal"))
    np.testing.assert_array_equal(z_of(made, 0, 48, 0, Hands({1: 0.0})), from_seed(1, 8, "normal"))


def test_new_seeds_for_a_pad_are_new_for_every_corner() -> None:
    pad = PathSource((1, 2, 3), walk=False).with_origin(KEYS, 50, 70)
    assert pad.corners == (70, 71, 72)
    assert pad.with_origin(KEYS, 50, Pin("0" * 12 + ":5")).corners[1:] == (71, 72)


def test_the_pressure_of_a_key_moves_its_own_sound_alone(tmp_path: Path) -> None:
    made = preset(tmp_path, macros=(MACROS[3],))
    rest, touched = made.sounds(Hands()), made.sounds(Hands({4: 1.0}, {50: {4: 1.0}}))
    changed = {slot for slot in rest if rest[slot] != touched[slot]}
    # Zones 2 and 3 have one sound for all keys, which follows the newest touch.
    assert changed == {slot for slot in rest if slot[0] in (2, 3) or slot[1] == 50}


@pytest.mark.parametrize("since", [{"direction:pitch": 0.5}, {"truncation": 0.5}, {"mutate:3": 0.4}])
def test_a_pinned_sound_is_what_it_was_and_moves_from_there(since: dict[str, float], tmp_path: Path) -> None:
    made = preset(tmp_path, macros=())
    z = from_seed(77, 8, "normal")
    pin = Pin(str(SoundString.of_latent(made.opened.digest, z)), since)
    ((name, amount),) = since.items()
    target = Target(name.partition(":3")[0], 0.0, 1.0)
    pinned = replace(made.with_origin(0, 48, pin), macros=eight([Macro(3, "K", amount, 1, (target,))]))
    np.testing.assert_allclose(z_of(pinned, 0, 48), z, atol=1e-6)
    assert not np.allclose(z_of(pinned, 0, 48, 0, Hands({3: 0.1})), z, atol=1e-3)


def test_a_sound_pinned_at_the_very_centre_is_the_sound(tmp_path: Path) -> None:
    made = preset(tmp_path, macros=())
    z = from_seed(77, 8, "normal")
    pin = Pin(str(SoundString.of_latent(made.opened.digest, z)), {"truncation": 0.0})
    knob = Macro(3, "K", 0.0, 1, (Target("truncation", 0.0, 1.0),))
    np.testing.assert_array_equal(z_of(replace(made.with_origin(0, 48, pin), macros=eight([knob])), 0, 48), z)


def test_a_fresh_zone_with_one_sound_is_renewed_whichever_key_was_played(tmp_path: Path) -> None:
    zone = Zone("pad", KEYS, Chromatic(9, 52), fresh=True)
    made = Controls(preset(tmp_path, zones=(zone,), macros=()), random.Random(1))
    before = made.sounds()
    assert made.used([(0, 55, 0)])
    after = made.sounds()
    assert len(set(after.values())) == 1
    assert set(before.values()).isdisjoint(after.values())
    assert made.preset.sound(0, 58, 0, made.hands) == after[0, 48, 0]


def test_what_is_copied_of_a_fresh_key_is_what_was_heard_of_it(tmp_path: Path) -> None:
    zone = Zone("hit", KEYS, Seeds(5), siblings=2, fresh=True)
    made = Controls(preset(tmp_path, zones=(zone,), macros=()), random.Random(1))
    for turn in range(3):
        made.handle(bytes((0x90, 50, 100)))
        heard = made.sounds()[0, 50, turn % 2]
        made.struck([(0, 50, turn % 2)])
        made.used([(0, 50, turn % 2)])
        text = str(made.copy())
        assert made.sounds()[0, 50, turn % 2] != heard
        other = Controls(made.preset, random.Random(1))
        other.handle(bytes((0x90, 57, 100)))
        other.paste(text)
        np.testing.assert_allclose(other.sounds()[0, 57, 0].z(), heard.z(), atol=1e-6)
