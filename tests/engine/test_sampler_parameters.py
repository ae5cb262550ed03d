"""Parameters that are set on the audio thread itself: the same as by a message, at the very frame."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from sampler_rig import LOOP, Audio, Rig, cc, clip, noise, on, zone

from engine import _native

MOVES = [  # frame, zone, parameter, value: beyond their ranges too
    (1001, 0, "gain_db", -9.0),
    (1001, 1, "cutoff", 800.0),
    (2050, -1, "pan", 3.0),
    (2050, None, "master_gain_db", -100.0),
    (3333, None, "master_gain_db", 0.0),
    (3333, 0, "tune", float("nan")),
    (4000, 1, "tune", 7.0),
    (4801, 0, "mode", LOOP),
    (5000, 9, "gain_db", -60.0),
    (6000, None, "polyphony", 1.0),
    (7000, None, "channel", 5.0),
]
NOTES = [(0, on(60)), (64, on(61)), (4900, on(60)), (5500, on(61)), (6500, on(60)), (7200, on(61)), (900, cc(64, 127))]


def moved(at_once: bool, block: int) -> Audio:
    zones = [zone((60,), mode=1.0), zone((61,), mode=LOOP, filter=1.0)]
    rig = Rig(zones, {(0, 60, 0): clip(1, noise(1, 9000)), (1, 61, 0): clip(2, noise(2, 9000))})
    turn = rig.sampler.set_parameter_now if at_once else rig.sampler.set_parameter
    return rig.play(9000, NOTES, block, [(at, partial(turn, *move)) for at, *move in MOVES])


@pytest.mark.parametrize("block", [17, 128, 2000])
def test_set_now_is_what_a_message_does(block: int) -> None:
    np.testing.assert_array_equal(moved(True, block), moved(False, 128))


def test_set_now_asks_no_queue() -> None:
    rig = Rig([zone()], {(0, 60, 0): clip(1, np.full(4000, 0.5, np.float32))})
    rig.play(64)
    while rig.sampler.set_parameter(0, "pan", 0.0):
        pass
    rig.sampler.set_parameter_now(0, "gain_db", -20.0)
    np.testing.assert_allclose(rig.play(64, [(0, on())])[8:], 0.05, rtol=1e-5)


def test_set_now_refuses_what_is_no_parameter() -> None:
    with pytest.raises(KeyError, match="polyphony"):
        _native.Sampler().set_parameter_now(0, "polyphony", 1.0)
