"""MIDI learn: arm, move, done."""

from __future__ import annotations

import pytest

from engine.learn import Learn
from engine.macro import POLY_PRESSURE, PRESSURE, Macro, Target, Trigger
from engine.preset import Preset, eight
from engine.zone import Seeds, Zone

AIM = (Target("mutate", 0.0, 1.0),)
MACROS = (Macro(1, "Mutate", 0.0, 1, AIM), Macro(2, "Colour", 0.5, 16, AIM))
PRESET = Preset("Test", "x", (Zone("keys", (60, 61), Seeds(0)),), eight(MACROS), new_last=Trigger("cc", 20))


def learnt(macro: int, *messages: tuple[int, ...], **options: object) -> tuple[Preset, str]:
    learn = Learn(macro, **options)  # type: ignore[arg-type]
    for message in messages:
        learn.hear(bytes(message))
    return learn.done(PRESET)


def test_the_controller_that_moved_last_is_bound() -> None:
    preset, sentence = learnt(1, (0xB0, 21, 5), (0xB3, 22, 7))
    assert preset.macros[0].controller == 22
    assert sentence == "CC 22 moves Mutate now."
    assert preset.macros[1] == PRESET.macros[1]


def test_a_controller_that_was_anothers_is_taken_from_it_and_that_is_said() -> None:
    preset, sentence = learnt(1, (0xB0, 16, 5))
    assert (preset.macros[0].controller, preset.macros[1].controller) == (16, None)
    assert sentence == "CC 16 moves Mutate now and Colour no longer."


def test_range_and_inversion() -> None:
    preset, _ = learnt(2, (0xB0, 21, 5), minimum=0.7, maximum=0.2, pick_up=True)
    assert preset.macros[1].pick_up
    assert preset.macros[1].position_of(0) == 0.7
    assert preset.macros[1].position_of(127) == pytest.approx(0.2)


def test_pressure_can_be_learnt() -> None:
    assert learnt(1, (0xD0, 20))[0].macros[0].controller == PRESSURE
    preset, sentence = learnt(1, (0xA0, 60, 20))
    assert preset.macros[0].controller == POLY_PRESSURE
    assert sentence == "poly pressure moves Mutate now."


def test_it_begins_with_what_the_macro_has() -> None:
    learn = Learn.of(Macro(3, "M", 0.0, 5, AIM, 0.2, 0.6, True))
    assert (learn.minimum, learn.maximum, learn.pick_up) == (0.2, 0.6, True)
    learn.invert()
    assert (learn.minimum, learn.maximum) == (0.6, 0.2)


def test_pressure_does_not_take_the_place_of_a_controller_that_was_moved() -> None:
    assert learnt(1, (0xB0, 21, 5), (0xD0, 9))[0].macros[0].controller == 21
    assert learnt(1, (0xD0, 9), (0xB0, 21, 5))[0].macros[0].controller == 21


def test_a_macro_that_moves_nothing_learns_nothing() -> None:
    with pytest.raises(ValueError, match="Macro 8 moves nothing"):
        learnt(8, (0xB0, 21, 5))


@pytest.mark.parametrize("controller", [120, 121, 123, 127])
def test_midis_own_commands_are_refused(controller: int) -> None:
    with pytest.raises(ValueError, match=f"Controller {controller} is one of MIDI's own commands"):
        learnt(1, (0xB0, controller, 0))


@pytest.mark.parametrize("message", [(0x90, 60, 1), (0xE0, 0, 64), (0xB0, 98, 1), (0xB0, 6, 1), (0xB0, 0, 1)])
def test_what_is_no_knob_is_not_learnt(message: tuple[int, ...]) -> None:
    assert not Learn(1).hear(bytes(message))
    with pytest.raises(ValueError, match="No controller was moved"):
        learnt(1, message)


def test_a_trigger_stays_a_trigger() -> None:
    with pytest.raises(ValueError, match="CC 20 draws new sounds"):
        learnt(1, (0xB0, 20, 127))
