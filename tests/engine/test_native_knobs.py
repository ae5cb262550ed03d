"""The native knobs themselves: what they set, whatever they are sent, and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import _native, parameters
from engine.knobs import Knobs, native_macros
from engine.macro import POLY_PRESSURE, PRESSURE, Macro, Target
from engine.preset import Preset, eight
from engine.zone import Seeds, Zone

ROWS = [row for row in parameters.table() if row.id != "channel"]
POSITIONS = st.floats(0, 1, allow_subnormal=False)


@st.composite
def targets(draw: st.DrawFn) -> Target:
    row = draw(st.sampled_from(ROWS))
    low, high = draw(st.tuples(*[st.floats(row.minimum - 1, row.maximum + 1, allow_subnormal=False)] * 2))
    curve = draw(st.sampled_from(("linear", "exponential"))) if low * high > 0 else "linear"
    zone = draw(st.sampled_from((None, "low", "high", "gone"))) if row.scope == "zone" else None
    return Target(row.id, low, high, curve, zone)


@st.composite
def presets(draw: st.DrawFn) -> Preset:
    aims = st.lists(st.one_of(targets(), st.just(Target("mutate", 0.0, 1.0))), max_size=3).map(tuple)
    controllers = st.sampled_from((None, 1, 6, 74, PRESSURE, POLY_PRESSURE))
    kinds = POSITIONS, controllers, aims, POSITIONS, POSITIONS, st.booleans()
    macros = [Macro(number, f"Macro {number}", *draw(st.tuples(*kinds))) for number in range(1, 9)]
    zones = tuple(Zone(name, (60, 61), Seeds(0)) for name in ("low", "high", "low"))
    return Preset("Test", "x", zones, tuple(macros), {"mpe_members": float(draw(st.integers(0, 3)))})


messages = st.tuples(
    st.sampled_from((0x80, 0x90, 0xA0, 0xB0, 0xD0, 0xE0)),
    st.integers(0, 4),
    st.sampled_from((1, 6, 60, 61, 74, 100, 101, 121, 127)),
    st.integers(0, 127),
).map(lambda parts: bytes([parts[0] | parts[1], *parts[2:]][: 2 if parts[0] == 0xD0 else 3]))


@given(presets(), st.lists(messages, max_size=30))
def test_what_they_set_is_what_the_preset_says_of_where_they_stand(preset: Preset, said: list[bytes]) -> None:
    knobs = _native.Knobs(native_macros(preset), int(preset.play["mpe_members"]), 0)
    for message in said:
        knobs.handle(message)
    values = preset.parameters({})
    for zone, identity, value in knobs.values():
        for index in range(len(preset.zones)) if zone == -1 else [zone]:
            values[index, identity] = value
    assert values == preset.parameters(dict(enumerate(knobs.positions, 1)))


@given(presets(), st.lists(messages, max_size=60))
def test_whatever_they_are_sent_they_stand_within_their_range(preset: Preset, said: list[bytes]) -> None:
    knobs = Knobs(preset)
    for message in said:
        before = knobs.hands({})
        moved = knobs.handle(preset, message)
        assert moved or message[0] & 0xF0 == 0xB0 or knobs.hands({}) == before
        for knob in preset.macros:
            ends = sorted((knob.minimum, knob.maximum, knob.position))
            for position in (knobs.positions[knob.id], *(t[knob.id] for t in knobs.touches.values() if knob.id in t)):
                assert ends[0] - 1e-12 <= position <= ends[-1] + 1e-12
    knobs.handle(preset, bytes([0xB0, 121, 0]))
    assert knobs.touches == {}


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(-2, 3, allow_subnormal=False))
def test_the_curves(low: float, high: float, position: float) -> None:
    clamped = min(1.0, max(0.0, position))
    assert _native.on_curve(low, high, False, position) == low + (high - low) * clamped
    assert _native.on_curve(low, high, True, position) == low * (high / low) ** clamped


def test_values_are_in_range_and_whole_where_they_must_be() -> None:
    assert _native.stepped("zone", "release", 0.0) == 0.01
    assert _native.stepped("zone", "gain_db", 40.0) == 12.0
    assert [_native.stepped("zone", "choke", value) for value in (0.5, 1.5, 2.4, 99.0)] == [0.0, 2.0, 2.0, 32.0]
    assert _native.stepped("zone", "release", float("nan")) == 0.1
    with pytest.raises(KeyError, match="polyphony"):
        _native.stepped("zone", "polyphony", 1.0)


def rows(**changed: Any) -> list[dict[str, Any]]:
    made = native_macros(Preset("Test", "x", (), eight([Macro(1, "One", 0.5, 1, (Target("mutate", 0, 1),))])))
    made[0] |= changed
    return made


@pytest.mark.parametrize(
    "target", [("zone", None, "polyphony", 0.0, 1.0, False), ("zone", 0, "mutate", 0.0, 1.0, False)]
)
def test_what_is_no_parameter_is_refused(target: tuple[object, ...]) -> None:
    with pytest.raises(KeyError, match=str(target[2])):
        _native.Knobs(rows(targets=[target]), 0, 0)


def test_there_are_eight() -> None:
    with pytest.raises(ValueError, match="eight"):
        _native.Knobs(rows()[:7], 0, 0)
    with pytest.raises(IndexError, match="0 to 7"):
        _native.Knobs(rows(), 0, 0).set(8, 0.5)


@pytest.mark.parametrize("message", [b"", b"\xb0", b"\xb0\x01", b"\xb0\x01\x80", b"\xb0\x81\x00", b"\xb0\x01\x00\x00"])
def test_what_is_no_whole_message_moves_nothing(message: bytes) -> None:
    knobs = _native.Knobs(rows(), 0, 0)
    before = knobs.positions
    assert not knobs.handle(message)
    assert knobs.positions == before


def test_only_the_presets_channel_is_heard() -> None:
    knobs = _native.Knobs(rows(), 0, 5)
    assert not knobs.handle(bytes([0xB0, 1, 127]))
    assert knobs.handle(bytes([0xB4, 1, 127]))
