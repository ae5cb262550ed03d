"""What the player's hands change: knobs, new seeds, locks, undo, saving."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tiny_instrument import write_tiny_instrument

from engine.controls import RECENT_KEYS, UNDO_STEPS, Controls
from engine.errors import UserError
from engine.instrument import Instrument
from engine.macro import Macro, Target, Trigger
from engine.preset import Preset, eight
from engine.zone import Chromatic, Seeds, Zone
from engine.zone import Path as PathSource

ZONES = (
    Zone("low", tuple(range(36, 48)), Seeds(0)),
    Zone("both", tuple(range(40, 60)), Seeds(100)),
    Zone("tone", tuple(range(60, 73)), Chromatic(9, 60)),
)
MACROS = (
    Macro(1, "Mutate", 0.0, 1, (Target("mutate", 0.0, 0.6),)),
    Macro(2, "Tune", 0.5, 18, (Target("tune", -12.0, 12.0),)),
)


def controls(path: Path, seed: int = 1, **more: Any) -> Controls:
    fields = {"new_last": Trigger("cc", 20), "new_all": Trigger("note", 24), **more}
    macros = fields.pop("macros", eight(MACROS))
    preset = Preset("Test", str(path), ZONES, macros, instrument=Instrument.open(path), **fields)
    return Controls(preset, random.Random(seed))


def note(key: int, velocity: int = 100, channel: int = 0) -> bytes:
    return bytes((0x90 | channel, key, velocity))


def cc(number: int, value: int, channel: int = 0) -> bytes:
    return bytes((0xB0 | channel, number, value))


def changed(made: Controls, before: Preset) -> set[tuple[int, int]]:
    """(zone, key) of the sounds that differ."""
    old, new = before.sounds({}), made.preset.sounds({})
    return {slot[:2] for slot in new if new[slot] != old[slot]}


def test_the_last_key_gets_a_new_seed_in_every_zone_that_has_it(tiny_path: Path) -> None:
    made = controls(tiny_path)
    before = made.preset
    assert not made.new_last()  # nothing is played yet
    for key in (36, 50, 41):
        assert not made.handle(note(key))
    assert made.handle(cc(20, 127))
    assert changed(made, before) == {(0, 41), (1, 41)}
    assert made.preset.sounds({})[0, 41, 0] == made.sounds()[0, 41, 0]


def test_all_keys_get_new_seeds(tiny_path: Path) -> None:
    made = controls(tiny_path)
    before = made.preset
    assert made.handle(note(24))
    assert changed(made, before) == {slot[:2] for slot in before.sounds({})}


def test_new_seeds_come_from_the_given_randomness(tiny_path: Path) -> None:
    made = [controls(tiny_path, seed) for seed in (1, 1, 2)]
    for each in made:
        each.new_all()
    assert made[0].preset == made[1].preset != made[2].preset


def test_a_locked_key_keeps_its_sound(tiny_path: Path) -> None:
    made = controls(tiny_path)
    assert made.toggle_lock() is None  # nothing is played yet
    made.handle(note(41))
    assert made.toggle_lock() is True
    locked = made.preset
    assert not made.handle(cc(20, 127))
    assert made.preset == locked
    made.new_all()
    assert changed(made, locked) == {slot[:2] for slot in locked.sounds({})} - {(0, 41), (1, 41)}
    assert made.toggle_lock() is False
    before = made.preset
    assert made.new_last()
    assert changed(made, before) == {(0, 41), (1, 41)}


def test_a_lock_on_one_key_of_a_chromatic_zone_holds_for_its_one_sound(tiny_path: Path) -> None:
    made = controls(tiny_path)
    made.handle(note(62))
    made.toggle_lock()
    made.handle(note(70))
    assert not made.new_last()


def test_undo_goes_back_a_hundred_steps(tiny_path: Path) -> None:
    made = controls(tiny_path)
    assert not made.undo()
    made.handle(note(41))
    presets = [made.preset]
    for _ in range(UNDO_STEPS + 20):
        made.new_last()
        presets.append(made.preset)
    for expected in reversed(presets[20:-1]):
        version = made.version
        assert made.undo()
        assert made.version > version
        assert made.preset == expected
    assert not made.undo()
    assert UNDO_STEPS == 100


def test_undo_brings_back_the_very_sounds(tiny_path: Path) -> None:
    made = controls(tiny_path)
    first = made.sounds()
    made.handle(note(41))
    for action in (made.new_last, made.toggle_lock, made.new_all, made.new_all):
        action()
    for _ in range(4):
        assert made.undo()
    assert made.sounds() == first
    assert not made.undo()


def test_a_trigger_fires_once_until_it_is_let_go(tiny_path: Path) -> None:
    made = controls(tiny_path)
    made.handle(note(41))
    assert [made.handle(cc(20, value)) for value in (63, 64, 100, 127, 64, 63, 64)] == [
        *(False, True, False, False),
        *(False, False, True),
    ]


def test_a_note_that_is_a_trigger_is_never_the_last_key(tiny_path: Path) -> None:
    made = controls(tiny_path, new_last=Trigger("note", 36), new_all=None)
    assert not made.handle(note(36))  # there is no last key yet
    assert made.last_key is None
    made.handle(note(41))
    made.toggle_lock()
    assert not made.handle(note(36))
    assert made.last_key == 41


def test_knobs_move_what_they_are_bound_to(tiny_path: Path) -> None:
    made = controls(tiny_path)
    assert made.handle(cc(18, 127))
    assert made.values()[0, "tune"] == 12
    before = made.sounds()
    assert made.handle(cc(1, 64))
    assert made.positions[1] == 64 / 127
    assert made.sounds() != before
    version = made.version
    assert not made.handle(cc(1, 64))  # where it stands already
    assert not made.handle(cc(7, 3))  # nobody's
    assert made.version == version


def test_only_the_presets_channel_is_heard(tiny_path: Path) -> None:
    made = controls(tiny_path, play={"channel": 3.0})
    for channel in (0, 1, 3, 15):
        assert not made.handle(note(41, channel=channel))
        assert not made.handle(cc(1, 100, channel))
    assert made.last_key is None
    assert made.handle(cc(1, 100, 2))
    made.handle(note(41, channel=2))
    assert made.last_key == 41


@pytest.mark.parametrize("message", [b"", b"\xf8", b"\xc0\x05", b"\x80\x29\x40", b"\x90\x29\x00", b"\xe0\x00\x40"])
def test_other_messages_change_nothing(tiny_path: Path, message: bytes) -> None:
    made = controls(tiny_path)
    assert not made.handle(message)
    assert made.last_key is None


def test_the_keys_just_played_newest_first(tiny_path: Path) -> None:
    made = controls(tiny_path)
    for key in (36, 37, 41, 36):
        made.handle(note(key))
    assert made.recent == [(0, 36), (0, 41), (1, 41), (0, 37)]
    for key in range(42, 60):
        made.handle(note(key))
    assert len(made.recent) == RECENT_KEYS
    made.handle(note(5))  # no zone has it
    assert made.last_key == 59


def test_saving_keeps_seeds_locks_and_where_the_knobs_stand(tmp_path: Path) -> None:
    made = controls(write_tiny_instrument(tmp_path / "tiny.onnx"))
    for message in (note(41), cc(20, 127), cc(1, 100), cc(18, 10)):
        made.handle(message)
    made.toggle_lock()
    made.save(tmp_path / "found.toml")
    again = Controls(Preset.load(tmp_path / "found.toml"), random.Random(0))
    assert again.preset.name == "found"
    assert again.positions == made.positions
    assert again.sounds() == made.sounds()
    assert again.values() == made.values()
    assert 41 in again.preset.zones[0].locked


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    made = controls(write_tiny_instrument(tmp_path / "tiny.onnx"))
    with pytest.raises(UserError, match=r"must end in \.toml"):
        made.save(tmp_path / "found.txt")
    with pytest.raises(UserError, match="does not exist"):
        made.save(tmp_path / "nowhere" / "found.toml")
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.onnx"]


def played(made: Controls, key: int) -> Controls:
    made.handle(note(key))
    return made


def test_a_copied_sound_string_brings_the_sound_back_wherever_the_knobs_stand(tiny_path: Path) -> None:
    made = played(controls(tiny_path), 41)
    assert str(made.copy()) == f"{made.preset.opened.digest[:12]}:5"  # a seed, unmoved
    made.handle(cc(1, 100))
    text = str(made.copy())
    sound = made.sounds()[0, 41, 0]
    assert ":z:" in text
    made.handle(cc(1, 30))
    assert made.sounds()[0, 41, 0] != sound
    assert made.paste(text)
    assert made.sounds()[0, 41, 0] == sound
    other = played(controls(tiny_path), 60)  # a chromatic zone, on another day
    other.handle(cc(1, 90))
    assert other.paste(text)
    assert other.sounds()[2, 72, 0] == sound
    assert other.copy() is not None
    assert str(other.copy()) == text
    assert other.undo()
    assert other.sounds()[2, 72, 0] != sound


def test_a_seed_that_is_pasted_with_the_knobs_at_rest_stays_a_seed(tiny_path: Path) -> None:
    made = played(controls(tiny_path), 41)
    assert made.paste(f"{made.preset.opened.digest[:12]}:77")
    assert made.preset.zones[0].source == Seeds(0, {41: 77})


def test_a_pasted_sound_is_saved_and_found_again(tiny_path: Path, tmp_path: Path) -> None:
    made = played(controls(tiny_path), 41)
    made.handle(cc(1, 100))
    text = str(made.copy())
    made.handle(cc(1, 20))
    made.paste(text)
    made.save(tmp_path / "kept.toml")
    again = Preset.load(tmp_path / "kept.toml")
    assert again.sounds(again.positions) == made.sounds()


@pytest.mark.parametrize("text", ["", "nothing", "000000000000:5", "{digest}:z:AAAA:00000000"])
def test_what_cannot_be_pasted_says_so_and_changes_nothing(text: str, tiny_path: Path) -> None:
    made = played(controls(tiny_path), 41)
    before = made.preset
    with pytest.raises(UserError):
        made.paste(text.format(digest=made.preset.opened.digest[:12]))
    assert made.preset is before


def test_nothing_is_copied_or_pasted_before_a_key_was_played(tiny_path: Path) -> None:
    made = controls(tiny_path)
    assert made.copy() is None
    with pytest.raises(UserError, match="Play a key first"):
        made.paste(f"{made.preset.opened.digest[:12]}:77")


def test_while_learning_a_controller_does_nothing_else(tiny_path: Path) -> None:
    made = controls(tiny_path)
    made.learn(2)
    assert not made.handle(cc(1, 100))
    assert made.positions[1] == 0.0
    assert made.learnt() == "CC 1 moves Tune now and Mutate no longer."
    assert made.handle(cc(1, 100))
    assert made.positions == {**made.preset.positions, 2: 100 / 127}
    assert made.undo()
    assert made.preset.macros[0].controller == 1


def test_a_macro_is_moved_by_other_means(tiny_path: Path) -> None:
    made = controls(tiny_path)
    assert made.move(1, 0.7)
    assert not made.move(1, 0.7)
    assert (made.positions[1], made.version) == (0.7, 1)


def test_pressure_moves_what_it_is_bound_to(tiny_path: Path) -> None:
    squeeze = Macro(1, "Squeeze", 0.0, 128, (Target("mutate", 0.0, 0.6),))
    made = controls(tiny_path, macros=eight([squeeze]))
    assert not made.handle(bytes((0xA0, 60, 64)))
    assert made.handle(bytes((0xD0, 127)))
    assert made.positions[1] == 1.0


def test_a_program_change_waits_for_whoever_takes_it(tiny_path: Path) -> None:
    made = controls(tiny_path)
    assert not made.handle(bytes((0xC0, 5)))
    assert made.program == 5


@pytest.mark.parametrize(("x", "y", "corner"), [(0.1, 0.2, 0), (0.9, 0.2, 1), (0.1, 0.8, 2), (0.9, 0.8, 3)])
def test_on_a_pad_a_pasted_sound_becomes_the_corner_next_to_where_it_stands(
    x: float, y: float, corner: int, tiny_path: Path
) -> None:
    pad = Zone("pad", (60, 61), PathSource((1, 2, 3, 4), root=60, walk=False))
    knobs = [Macro(1, "X", 0.0, 1, (Target("morph_x", 0, 1),)), Macro(2, "Y", 0.0, 2, (Target("morph_y", 0, 1),))]
    preset = Preset("Test", "x", (pad,), eight(knobs), instrument=Instrument.open(tiny_path))
    made = played(Controls(preset, random.Random(1)), 61)
    made.move(1, x)
    made.move(2, y)
    assert "corner" in made.paste(f"{preset.opened.digest[:12]}:77")
    corners = [1, 2, 3, 4]
    corners[corner] = 77
    assert made.preset.zones[0].source == PathSource(tuple(corners), root=60, walk=False)
