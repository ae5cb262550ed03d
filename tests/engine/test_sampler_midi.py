"""What MIDI messages do to the sampler's voices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from sampler_rig import GATED, KILL, LOOP, RATE, Rig, bend, cc, clip, frequency, off, on, one_key, sine, zone

LEVEL = np.full(200000, 0.5, np.float32)
RELEASE = 0.02
RELEASED = round(RELEASE * RATE)


def held(**play: float) -> Rig:
    """Gated keys 60 to 63 with a constant clip: the level heard is the number of keys held, halved."""
    made = clip(1, LEVEL)
    keys = range(60, 64)
    return Rig([zone(keys, mode=GATED, release=RELEASE)], {(0, key, 0): made for key in keys}, **play)


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


def test_layers_of_one_note_do_not_choke_one_another() -> None:
    made = clip(1, LEVEL)
    rig = Rig([zone(choke=1), zone(choke=1)], {(0, 60, 0): made, (1, 60, 0): made})
    rig.play(1000, [(0, on())])
    assert rig.sounding() == [60, 60]
    rig.play(1000, [(0, on())])
    assert rig.sounding() == [60, 60]


@pytest.mark.parametrize("siblings", [2, 3, 8])
def test_round_robin_goes_round_and_never_repeats(siblings: int) -> None:
    clips = {(0, 60, i): clip(100 + i, LEVEL) for i in range(siblings)}
    rig = Rig([zone(siblings=siblings)], clips)
    rig.play(64 * 50, [(64 * i, on()) for i in range(50)])
    played = [voice.variant for voice in rig.voices()]
    assert all(a != b for a, b in itertools.pairwise(played))
    assert played[:siblings] == list(range(siblings))


def test_round_robin_passes_over_a_sibling_without_a_clip() -> None:
    rig = Rig([zone(siblings=3)], {(0, 60, i): clip(100 + i, LEVEL) for i in (0, 2)})
    rig.play(640, [(64 * i, on()) for i in range(6)])
    assert [voice.variant for voice in rig.voices()] == [0, 2, 0, 2, 0, 2]


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
