"""MIDI Polyphonic Expression: a zone of channels with a note each, and a master channel that speaks for all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sampler_rig import GATED, KILL, RATE, Message, Rig, bend, cc, clip, key_pressure, off, on, pressure, zone

LEVEL = np.full(200000, 0.25, np.float32)
RELEASED = 960
MEMBERS = 4


def rig_of(members: float = MEMBERS, **play: float) -> Rig:
    keys = range(60, 64)
    zones = [zone(keys, mode=GATED, release=RELEASED / RATE, pressure_gain_db=-12.0)]
    return Rig(zones, {(0, key, 0): clip(key, LEVEL) for key in keys}, mpe_members=members, **play)


def members_message(count: int, channel: int = 0) -> list[bytes]:
    """The MPE configuration message."""
    return [cc(101, 0, channel), cc(100, 6, channel), cc(6, count, channel)]


def range_message(semitones: int, channel: int) -> list[bytes]:
    return [cc(101, 0, channel), cc(100, 0, channel), cc(6, semitones, channel)]


def semitones(rig: Rig, *messages: bytes) -> dict[int, float]:
    """Key → pitch, of what sounds after these messages."""
    rig.play(9600, [(0, message) for message in messages])
    return {voice.key: 12 * math.log2(voice.step) for voice in rig.voices() if not voice.released}


def levels(rig: Rig, *messages: bytes) -> list[float]:
    """Both channels' level in shares of one note's, after these messages."""
    return [float(side) / 0.25 for side in rig.play(9600, [(0, message) for message in messages])[-1]]


def test_each_member_bends_by_itself_48_semitones_far() -> None:
    heard = semitones(rig_of(), on(60, channel=1), on(61, channel=2), bend(0.5, channel=1))
    assert heard == pytest.approx({60: 24.0, 61: 0.0}, abs=0.01)


def test_the_masters_bend_is_2_semitones_and_adds() -> None:
    notes = [on(60, channel=1), on(61, channel=2), on(62), on(63, channel=9)]
    heard = semitones(rig_of(), *notes, bend(1), bend(0.25, channel=1))
    assert heard == pytest.approx({60: 14.0, 61: 2.0, 62: 2.0, 63: 0.0}, abs=0.01)


def test_the_presets_bend_range_is_the_masters() -> None:
    heard = semitones(rig_of(bend_range=7), on(60, channel=1), bend(1), bend(0.25, channel=1))
    assert heard == pytest.approx({60: 19.0}, abs=0.01)


def test_a_bend_range_for_one_member_is_every_members_and_not_the_masters() -> None:
    notes = [on(60, channel=1), on(61, channel=MEMBERS), on(62), on(63, channel=MEMBERS + 1)]
    bends = [bend(1, channel) for channel in (0, 1, MEMBERS, MEMBERS + 1)]
    heard = semitones(rig_of(), *range_message(12, 2), *notes, *bends)
    assert heard == pytest.approx({60: 14.0, 61: 14.0, 62: 2.0, 63: 2.0}, abs=0.01)


def test_a_bend_range_for_the_master_is_its_own() -> None:
    heard = semitones(rig_of(), *range_message(5, 0), on(60, channel=1), bend(1), bend(0.25, channel=1))
    assert heard == pytest.approx({60: 17.0}, abs=0.01)


def test_pressure_is_the_members_and_the_masters_whichever_is_larger() -> None:
    quiet = 10 ** (-12 / 20)
    assert levels(rig_of(), pressure(127, channel=1), on(60, channel=1))[0] == pytest.approx(quiet, abs=1e-3)
    assert levels(rig_of(), pressure(127, channel=1), on(60, channel=2))[0] == pytest.approx(1.0)
    both = [pressure(10, channel=1), pressure(127)]
    assert levels(rig_of(), *both, on(60, channel=1))[0] == pytest.approx(quiet, abs=1e-3)
    own = [key_pressure(60, 127), on(60, channel=1)]  # a key of the master's channel is not the member's
    assert levels(rig_of(), *own)[0] == pytest.approx(1.0)


def test_the_masters_volume_expression_and_pan_hold_for_the_members_too() -> None:
    assert levels(rig_of(), cc(7, 50), cc(11, 64, channel=1), on(60, channel=1))[0] == pytest.approx(
        0.25 * (64 / 127) ** 2, abs=1e-5
    )
    assert levels(rig_of(), cc(10, 127), on(60, channel=1)) == pytest.approx([0.0, math.sqrt(2)], abs=1e-5)
    assert levels(rig_of(), cc(7, 50), on(60, channel=MEMBERS + 1))[0] == pytest.approx(1.0)


def held_after(*messages: bytes) -> list[int]:
    rig = rig_of()
    rig.play(9600, [(10 * i, message) for i, message in enumerate(messages)])
    return rig.sounding()


def test_the_masters_pedals_hold_the_members_notes() -> None:
    one, two = on(60, channel=1), on(61, channel=2)
    outside = on(62, channel=MEMBERS + 1)
    lifted = [off(60, channel=1), off(61, channel=2), off(62, channel=MEMBERS + 1)]
    assert held_after(one, two, outside, cc(64, 127), *lifted) == [60, 61]
    assert held_after(one, two, outside, cc(64, 127), *lifted, cc(64, 0)) == []
    assert held_after(one, cc(66, 127), two, outside, *lifted) == [60]
    assert held_after(one, cc(66, 127), two, outside, *lifted, cc(66, 0)) == []
    assert held_after(one, two, cc(64, 127, channel=1), *lifted) == [60]


@pytest.mark.parametrize("mode", [120, 123, 126])
def test_channel_mode_messages_on_the_master_reach_all_members_and_nobody_else(mode: int) -> None:
    notes = [on(60, channel=0), on(61, channel=MEMBERS), on(62, channel=MEMBERS + 1)]
    assert held_after(*notes, cc(mode, 0)) == [62]
    assert held_after(*notes, cc(mode, 0, channel=MEMBERS)) == [60, 62]


def test_a_reset_on_the_master_resets_the_members() -> None:
    notes = [on(60, channel=1), bend(1, channel=1), pressure(127, channel=1)]
    rig = rig_of()
    assert semitones(rig, *notes, cc(121, 0)) == pytest.approx({60: 0.0}, abs=0.01)
    assert levels(rig)[0] == pytest.approx(1.0)


def test_the_configuration_message_begins_changes_and_ends_the_zone() -> None:
    for preset in (0, MEMBERS):
        rig = rig_of(preset)
        notes = [on(60, channel=1), on(61, channel=2), bend(0.25, channel=1), bend(0.25, channel=2)]
        assert semitones(rig, *members_message(1), *notes) == pytest.approx({60: 12.0, 61: 0.5}, abs=0.01)
        assert semitones(rig, *members_message(2), *notes) == pytest.approx({60: 12.0, 61: 12.0}, abs=0.01)
        assert semitones(rig, *members_message(0), *notes) == pytest.approx({60: 0.5, 61: 0.5}, abs=0.01)


def test_the_configuration_message_ends_the_zones_notes_and_forgets_its_controllers() -> None:
    rig = rig_of()
    held = [cc(64, 127), on(60, channel=1), on(61, channel=MEMBERS), on(62, channel=9), *range_message(12, 1), bend(1)]
    rig.play(640, [(0, message) for message in held])
    heard = rig.play(9600, [(0, message) for message in members_message(2)])
    assert rig.sounding() == [62]
    assert heard[RELEASED + KILL, 0] == pytest.approx(0.25)
    after = semitones(rig, on(60, channel=1), bend(0.25, channel=1))
    assert after[60] == pytest.approx(12.0, abs=0.01)  # 48 again, and no bend of the master


def test_the_configuration_message_counts_on_channel_1_alone() -> None:
    for channel in (1, 15):
        rig = rig_of(0)
        heard = semitones(rig, *members_message(5, channel), on(60, channel=1), bend(1, channel=1))
        assert heard == pytest.approx({60: 2.0}, abs=0.01)


def test_more_members_than_there_are_channels_are_all_of_them() -> None:
    heard = semitones(rig_of(0), *members_message(127), on(60, channel=15), bend(0.25, channel=15))
    assert heard == pytest.approx({60: 12.0}, abs=0.01)


def test_the_keyboards_word_holds_until_the_preset_has_another() -> None:
    rig = rig_of(0)
    notes = [on(60, channel=1), bend(0.25, channel=1)]
    assert semitones(rig, *members_message(1), *notes) == pytest.approx({60: 12.0}, abs=0.01)
    rig.sampler.set_parameter(None, "mpe_members", 0)
    assert semitones(rig) == pytest.approx({60: 12.0}, abs=0.01)
    rig.sampler.set_parameter(None, "mpe_members", 3)
    assert semitones(rig, *members_message(0)) == {}
    rig.sampler.set_parameter(None, "mpe_members", 2)
    assert semitones(rig, *notes) == pytest.approx({60: 12.0}, abs=0.01)


def test_with_a_channel_filter_there_is_no_zone() -> None:
    rig = rig_of(channel=2)
    notes = [on(60, channel=1), bend(1, channel=1), on(61, channel=2), bend(1), cc(64, 127)]
    assert semitones(rig, *notes) == pytest.approx({60: 2.0}, abs=0.01)


@pytest.mark.parametrize("block", [1, 17, 480, 4096])
def test_the_block_size_does_not_change_the_sound(block: int) -> None:
    random = np.random.default_rng(9)
    messages: list[Message] = []
    for _ in range(80):
        frame, channel, value = int(random.integers(24000)), int(random.integers(6)), int(random.integers(128))
        key = 60 + channel % 4
        messages += [(frame, on(key, channel=channel)), (frame + 3000, off(key, channel=channel))]
        messages += [(frame + 64, bend(value / 64 - 1, channel)), (frame + 99, pressure(value, channel))]
        messages += [(frame + 500, cc(74, value, channel)), (frame + 700, cc(64, 127 * (value % 2)))]
    messages += [(12345, message) for message in members_message(3)]
    assert np.abs(rig_of().play(30000, messages, block) - rig_of().play(30000, messages)).max() <= 1e-6
