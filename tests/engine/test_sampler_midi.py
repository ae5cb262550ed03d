"""What MIDI messages do to the sampler's voices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sampler_rig import (
    GATED,
    KILL,
    LOOP,
    RATE,
    Audio,
    Message,
    Rig,
    bend,
    cc,
    clip,
    frequency,
    key_pressure,
    noise,
    off,
    on,
    one_key,
    pressure,
    sine,
    zone,
)

LEVEL = np.full(200000, 0.5, np.float32)
RELEASE = 0.02
RELEASED = round(RELEASE * RATE)


def held(**play: float) -> Rig:
    """Gated keys 60 to 63 with a constant clip: the level heard is the number of keys held, halved."""
    made = clip(1, LEVEL)
    keys = range(60, 64)
    return Rig([zone(keys, mode=GATED, release=RELEASE)], {(0, key, 0): made for key in keys}, **play)


# ---- the table: every message that is understood, and what is heard ----------------------------------------------

PRESSED = {"pressure_gain_db": -12.0, "release_velocity": 1.0}
UP = 6000  # where a row's key is let go, if it is
END = 12000


def level(rig: Rig, audio: Audio) -> float:
    """Of the left channel at the end, in shares of a key's level."""
    return float(audio[-1, 0]) / 0.5


def balance(rig: Rig, audio: Audio) -> float:
    """Share of the power that is on the right."""
    left, right = audio[-1]
    return float(right**2 / (left**2 + right**2))


def semitones(rig: Rig, audio: Audio) -> float:
    return 12 * math.log2(rig.voices()[-1].step)


def sounding(rig: Rig, audio: Audio) -> list[int]:
    return rig.sounding()


def attack(rig: Rig, audio: Audio) -> float:
    """Seconds until the note is at its level."""
    return float(np.argmax(audio[:, 0] >= 0.5)) / RATE


def release(rig: Rig, audio: Audio) -> float:
    """Seconds from UP until the note has ended."""
    return (int(np.flatnonzero(audio[:, 0])[-1]) - UP) / RATE


def rpn(number: int, *entries: tuple[int, int]) -> list[bytes]:
    return [cc(101, 0), cc(100, number), *(cc(controller, value) for controller, value in entries)]


def nrpn(*entries: tuple[int, int]) -> list[bytes]:
    return [cc(99, 0), cc(98, 0), *(cc(controller, value) for controller, value in entries)]


def down(*messages: bytes) -> list[Message]:
    """Sent together, before the first frame."""
    return [(0, message) for message in messages]


SUSTAIN, SOSTENUTO = cc(64, 127), cc(66, 127)
Heard = float | list[int]
ROWS: list[tuple[str, list[Message], Callable[[Rig, Audio], Heard], Heard]] = [
    # notes
    ("note-on", down(on()), sounding, [60]),
    ("note-off", [*down(on()), (UP, off())], sounding, []),
    ("note-on of velocity 0", [*down(on()), (UP, on(velocity=0))], release, RELEASE),
    ("note-off of another channel", [*down(on()), (UP, off(channel=1))], sounding, [60]),
    ("note-off, no velocity measured", [*down(on()), (UP, off(velocity=0))], release, RELEASE),
    ("note-off, usual velocity", [*down(on()), (UP, off(velocity=64))], release, RELEASE),
    ("note-off, slow", [*down(on()), (UP, off(velocity=33))], release, RELEASE * 10 ** (31 / 63)),
    ("note-off, fast", [*down(on()), (UP, off(velocity=80))], release, RELEASE / 10 ** (16 / 63)),
    ("note-off, fast, yet a pedal held", [*down(SUSTAIN, on(), off(velocity=127)), (UP, cc(64, 0))], release, RELEASE),
    # pressure
    ("channel pressure", down(pressure(127), on()), level, 10 ** (-12 / 20)),
    ("half of it", down(pressure(64), on()), level, 10 ** (-12 * 64 / 127 / 20)),
    ("channel pressure, while it sounds", [*down(on()), (2000, pressure(127))], level, 10 ** (-12 / 20)),
    ("channel pressure of another channel", down(pressure(127, channel=1), on()), level, 1.0),
    ("key pressure", down(on(), key_pressure(60, 127)), level, 10 ** (-12 / 20)),
    ("key pressure of another key", down(on(), key_pressure(61, 127)), level, 1.0),
    ("the larger of both", down(on(), key_pressure(60, 50), pressure(100)), level, 10 ** (-12 * 100 / 127 / 20)),
    (
        "the larger of both, the other way",
        down(on(), key_pressure(60, 99), pressure(9)),
        level,
        10 ** (-0.6 * 99 / 127),
    ),
    # pitch bend, in 14 bits
    ("bend up", down(on(), bytes([0xE0, 127, 127])), semitones, 2.0),
    ("bend down", down(on(), bytes([0xE0, 0, 0])), semitones, -2.0),
    ("bend, its fine half", down(*rpn(0, (6, 64)), on(), bytes([0xE0, 127, 64])), semitones, 64 * 127 / 8191),
    # registered parameters
    ("bend range", down(*rpn(0, (6, 12)), on(), bend(1)), semitones, 12.0),
    ("bend range, hundredths", down(*rpn(0, (6, 7), (38, 50)), on(), bend(1)), semitones, 7.5),
    ("bend range, one up", down(*rpn(0, (6, 7), (96, 0)), on(), bend(1)), semitones, 7.01),
    ("bend range, one down", down(*rpn(0, (6, 7), (97, 0)), on(), bend(1)), semitones, 6.99),
    ("bend range, up and down again", down(*rpn(0, (96, 0), (97, 0), (38, 5)), on(), bend(1)), semitones, 2.05),
    ("bend range, never below nothing", down(*rpn(0, (6, 0), (97, 0)), on(), bend(1)), semitones, 0.0),
    ("null parameter", down(*rpn(0), cc(101, 127), cc(100, 127), cc(6, 5), on(), bend(1)), semitones, 2.0),
    ("another parameter", down(*rpn(1, (6, 5), (38, 5), (96, 0)), on(), bend(1)), semitones, 2.0),
    ("a non-registered one", down(*rpn(0), *nrpn((6, 5), (96, 0)), on(), bend(1)), semitones, 2.0),
    ("a registered one after it", down(*nrpn((6, 5)), *rpn(0, (6, 5)), on(), bend(1)), semitones, 5.0),
    # level and place
    ("volume", down(cc(7, 50), on()), level, 0.25),
    ("expression", down(cc(11, 64), on()), level, (64 / 127) ** 2),
    ("pan, left", down(cc(10, 0), on()), balance, 0.0),
    ("pan, right", down(cc(10, 127), on()), balance, 1.0),
    # times
    ("attack time", down(cc(73, 127), on()), attack, 0.1),
    ("attack time, neutral", down(cc(73, 64), on()), attack, 0.01),
    ("attack time, halfway", down(cc(73, 95), on()), attack, 0.01 * 10 ** (31 / 63)),
    ("attack time, shorter", down(cc(73, 0), on()), attack, 0.001),
    ("attack time, too late for this note", down(on(), cc(73, 127)), attack, 0.01),
    ("release time", [*down(cc(72, 95), on()), (UP, off())], release, RELEASE * 10 ** (31 / 63)),
    ("release time, neutral", [*down(cc(72, 64), on()), (UP, off())], release, RELEASE),
    ("release time, shorter: the shortest there is", [*down(cc(72, 0), on()), (UP, off())], release, 0.01),
    ("release time, sent before the end", [*down(on()), (UP - 1, cc(72, 95)), (UP, off())], release, 0.0621),
    ("release time, too late", [*down(on()), (UP, off()), (UP + 1, cc(72, 127))], release, RELEASE),
    # sustain
    ("sustain", down(SUSTAIN, on(), off()), sounding, [60]),
    ("sustain, down after the key is up", [*down(on(), off()), (1, SUSTAIN)], sounding, []),
    ("sustain, up", [*down(SUSTAIN, on(), off()), (UP, cc(64, 63))], release, RELEASE),
    ("sustain, up while the key is down", [*down(SUSTAIN, on()), (UP, cc(64, 0))], sounding, [60]),
    ("sustain, a key struck again", down(SUSTAIN, on(), off(), on(), off()), sounding, [60]),
    ("sustain, up while it is down again", [*down(SUSTAIN, on(), off(), on()), (UP, cc(64, 0))], sounding, [60]),
    ("sustain, and then that key", [*down(SUSTAIN, on(), off(), on(), cc(64, 0)), (UP, off())], release, RELEASE),
    ("sustain of another channel", down(cc(64, 127, channel=1), on(), off()), sounding, []),
    # sostenuto
    ("sostenuto holds what is down", down(on(), SOSTENUTO, off()), sounding, [60]),
    ("sostenuto, not what comes later", down(on(), SOSTENUTO, off(), on(61), off(61)), sounding, [60]),
    ("sostenuto, not what is up", down(on(), off(), SOSTENUTO), sounding, []),
    ("sostenuto, not what only sustain holds", down(SUSTAIN, on(), off(), SOSTENUTO, cc(64, 0)), sounding, []),
    ("sostenuto catches at its going down only", down(SOSTENUTO, on(), SOSTENUTO, off()), sounding, []),
    ("sostenuto, up", [*down(on(), SOSTENUTO, off()), (UP, cc(66, 63))], release, RELEASE),
    ("sostenuto, up while the key is down again", down(on(), SOSTENUTO, off(), on(), cc(66, 0)), sounding, [60]),
    ("sostenuto, a caught key struck again", down(on(), SOSTENUTO, off(), on(), off()), sounding, [60]),
    ("sostenuto up, sustain down", down(on(), SOSTENUTO, off(), SUSTAIN, cc(66, 0)), sounding, [60]),
    ("sustain up, sostenuto down", down(on(), SOSTENUTO, SUSTAIN, off(), on(61), off(61), cc(64, 0)), sounding, [60]),
    ("both up", down(on(), SOSTENUTO, SUSTAIN, off(), cc(64, 0), cc(66, 0)), sounding, []),
    ("sostenuto of another channel", down(on(), cc(66, 127, channel=1), off()), sounding, []),
    # channel mode
    ("all sound off", down(SUSTAIN, on(), cc(120, 0), cc(64, 0)), sounding, []),
    ("all sound off ends what is held", [*down(SUSTAIN, on()), (UP, cc(120, 0))], release, KILL / RATE),
    ("all sound off, of another channel", down(on(), cc(120, 0, channel=1)), sounding, [60]),
    ("all notes off", [*down(on()), (UP, cc(123, 0))], release, RELEASE),
    ("all notes off, sustain", down(SUSTAIN, on(), cc(123, 0)), sounding, [60]),
    ("all notes off, sostenuto", down(on(), on(61), SOSTENUTO, cc(123, 0)), sounding, [60, 61]),
    ("omni off", [*down(on()), (UP, cc(124, 0))], release, RELEASE),
    ("omni off, sustain", down(SUSTAIN, on(), cc(124, 0)), sounding, [60]),
    ("omni on", [*down(on()), (UP, cc(125, 0))], release, RELEASE),
    ("mono, whatever the pedal", [*down(SUSTAIN, on()), (UP, cc(126, 1))], release, KILL / RATE),
    ("poly, whatever the pedal", [*down(SUSTAIN, on()), (UP, cc(127, 0))], release, KILL / RATE),
    ("local control", down(on(), cc(122, 0)), sounding, [60]),
    # reset
    ("reset: channel pressure", down(pressure(127), cc(121, 0), on()), level, 1.0),
    ("reset: key pressure", down(on(), key_pressure(60, 127), cc(121, 0)), level, 1.0),
    ("reset: bend", down(bend(1), cc(121, 0), on()), semitones, 0.0),
    ("reset: expression", down(cc(11, 20), cc(121, 0), on()), level, 1.0),
    ("reset: sustain", [*down(SUSTAIN, on(), off()), (UP, cc(121, 0))], release, RELEASE),
    ("reset: sostenuto", [*down(on(), SOSTENUTO, off()), (UP, cc(121, 0))], release, RELEASE),
    ("reset: a sostenuto pedal goes down again", down(SOSTENUTO, cc(121, 0), on(), SOSTENUTO, off()), sounding, [60]),
    ("reset: the parameter number", down(*rpn(0), cc(121, 0), cc(6, 9), on(), bend(1)), semitones, 2.0),
    ("reset keeps the bend range", down(*rpn(0, (6, 9)), cc(121, 0), on(), bend(1)), semitones, 9.0),
    ("reset keeps volume", down(cc(7, 50), cc(121, 0), on()), level, 0.25),
    ("reset keeps pan", down(cc(10, 127), cc(121, 0), on()), balance, 1.0),
    ("reset keeps attack time", down(cc(73, 127), cc(121, 0), on()), attack, 0.1),
    ("reset keeps release time", [*down(cc(72, 0), cc(121, 0), on()), (UP, off())], release, 0.01),
    ("reset keeps keys that are down", down(on(), cc(121, 0)), sounding, [60]),
    # what means nothing to the sampler
    ("program change", down(on(), b"\xc0\x05"), sounding, [60]),
    ("system exclusive", down(on(), b"\xf0\x7e\x01", b"\xf7"), sounding, [60]),
    ("realtime and active sensing", down(on(), *(bytes([status]) for status in range(0xF1, 0x100))), sounding, [60]),
    ("data without a status", down(on(), b"\x3c\x00\x00"), sounding, [60]),
    ("data that is none", down(on(), b"\x80\xbc\x40", b"\x80\x3c\xc0", b"\xd0\xff"), level, 1.0),
    ("what stands behind a message", down(bytes([0xD0, 127, 255]), on()), level, 10 ** (-12 / 20)),
]


def heard(messages: Sequence[Message], block: int = 64) -> tuple[Rig, Audio]:
    made = clip(1, LEVEL)
    keys = range(60, 64)
    zones = [zone(keys, mode=GATED, release=RELEASE, attack=0.01, **PRESSED)]
    rig = Rig(zones, {(0, key, 0): made for key in keys})
    return rig, rig.play(END, messages, block)


@pytest.mark.parametrize(("messages", "measure", "wanted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_is_heard_of(messages: list[Message], measure: Callable[[Rig, Audio], Heard], wanted: Heard) -> None:
    measured = measure(*heard(messages))
    # Some measures are seconds, and two frames of them stand between the grid and the wanted end.
    assert measured == (wanted if isinstance(wanted, list) else pytest.approx(wanted, abs=2.5 / RATE))


def test_all_other_controllers_mean_nothing() -> None:
    understood = {6, 7, 10, 11, 38, 64, 66, 71, 72, 73, 74, *range(96, 102), 120, 121, *range(123, 128)}
    _, plain = heard([(0, on()), (UP, off())])
    others = [cc(controller, value) for controller in set(range(128)) - understood for value in (0, 127)]
    rig, audio = heard([(0, on()), *((100 + i, message) for i, message in enumerate(others)), (UP, off())])
    np.testing.assert_array_equal(audio, plain)
    assert rig.sounding() == []


@pytest.mark.parametrize("block", [1, 17, 480, 4096])
def test_every_message_together_sounds_the_same_whatever_the_block_size(block: int) -> None:
    random = np.random.default_rng(3)
    messages = [(int(random.integers(END)), message) for _, row, _, _ in ROWS for _, message in row]
    messages = [message for message in sorted(messages, key=lambda message: message[0]) if message[1][1:2] != b"\x78"]
    _, reference = heard(messages)
    assert np.abs(heard(messages, block)[1] - reference).max() <= 1e-6


def test_the_attack_controller_gives_a_sound_without_an_attack_one() -> None:
    for value, seconds in ((64, 0.0), (127, 0.09)):
        audio = one_key(LEVEL).play(END, [(0, cc(73, value)), (0, on())])
        assert attack(Rig([], {}), audio) == pytest.approx(seconds, abs=2 / RATE)


def test_a_pedal_lifted_after_its_voice_was_stolen_changes_nothing_else() -> None:
    made = clip(1, LEVEL)
    for pedal in (64, 66):
        rig = Rig([zone([60, 61], mode=GATED, release=RELEASE)], {(0, k, 0): made for k in (60, 61)}, polyphony=1)
        messages = [(0, on(60)), (10, cc(pedal, 127)), (20, off(60)), (2000, on(61)), (4000, cc(pedal, 0))]
        audio = rig.play(8000, messages)
        assert rig.count("steals") == 1
        assert rig.sounding() == [61]
        np.testing.assert_allclose(audio[2000 + KILL :, 0], 0.5)


def dark_zone(**parameters: float) -> Rig:
    return Rig([zone(filter=1, cutoff=1000, **parameters)], {(0, 60, 0): clip(1, noise(1, 96000))})


@pytest.mark.parametrize(
    ("messages", "parameters", "octaves"),
    [
        ([cc(74, 64)], {}, 0.0),
        ([cc(74, 127)], {}, 4.0),
        ([cc(74, 0)], {}, -4.0),
        ([cc(74, 95)], {}, 4 * 31 / 63),
        ([cc(74, 0), cc(121, 0)], {}, -4.0),
        ([pressure(127)], {"pressure_cutoff": -3.0}, -3.0),
        ([key_pressure(60, 127), cc(74, 127)], {"pressure_cutoff": -3.0}, 1.0),
    ],
)
def test_the_cutoff_follows_controller_74_and_pressure(
    messages: list[bytes], parameters: dict[str, float], octaves: float
) -> None:
    rig = dark_zone(**parameters)
    moved = rig.play(96000, down(*messages, on()))
    plain = Rig([zone(filter=1, cutoff=1000 * 2**octaves)], {(0, 60, 0): clip(1, noise(1, 96000))})
    np.testing.assert_allclose(moved, plain.play(96000, [(0, on())]), atol=1e-5)


@pytest.mark.parametrize(("value", "resonance"), [(64, 0.4), (127, 0.9), (0, 0.0), (95, 0.4 + 0.5 * 31 / 63)])
def test_the_resonance_follows_controller_71(value: int, resonance: float) -> None:
    moved = dark_zone(resonance=0.4).play(9600, [(0, cc(71, value)), (0, on())])
    plain = dark_zone(resonance=resonance).play(9600, [(0, on())])
    np.testing.assert_allclose(moved, plain, atol=1e-5)


# ---- at more length ------------------------------------------------------------------------------------------------


def test_a_gated_note_is_released_by_note_off_and_by_velocity_0() -> None:
    for end in (off(), on(velocity=0)):
        rig = held()
        heard = rig.play(6000, [(0, on()), (3000, end)])
        assert heard[2999, 0] == 0.5
        assert not heard[3000 + RELEASED :].any()
        assert rig.count("notes") == 1


def test_note_off_of_another_key_or_channel_changes_nothing() -> None:
    heard = held().play(6000, [(0, on()), (3000, off(61)), (3000, off(60, channel=1))])
    np.testing.assert_array_equal(heard[100:], 0.5)


def test_a_one_shot_plays_on_when_its_key_is_let_go() -> None:
    heard = one_key(LEVEL).play(6000, [(0, on()), (100, off()), (200, cc(123, 0))])
    np.testing.assert_array_equal(heard[100:], 0.5)


def test_a_gated_key_struck_again_releases_its_earlier_note() -> None:
    rig = held()
    rig.play(6000, [(0, on()), (3000, on())])
    assert rig.sounding() == [60]


def test_the_pedal_holds_and_lets_go_below_64() -> None:
    rig = held()
    heard = rig.play(9000, [(0, cc(64, 64)), (0, on()), (1000, off()), (5000, cc(64, 63))])[:, 0]
    np.testing.assert_array_equal(heard[:5000], 0.5)
    assert not heard[5000 + RELEASED :].any()


def test_the_pedal_lifted_leaves_keys_that_are_still_held() -> None:
    rig = held()
    messages = [(0, cc(64, 127)), (0, on(60)), (0, on(61)), (1000, off(60)), (2000, cc(64, 0))]
    rig.play(5000, messages)
    assert rig.sounding() == [61]


def test_the_pedal_belongs_to_its_channel() -> None:
    rig = held()
    rig.play(
        5000,
        [(0, cc(64, 127, channel=1)), (0, on(60)), (0, on(61, channel=1)), (99, off(60)), (99, off(61, channel=1))],
    )
    assert rig.sounding() == [61]


@pytest.mark.parametrize(("share", "semitones"), [(1, 2), (-1, -2), (0.5, 1)])
def test_bend_is_two_semitones_unless_told_otherwise(share: float, semitones: float) -> None:
    heard = one_key(sine(400, 200000)).play(24000, [(0, on()), (1000, bend(share))], 480)[6000:, 0]
    assert frequency(heard) == pytest.approx(400 * 2 ** (semitones / 12), rel=2e-5)


def test_a_full_bend_upwards_reaches_the_whole_range() -> None:
    heard = one_key(sine(400, 200000)).play(24000, [(0, bytes([0xE0, 127, 127])), (0, on())], 480)[100:, 0]
    assert frequency(heard) == pytest.approx(400 * 2 ** (2 / 12), rel=1e-6)


def test_the_presets_bend_range() -> None:
    rig = Rig([zone()], {(0, 60, 0): clip(1, sine(400, 200000))}, bend_range=12)
    heard = rig.play(24000, [(0, bend(-1)), (0, on())], 480)[100:, 0]
    assert frequency(heard) == pytest.approx(200, rel=2e-5)


def bend_range(semitones: int, cents: int | None = None) -> list[tuple[int, bytes]]:
    select = [(0, cc(101, 0)), (0, cc(100, 0)), (0, cc(6, semitones))]
    return select + ([] if cents is None else [(0, cc(38, cents))])


@pytest.mark.parametrize(
    ("messages", "semitones"),
    [
        (bend_range(12), 12),
        (bend_range(7, 50), 7.5),
        ([(0, cc(101, 0)), (0, cc(100, 0)), (0, cc(38, 50))], 2.5),  # the fine half alone keeps the coarse one
        ([*bend_range(12), (0, cc(101, 127)), (0, cc(100, 127)), (0, cc(6, 5))], 12),  # none selected: left alone
        ([*bend_range(12), (0, cc(99, 0)), (0, cc(98, 0)), (0, cc(6, 5))], 12),  # a non-registered one: not ours
        ([*bend_range(12), (0, cc(121, 0))], 12),  # the reset keeps the range
        ([(0, cc(6, 12))], 2),  # data entry for no parameter
        ([(0, cc(101, 0)), (0, cc(100, 1)), (0, cc(6, 12))], 2),  # RPN 1 is fine tuning
    ],
)
def test_registered_parameter_0_sets_the_bend_range(messages: list[tuple[int, bytes]], semitones: float) -> None:
    heard = one_key(sine(400, 400000)).play(24000, [*messages, (0, bend(-1)), (0, on())], 480)[100:, 0]
    assert frequency(heard) == pytest.approx(400 * 2 ** (-semitones / 12), rel=2e-5)


def test_a_bend_glides_without_a_click() -> None:
    rig = Rig([zone()], {(0, 60, 0): clip(1, sine(100, 200000))}, bend_range=12)
    heard = rig.play(20000, [(0, on()), (5000, bend(1)), (12000, bend(-1))], 480)[:, 0]
    assert np.abs(np.diff(heard)).max() < 0.5 * 2 * np.pi * 200 / RATE * 1.01


def test_the_volume_controllers_default_is_unity() -> None:
    for value, gain in ((100, 1.0), (127, 1.27**2), (50, 0.25), (0, 0.0)):
        heard = held().play(12000, [(0, on()), (0, cc(7, value))], 480)
        np.testing.assert_allclose(heard[-1], 0.5 * gain, atol=1e-5)


def test_expression_scales_and_is_full_at_127() -> None:
    for value in (127, 64, 0):
        heard = held().play(12000, [(0, on()), (0, cc(11, value))], 480)
        np.testing.assert_allclose(heard[-1], 0.5 * (value / 127) ** 2, atol=1e-5)


@pytest.mark.parametrize(("value", "wanted"), [(0, (2**0.5, 0)), (64, (1, 1)), (127, (0, 2**0.5))])
def test_the_pan_controller(value: int, wanted: tuple[float, float]) -> None:
    heard = held().play(12000, [(0, on()), (0, cc(10, value))], 480)
    np.testing.assert_allclose(heard[-1], 0.5 * np.array(wanted), atol=1e-5)


def test_controllers_set_before_a_note_hold_from_its_first_frame() -> None:
    heard = held().play(3000, [(0, cc(7, 50)), (500, on())])
    np.testing.assert_allclose(heard[500:], 0.125, atol=1e-6)


def test_all_sound_off_fades_everything_on_its_channel_within_five_milliseconds() -> None:
    made = clip(1, LEVEL)
    rig = Rig([zone(range(60, 64))], {(0, key, 0): made for key in range(60, 64)})  # one-shots too
    heard = rig.play(5000, [(0, on(60)), (0, on(61, channel=1)), (0, cc(64, 127)), (2000, cc(120, 0))])[:, 0]
    np.testing.assert_array_equal(heard[:2000], 1.0)
    np.testing.assert_array_equal(heard[2000 + KILL :], 0.5)
    assert np.abs(np.diff(heard[1:])).max() <= 0.5 / KILL * 1.01


def test_all_notes_off_respects_the_pedal() -> None:
    rig = held()
    heard = rig.play(9000, [(0, cc(64, 127)), (0, on()), (1000, cc(123, 0)), (5000, cc(64, 0))])[:, 0]
    np.testing.assert_array_equal(heard[:5000], 0.5)
    assert not heard[5000 + RELEASED :].any()


@pytest.mark.parametrize("controller", [123, 124, 125, 126, 127])
def test_all_notes_off_and_the_modes_that_mean_it_release_held_keys(controller: int) -> None:
    rig = held()
    heard = rig.play(5000, [(0, on(60)), (0, on(61)), (0, on(62, channel=2)), (2000, cc(controller, 0))])[:, 0]
    np.testing.assert_array_equal(heard[2000 + RELEASED :], 0.5)


def test_reset_controllers_resets_bend_expression_and_pedal_but_not_volume_and_pan() -> None:
    rig = held()
    before = [(0, cc(7, 50)), (0, cc(10, 0)), (0, cc(11, 10)), (0, cc(64, 127)), (0, bend(1)), (0, on()), (10, off())]
    heard = rig.play(4000, [*before, (2000, cc(121, 0))])
    assert heard[1999, 0] > 0
    assert not heard[2000 + RELEASED :].any()  # the pedal is up
    heard = rig.play(4000, [(0, on())])
    np.testing.assert_allclose(heard[3000], (0.125 * 2**0.5, 0), atol=1e-5)
    assert rig.voices()[0].step == 1.0


def test_claimed_controllers_are_left_to_the_macros() -> None:
    made = clip(1, LEVEL)
    rig = Rig([zone(mode=GATED, release=RELEASE)], {(0, 60, 0): made}, claimed=[7, 64])
    heard = rig.play(5000, [(0, cc(64, 127)), (0, on()), (0, cc(7, 0)), (0, cc(11, 64)), (3000, off())])
    np.testing.assert_allclose(heard[2999], 0.5 * (64 / 127) ** 2, atol=1e-5)
    assert not heard[3000 + RELEASED :].any()


def test_claimed_controllers_change_while_it_plays() -> None:
    rig = held()
    rig.play(640, [(0, on())])
    assert rig.sampler.set_claimed([7, 200])
    rig.play(4800, [(0, cc(7, 0))])
    assert rig.sampler.set_claimed([11])
    np.testing.assert_array_equal(rig.play(4800, [(0, cc(11, 0))]), 0.5)
    assert not rig.play(4800, [(0, cc(7, 0))])[-1].any()


@pytest.mark.parametrize("pedal", [64, 66])
def test_a_pedal_that_is_down_when_a_macro_claims_it_holds_no_longer(pedal: int) -> None:
    rig = held()
    rig.play(640, [(0, on()), (0, cc(pedal, 127)), (100, off())])
    assert rig.sounding() == [60]
    assert rig.sampler.set_claimed([pedal])
    assert not rig.play(4800)[RELEASED:].any()
    assert rig.sampler.set_claimed([])
    rig.play(4800, [(0, on()), (1, cc(pedal, 127)), (2, off())])
    assert rig.sounding() == [60]


def test_the_channel_filter() -> None:
    rig = held(channel=3)
    rig.play(1000, [(0, on(60)), (0, on(61, channel=2)), (0, on(62, channel=3)), (0, cc(120, 0, channel=1))])
    assert rig.sounding() == [61]


def test_a_note_held_while_the_channel_filter_changes_is_let_go() -> None:
    rig = held()
    rig.play(1000, [(0, on())])
    rig.sampler.set_parameter(None, "channel", 3)
    heard = rig.play(3000, [(0, off())])
    assert not heard[RELEASED:].any()


def test_omni_hears_every_channel() -> None:
    rig = held()
    rig.play(1000, [(0, on(60 + i % 4, channel=i)) for i in range(16)])
    assert len(rig.sounding()) == 16


def test_messages_that_mean_nothing_here_are_ignored() -> None:
    rig = held()
    nonsense = [
        b"\xf8",
        b"\xff",
        b"\x05\x10\x10",
        b"\x90\xc0\x40",
        b"\x90\x3c\xff",
        b"\xa0\x3c\x40",
        b"\xc0\x05",
        b"\xd0\x40",
    ]
    heard = rig.play(1000, [(0, message) for message in nonsense])
    assert not heard.any()
    assert rig.voices() == []


def test_choke_groups_cut_each_other_and_nothing_else() -> None:
    zones = [zone([42], choke=1), zone([46], choke=1), zone([38], choke=2), zone([36])]
    made = clip(1, LEVEL)
    rig = Rig(zones, {(i, key, 0): made for i, key in enumerate((42, 46, 38, 36))})
    heard = rig.play(4000, [(0, on(46)), (0, on(38)), (0, on(36)), (2000, on(42))])[:, 0]
    np.testing.assert_array_equal(heard[:2000], 1.5)
    np.testing.assert_allclose(heard[2000 + KILL :], 1.5)
    assert rig.sounding() == [36, 38, 42]


@pytest.mark.parametrize("block", [1, 17, 64, 480])
def test_a_choked_note_that_has_not_sounded_yet_is_not_heard_at_all(block: int) -> None:
    silent = clip(2, np.zeros_like(LEVEL))
    rig = Rig([zone([42, 46], choke=1)], {(0, 46, 0): clip(1, LEVEL), (0, 42, 0): silent})
    assert not rig.play(1000, [(33, on(46)), (33, on(42))], block).any()
    assert rig.sounding() == [42]


def test_layers_of_one_note_do_not_choke_one_another() -> None:
    made = clip(1, LEVEL)
    rig = Rig([zone(choke=1), zone(choke=1)], {(0, 60, 0): made, (1, 60, 0): made})
    rig.play(1000, [(0, on())])
    assert rig.sounding() == [60, 60]
    rig.play(1000, [(0, on())])
    assert rig.sounding() == [60, 60]


def test_a_key_without_a_clip_is_silent_and_counted() -> None:
    rig = Rig([zone([60, 61])], {(0, 60, 0): clip(1, LEVEL)})
    assert not rig.play(100, [(0, on(61)), (0, on(70))]).any()
    assert rig.count("starved") == 1


def test_more_events_than_a_block_may_have_are_dropped_and_counted() -> None:
    rig = held()
    rig.play(64, [(0, cc(1, 0))] * 5000)
    assert rig.count("dropped_events") == 5000 - 4096


def test_looped_notes_stop_too() -> None:
    rig = one_key(LEVEL, mode=LOOP, release=RELEASE)
    heard = rig.play(6000, [(0, on()), (3000, off())])
    assert not heard[3000 + RELEASED :].any()
