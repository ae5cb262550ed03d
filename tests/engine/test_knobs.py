"""The macros under controllers: ranges, soft take-over, pressure, and MPE's controllers for single keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampler_rig import cc, key_pressure, on, pressure

from engine.knobs import Knobs
from engine.macro import POLY_PRESSURE, PRESSURE, Macro, Target
from engine.preset import Preset, eight
from engine.zone import Seeds, Zone

AIM = (Target("mutate", 0.0, 1.0),)
WHEEL = Macro(1, "Wheel", 0.25, 1, AIM)
PICKED = Macro(2, "Picked", 0.5, 16, AIM, pick_up=True)
SQUEEZE = Macro(3, "Squeeze", 0.0, PRESSURE, AIM)
TOUCH = Macro(4, "Touch", 0.0, POLY_PRESSURE, AIM)
SLIDE = Macro(5, "Slide", 0.5, 74, AIM)
TURNED = Macro(6, "Turned", 0.0, 17, AIM, minimum=0.8, maximum=0.2)
MACROS = (WHEEL, PICKED, SQUEEZE, TOUCH, SLIDE, TURNED)


def preset(**play: float) -> Preset:
    return Preset("Test", "x", (Zone("keys", (60, 61), Seeds(0)),), eight(MACROS), play)


class Hand:
    """Knobs that messages are sent to."""

    def __init__(self, preset: Preset, before: Knobs | None = None) -> None:
        self.preset, self.knobs = preset, Knobs(preset, before)

    def says(self, message: bytes) -> bool:
        return self.knobs.handle(self.preset, message)

    def sets_up(self, members: int) -> None:
        """The keyboard's own word on the MPE zone."""
        for controller, value in ((101, 0), (100, 6), (6, members)):
            self.says(cc(controller, value))

    @property
    def positions(self) -> dict[int, float]:
        return self.knobs.positions

    @property
    def touches(self) -> dict[int, dict[int, float]]:
        return self.knobs.touches


def knobs(**play: float) -> Hand:
    return Hand(preset(**play))


def test_a_controller_moves_its_macro_over_its_range() -> None:
    made = knobs()
    assert made.says(cc(1, 127))
    assert made.positions[1] == 1.0
    assert not made.says(cc(1, 127))
    assert made.says(cc(17, 0))
    assert made.positions[6] == 0.8
    made.says(cc(17, 127))
    assert made.positions[6] == pytest.approx(0.2)


def test_with_pick_up_nothing_moves_until_the_controller_has_come_past() -> None:
    made = knobs()
    assert not made.says(cc(16, 10))
    assert not made.says(cc(16, 40))
    assert made.positions[2] == 0.5
    assert made.says(cc(16, 90))  # past the middle
    assert made.positions[2] == 90 / 127
    assert made.says(cc(16, 20))
    made.knobs.set(2, 0.9)  # moved by other means: to be picked up again
    assert not made.says(cc(16, 30))
    assert made.positions[2] == 0.9
    assert made.says(cc(16, 114))  # right where it stands
    assert made.positions[2] == 114 / 127


@given(st.lists(st.integers(0, 127), max_size=20), st.floats(0, 1, allow_subnormal=False))
def test_pick_up_never_jumps_far(values: list[int], start: float) -> None:
    made = knobs()
    made.knobs.set(2, start)
    before, said = start, None
    for value in values:
        made.says(cc(16, value))
        here = made.positions[2]
        if said is not None and here != before:
            # No farther than the hand itself has moved, and the controller's own step.
            assert abs(here - before) <= abs(value - said) / 127 + 2 / 127
        before, said = here, value


def test_channel_pressure_is_everybodys_and_poly_pressure_a_keys() -> None:
    made = knobs()
    assert made.says(pressure(127, channel=3))
    assert made.positions[3] == 1.0
    assert made.touches == {}
    assert made.says(key_pressure(61, 127))
    assert made.touches == {61: {4: 1.0}}
    assert made.positions[4] == 1.0  # for what cannot be a key's own
    assert made.says(on(61))  # a new stroke begins without pressure
    assert made.touches == {}


def test_a_key_struck_again_without_pressure_moves_no_other_key() -> None:
    made = knobs()
    made.says(key_pressure(60, 90))
    made.says(on(60))
    assert made.touches == {}
    assert made.positions[4] == 0.0  # where the preset puts it


def test_the_reset_lets_pressure_up_and_leaves_knobs_where_they_are() -> None:
    made = knobs()
    made.says(cc(1, 90))
    made.says(pressure(100))
    made.says(key_pressure(60, 100))
    assert made.says(cc(121, 0))
    assert (made.positions[1], made.positions[3], made.positions[4]) == (90 / 127, 0.0, 0.0)
    assert made.touches == {}
    assert not made.says(cc(121, 0))


def test_with_a_single_channel_there_is_no_mpe() -> None:
    made = knobs(mpe_members=5.0, channel=3.0)
    made.says(on(60, channel=2))
    made.says(cc(74, 127, channel=2))
    assert made.touches == {}


def test_the_zone_outlives_a_preset_that_says_nothing_else_of_it() -> None:
    first = knobs()
    first.sets_up(4)
    for members, is_member in ((0, True), (2, False)):
        made = Hand(preset(mpe_members=members), first.knobs)
        made.says(on(channel=4))
        made.says(cc(74, 127, channel=4))
        assert bool(made.touches) == is_member


def test_a_reset_takes_the_selected_parameter_back() -> None:
    made = knobs()
    for controller, value in ((101, 0), (100, 6), (121, 0), (6, 9)):
        made.says(cc(controller, value))
    made.says(on(channel=4))
    made.says(cc(74, 127, channel=4))
    assert made.touches == {}


def test_in_mpe_a_member_channels_controllers_are_its_keys() -> None:
    made = knobs(mpe_members=5.0)
    assert not made.says(cc(74, 100, channel=2))  # said before the note it is for
    assert made.says(on(60, channel=2))
    assert made.touches == {60: {5: 100 / 127}}
    made.says(on(61, channel=3))
    assert made.says(pressure(64, channel=3))
    assert made.touches[61] == {3: 64 / 127}
    assert made.says(cc(74, 0))  # the master's is everybody's
    assert made.positions[5] == 0.0
    assert made.says(cc(74, 127, channel=9))  # beyond the members
    assert made.positions[5] == 1.0


def test_the_zone_is_set_up_by_registered_parameter_6_of_the_master() -> None:
    made = knobs()
    made.sets_up(2)
    made.says(on(60, channel=1))
    assert made.says(cc(74, 127, channel=1))
    assert made.touches == {60: {5: 1.0}}
    made.sets_up(0)
    assert made.touches == {}
    made.says(cc(74, 0, channel=1))
    assert made.positions[5] == 0.0


def test_a_non_registered_parameter_is_not_taken_for_it() -> None:
    made = knobs()
    for controller, value in ((101, 0), (100, 6), (99, 1), (6, 2)):
        made.says(cc(controller, value))
    made.says(on(60, channel=1))
    made.says(cc(74, 127, channel=1))
    assert made.touches == {}
