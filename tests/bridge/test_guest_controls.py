"""A client's preset under its own hands: what it told counts, and keys are named, not played."""

import random

import pytest
from tiny_instrument import write_tiny_instrument

from bridge.guest_controls import GuestControls, hands_of
from engine.errors import UserError
from engine.hands import Hands
from engine.preset import Preset

TEXT = """
format = 1
name = "Two"
instrument = "tiny.onnx"

[[zone]]
name = "low"
keys = "36-37"
source = "seeds"
seed = 1
siblings = 2
fresh = true

[[zone]]
name = "way"
keys = "37-48"
source = "path"
corners = [1, 2]

[[macro]]
id = 2
name = "Mutate"
position = 0.25
targets = [{ to = "mutate", range = [0, 1] }, { to = "pan", range = [-1, 1], zone = "low" }]
"""


@pytest.fixture
def controls(tmp_path):
    write_tiny_instrument(tmp_path / "tiny.onnx")
    return GuestControls(Preset.of_text(TEXT, "it", tmp_path), random.Random(1))


def fields(**told):
    return {"positions": [0.0] * 8, "morph": [0.0, 0.0], "touches": [], "turns": [], **told}


def test_what_is_told_is_what_hands_are():
    told = fields(positions=[i / 10 for i in range(8)], morph=[0.5, -0.5], touches=[[60, 1, 0.5], [60, 2, 1.0]])
    told["turns"] = [[0, 36, 1, 3]]
    positions = {i + 1: i / 10 for i in range(8)}
    assert hands_of(told) == Hands(positions, {60: {1: 0.5, 2: 1.0}}, {(0, 36, 1): 3}, (0.5, -0.5))


def test_until_anything_is_told_the_preset_says_where_macros_stand(controls):
    assert controls.hands.positions[2] == 0.25
    assert controls.values()[0, "pan"] == -0.5
    controls.hear(hands_of(fields(positions=[0, 1.0, 0, 0, 0, 0, 0, 0])))
    assert controls.values()[0, "pan"] == 1.0
    assert controls.values()[1, "pan"] == 0.0


def test_turns_and_the_pad_move_sounds(controls):
    before = controls.sounds()
    controls.hear(hands_of(fields(positions=[0, 0.25, 0, 0, 0, 0, 0, 0], turns=[[0, 36, 0, 2]])))
    assert {slot for slot in before if controls.sounds()[slot] != before[slot]} == {(0, 36, 0)}
    controls.hear(hands_of(fields(positions=[0, 0.25, 0, 0, 0, 0, 0, 0], morph=[0.1, 0.0])))
    assert {slot[0] for slot in before if controls.sounds()[slot] != before[slot]} == {1}


def test_one_key_is_rerolled_locked_and_taken_back(controls):
    before = controls.sounds()
    assert controls.new_seed(36)
    assert {slot for slot in before if controls.sounds()[slot] != before[slot]} == {(0, 36, 0), (0, 36, 1)}
    assert controls.undo()
    assert controls.lock(37, True)
    assert [37 in zone.locked for zone in controls.preset.zones] == [True, True]  # wherever the key is
    assert not controls.lock(37, True)
    assert not controls.new_seed(37)
    assert controls.lock(37, False)
    assert controls.sounds() == before


def test_a_named_key_is_copied_with_its_turn_and_pasted_as_the_hands_stand(controls):
    turned = hands_of(fields(positions=[0, 0.7, 0, 0, 0, 0, 0, 0], turns=[[0, 36, 0, 2]]))
    controls.hear(turned)
    heard = controls.sounds()[0, 36, 0]
    text = str(controls.copy(controls.slot(36)))
    assert controls.paste(text, controls.slot(37)) == "C#2 has the sound now."
    assert controls.sounds()[0, 37, 0] == heard


def test_a_key_that_is_not_there_is_a_sentence(controls):
    assert controls.slot(37, 1) == (0, 37, 1)
    assert controls.slot(40) == (1, 40, 0)
    for key, variant in ((60, 0), (40, 1)):
        with pytest.raises(UserError, match="has no sound on"):
            controls.slot(key, variant)
