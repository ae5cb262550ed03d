"""One note at a time on a channel: who plays, who is remembered, how pitch and clip get from one to the next."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sampler_rig import (
    GATED,
    GRID,
    KILL,
    LOOP,
    RATE,
    SWAP,
    Audio,
    Message,
    Rig,
    bend,
    cc,
    clip,
    key_pressure,
    off,
    on,
    pressure,
    sine,
    zone,
)

MONO, LEGATO = 1.0, 2.0
LAST, LOW, HIGH = 0.0, 1.0, 2.0
LENGTH = 200000
RELEASED = 960
GAP = 3200  # between two events: longer than any fade or crossfade here


def level(share: float) -> Audio:
    return np.full(LENGTH, share, np.float32)


def level_of(key: int) -> float:
    return (key - 59) / 16


def keyed(voices: float, mode: float = GATED, **play: float) -> Rig:
    """Keys 60 to 67, each with its own clip at a level of its own."""
    keys = range(60, 68)
    clips = {(0, key, 0): clip(key, level(level_of(key))) for key in keys}
    return Rig([zone(keys, mode=mode, release=RELEASED / RATE, velocity_track=0.0)], clips, voices=voices, **play)


def chromatic(voices: float, glide: float = 0.0, **play: float) -> Rig:
    keys = range(36, 96)
    zones = [zone(keys, shared=True, root=60, mode=LOOP, release=RELEASED / RATE)]
    return Rig(zones, {(0, 60, 0): clip(1, sine(200, LENGTH))}, voices=voices, glide=glide, **play)


def every_gap(*messages: bytes) -> list[Message]:
    return [(GAP * i, message) for i, message in enumerate(messages)]


def keys_heard(rig: Rig, *messages: bytes) -> list[int]:
    """The key that is heard at the end of each message's stretch; 0 for silence."""
    audio = rig.play(GAP * len(messages), every_gap(*messages))
    levels = audio[GAP - 1 :: GAP, 0].astype(float)
    return [round(share * 16 + 59) if share > 0 else 0 for share in levels]


def pitches(rig: Rig, ticks: int, messages: Sequence[Message] = ()) -> list[float]:
    """Semitones from the root at the start of each tick, of the newest voice that is not ending."""
    heard = []
    for tick in range(ticks):
        due = [(frame - tick * GRID, message) for frame, message in messages if frame // GRID == tick]
        rig.sampler.process(due, GRID)
        heard.append([12 * math.log2(voice.step) for voice in rig.voices() if not voice.released][-1])
    return heard


SUSTAIN, SUSTAIN_UP, SOSTENUTO, SOSTENUTO_UP = cc(64, 127), cc(64, 0), cc(66, 127), cc(66, 0)
STORIES: list[tuple[str, float, list[bytes], list[int]]] = [
    ("a new note takes over", LAST, [on(60), on(62)], [60, 62]),
    ("and gives back", LAST, [on(60), on(62), off(62), off(60)], [60, 62, 60, 0]),
    ("a key let go before is forgotten", LAST, [on(60), on(62), off(60), off(62)], [60, 62, 62, 0]),
    ("the last of three", LAST, [on(60), on(64), on(62), off(62), off(64)], [60, 64, 62, 64, 60]),
    ("the middle one let go", LAST, [on(60), on(64), on(62), off(64), off(62)], [60, 64, 62, 62, 60]),
    ("struck again is last again", LAST, [on(60), on(62), on(60), off(60)], [60, 62, 60, 62]),
    ("low: a higher one waits", LOW, [on(60), on(62), off(60), off(62)], [60, 60, 62, 0]),
    ("low: a lower one takes over", LOW, [on(62), on(60), on(64), off(60), off(62)], [62, 60, 60, 62, 64]),
    ("high: a lower one waits", HIGH, [on(62), on(60), off(62)], [62, 62, 60]),
    ("high: a higher one takes over", HIGH, [on(60), on(62), on(61), off(62)], [60, 62, 62, 61]),
    ("high: one that waits is let go", HIGH, [on(62), on(60), off(60), off(62)], [62, 62, 62, 0]),
    ("sustain holds the note", LAST, [SUSTAIN, on(60), off(60), SUSTAIN_UP], [0, 60, 60, 0]),
    ("sustain: a new note takes over", LAST, [SUSTAIN, on(60), off(60), on(62), SUSTAIN_UP], [0, 60, 60, 62, 62]),
    ("sustain: no way back before it is up", LAST, [SUSTAIN, on(60), on(62), off(62), SUSTAIN_UP], [0, 60, 62, 62, 60]),
    ("sostenuto holds the caught note", LAST, [on(60), SOSTENUTO, off(60), SOSTENUTO_UP], [60, 60, 60, 0]),
    ("sostenuto does not hold the next", LAST, [on(60), SOSTENUTO, on(62), off(62)], [60, 60, 62, 60]),
    ("all notes off forgets what waits", LAST, [on(60), on(62), cc(123, 0), off(62)], [60, 62, 0, 0]),
    ("all sound off forgets what waits", LAST, [on(60), on(62), cc(120, 0), off(62)], [60, 62, 0, 0]),
    ("a key that plays nothing does not count", LAST, [on(60), on(20), off(20), off(60)], [60, 60, 60, 0]),
]


@pytest.mark.parametrize("voices", [MONO, LEGATO])
@pytest.mark.parametrize(
    ("priority", "messages", "keys"), [story[1:] for story in STORIES], ids=[s[0] for s in STORIES]
)
def test_who_plays(voices: float, priority: float, messages: list[bytes], keys: list[int]) -> None:
    assert keys_heard(keyed(voices, priority=priority), *messages) == keys


def test_poly_plays_them_all() -> None:
    audio = keyed(0.0).play(GAP, [(0, on(60)), (0, on(62))])
    assert audio[-1, 0] == pytest.approx(level_of(60) + level_of(62))


def test_mono_fades_the_old_note_in_five_milliseconds_and_attacks_the_new_one() -> None:
    rig = keyed(MONO)
    audio = rig.play(2 * GAP, every_gap(on(60), on(62)))[:, 0]
    assert audio[GAP] == pytest.approx(level_of(62) + level_of(60) * (1 - 1 / KILL), abs=1e-6)
    assert audio[GAP + KILL - 1] == pytest.approx(level_of(62), abs=1e-6)
    assert [(voice.voice, voice.position) for voice in rig.voices()] == [(2, GAP)]


def test_mono_fades_a_releasing_note_and_a_one_shot_as_well() -> None:
    for mode in (0.0, GATED):
        audio = keyed(MONO, mode).play(2 * GAP, [(0, on(60)), (GAP - 200, off(60)), (GAP, on(62))])[:, 0]
        np.testing.assert_allclose(audio[GAP + KILL :], level_of(62), atol=1e-6)


def test_a_one_shot_that_nothing_takes_over_plays_on() -> None:
    assert keys_heard(keyed(MONO, 0.0), on(60), off(60)) == [60, 60]


def test_of_a_chord_in_one_frame_mono_plays_the_last_alone() -> None:
    rig = keyed(MONO)
    audio = rig.play(GAP, [(0, on(60)), (0, on(62)), (0, on(61))])
    np.testing.assert_array_equal(audio[:, 0], np.float32(level_of(61)))
    assert rig.sounding() == [61]


def test_the_note_that_comes_back_has_its_own_velocity() -> None:
    keys = range(60, 68)
    zones = [zone(keys, mode=GATED, release=0.01, velocity_curve=1.0)]
    rig = Rig(zones, {(0, key, 0): clip(key, level(0.5)) for key in keys}, voices=MONO)
    audio = rig.play(3 * GAP, every_gap(on(60, 127), on(62, 32), off(62)))[:, 0]
    np.testing.assert_allclose(audio[GAP - 1 :: GAP], [0.5, 0.5 * 32 / 127, 0.5], atol=1e-6)


def test_each_channel_has_its_own_note() -> None:
    rig = keyed(MONO)
    rig.play(3 * GAP, every_gap(on(60), on(62, channel=1), off(60)))
    assert rig.sounding() == [62]
    rig.play(GAP, [(0, on(60)), (1, on(63))])
    assert rig.sounding() == [62, 63]


def test_silence_from_the_control_side_forgets_what_waits() -> None:
    rig = keyed(MONO)
    rig.play(2 * GAP, every_gap(on(60), on(62)))
    rig.sampler.silence()
    rig.play(GAP)
    assert not rig.play(GAP, [(0, off(62))]).any()


# ---- legato ---------------------------------------------------------------------------------------------------------


def test_legato_goes_on_from_its_position_and_crossfades_to_the_new_keys_clip() -> None:
    rig = keyed(LEGATO)
    audio = rig.play(2 * GAP, every_gap(on(60), on(62)))[:, 0]
    middle = (level_of(60) + level_of(62)) / 2
    assert audio[GAP + SWAP // 2 - 1] == pytest.approx(middle, abs=1e-6)
    np.testing.assert_allclose(audio[GAP + SWAP :], level_of(62), atol=1e-6)
    assert np.abs(np.diff(audio[100:])).max() <= (level_of(62) - level_of(60)) / SWAP * 1.01
    (voice,) = rig.voices()
    assert (voice.voice, voice.key, voice.slot_key, voice.clip, voice.position) == (1, 62, 62, 62, 2 * GAP)


def test_after_legato_clips_for_the_new_key_reach_the_voice_and_those_for_the_old_do_not() -> None:
    rig = keyed(LEGATO)
    rig.play(2 * GAP, every_gap(on(60), on(62)))
    rig.sampler.set_clip(0, 60, 0, clip(100, level(0.9)))
    np.testing.assert_allclose(rig.play(GAP)[:, 0], level_of(62), atol=1e-6)
    rig.sampler.set_clip(0, 62, 0, clip(101, level(0.7)))
    np.testing.assert_allclose(rig.play(GAP)[SWAP:, 0], 0.7, atol=1e-6)
    assert [voice.clip for voice in rig.voices()] == [101]
    np.testing.assert_allclose(rig.play(GAP, [(0, off(62))])[SWAP:, 0], 0.9, atol=1e-6)


def test_legato_to_a_key_without_a_clip_stays_on_the_last_one_until_its_own_comes() -> None:
    clips = {(0, 60, 0): clip(60, level(0.25))}
    rig = Rig([zone([60, 61], mode=GATED)], clips, voices=LEGATO)
    np.testing.assert_allclose(rig.play(2 * GAP, every_gap(on(60), on(61)))[:, 0], 0.25)
    assert rig.count("starved") == 1
    assert rig.sounding() == [61]
    rig.sampler.set_clip(0, 61, 0, clip(61, level(0.5)))
    np.testing.assert_allclose(rig.play(GAP)[SWAP:, 0], 0.5, atol=1e-6)


def test_legato_to_a_clip_of_another_length_begins_a_new_voice() -> None:
    clips = {(0, 60, 0): clip(60, level(0.25)), (0, 61, 0): clip(61, level(0.5)[:50000])}
    rig = Rig([zone([60, 61], mode=GATED)], clips, voices=LEGATO)
    audio = rig.play(2 * GAP, every_gap(on(60), on(61)))[:, 0]
    np.testing.assert_allclose(audio[GAP + KILL :], 0.5, atol=1e-6)
    assert [(voice.voice, voice.key, voice.position) for voice in rig.voices()] == [(2, 61, GAP)]


def test_legato_into_another_zone_begins_a_new_voice() -> None:
    clips = {(0, 60, 0): clip(60, level(0.25)), (1, 61, 0): clip(61, level(0.5))}
    rig = Rig([zone([60], mode=GATED), zone([61], mode=GATED)], clips, voices=LEGATO)
    audio = rig.play(2 * GAP, every_gap(on(60), on(61)))[:, 0]
    assert audio[GAP] == pytest.approx(0.5 + 0.25 * (1 - 1 / KILL), abs=1e-6)
    assert [(voice.voice, voice.zone, voice.position) for voice in rig.voices()] == [(2, 1, GAP)]


def test_legato_needs_a_key_that_is_still_down() -> None:
    for before in ([off(60)], [SUSTAIN, off(60)]):
        rig = keyed(LEGATO)
        rig.play(5 * GAP, every_gap(on(60), *before, on(62)))
        assert [voice.voice for voice in rig.voices() if not voice.released] == [2]


def test_a_key_struck_again_begins_anew_in_legato_too() -> None:
    for before in ([on(60)], [on(62), on(60)]):
        rig = keyed(LEGATO)
        rig.play(GAP * (len(before) + 1), every_gap(*before, on(60)))
        assert [(voice.voice, voice.position) for voice in rig.voices()] == [(2, GAP)]


def test_legato_into_another_preset_begins_a_new_voice() -> None:
    rig = keyed(LEGATO)
    rig.play(GAP, [(0, on(60))])
    other = {(0, key, 0): clip(100 + key, level(0.9)) for key in (60, 62)}
    rig.load([zone([60, 62], mode=GATED)], other, voices=LEGATO)
    rig.play(GAP, [(0, on(62))])
    assert [(voice.voice, voice.clip, voice.position) for voice in rig.voices()] == [(2, 162, GAP)]


def test_legato_goes_on_to_the_newest_clip_though_its_onset_has_not_come() -> None:
    rig = keyed(LEGATO)
    rig.play(GAP, [(0, on(60))])
    newest = clip(100, level(0.9), blocks=range(2, 100))
    rig.sampler.set_clip(0, 62, 0, newest)
    audio = rig.play(GAP, [(0, on(62))])[:, 0]
    assert [voice.clip for voice in rig.voices()] == [100]
    np.testing.assert_allclose(audio[SWAP + GRID :], 0.9, atol=1e-6)


def test_legato_goes_on_through_choke_groups_and_chokes_the_others() -> None:
    clips = {(0, key, 0): clip(key, level(0.25)) for key in (60, 61)} | {(1, 40, 0): clip(40, level(0.5))}
    rig = Rig([zone([60, 61], mode=GATED, choke=1), zone([40], choke=1)], clips, voices=LEGATO)
    rig.play(3 * GAP, every_gap(on(60), on(40, channel=1)))
    assert rig.sounding() == [40]
    rig.play(3 * GAP, every_gap(on(60), on(61)))
    assert rig.sounding() == [61]
    assert len(rig.voices()) == 1


def test_legato_changes_all_layers_of_a_note() -> None:
    clips = {(z, key, 0): clip(10 * z + key, level(0.1 + 0.1 * z)) for z in (0, 1) for key in (60, 61)}
    rig = Rig([zone([60, 61], mode=GATED), zone([60, 61], mode=GATED)], clips, voices=LEGATO)
    rig.play(2 * GAP, every_gap(on(60), on(61)))
    assert [(voice.voice, voice.key, voice.clip) for voice in rig.voices()] == [(1, 61, 61), (2, 61, 71)]


def test_legato_plays_the_new_notes_velocity_layer() -> None:
    clips = {(0, key, variant): clip(10 * key + variant, level(0.1)) for key in (60, 61) for variant in (0, 1)}
    rig = Rig([zone([60, 61], mode=GATED, layers=2)], clips, voices=LEGATO)
    rig.play(2 * GAP, every_gap(on(60, 127), on(61, 10)))
    assert [(voice.key, voice.variant, voice.clip) for voice in rig.voices()] == [(61, 0, 610)]


def test_pressure_follows_the_key_that_legato_has_come_to() -> None:
    clips = {(0, key, 0): clip(key, level(0.25)) for key in (60, 61)}
    rig = Rig([zone([60, 61], mode=GATED, pressure_gain_db=-20.0)], clips, voices=LEGATO)
    audio = rig.play(3 * GAP, every_gap(key_pressure(61, 127), on(60), on(61)))[:, 0]
    np.testing.assert_allclose(audio[2 * GAP - 1 :: GAP], [0.25, 0.025], atol=1e-5)


# ---- pitch ----------------------------------------------------------------------------------------------------------


def test_legato_in_a_chromatic_zone_changes_the_sounding_voices_pitch() -> None:
    rig = chromatic(LEGATO)
    assert pitches(rig, 103, [(0, on(60)), (3200, on(67))])[99:] == pytest.approx([0, 0, 7, 7])
    (voice,) = rig.voices()
    assert (voice.voice, voice.key, voice.slot_key) == (1, 67, 60)
    heard = pitches(rig, 3, [(0, off(67))])
    assert heard == pytest.approx([7, 0, 0])


@pytest.mark.parametrize("voices", [MONO, LEGATO])
def test_a_glide_is_linear_in_semitones_and_takes_its_time(voices: float) -> None:
    rig = chromatic(voices, glide=0.1)  # 150 ticks
    heard = pitches(rig, 300, [(0, on(60)), (3200, on(72))])
    assert heard[99] == pytest.approx(0)
    np.testing.assert_allclose(heard[100:251], 12 * np.arange(151) / 150, atol=1e-6)
    np.testing.assert_allclose(heard[251:], 12, atol=1e-6)


@pytest.mark.parametrize("voices", [MONO, LEGATO])
def test_a_glide_begins_where_the_last_one_had_got_to(voices: float) -> None:
    rig = chromatic(voices, glide=0.1)
    heard = pitches(rig, 400, [(0, on(60)), (3200, on(72)), (3200 + 75 * GRID, on(48))])
    np.testing.assert_allclose(heard[175:326], 6 - 18 * np.arange(151) / 150, atol=1e-6)


def test_a_glide_begins_where_the_last_one_had_got_to_beside_a_layer_that_does_not_glide() -> None:
    clips = {(0, 60, 0): clip(1, sine(200, LENGTH))} | {(1, key, 0): clip(key, level(0.1)) for key in (60, 72)}
    zones = [zone([60, 72], shared=True, mode=LOOP), zone([60, 72], mode=GATED)]
    rig = Rig(zones, clips, voices=MONO, glide=0.1)
    rig.play(75 * GRID, [(0, on(60)), (0, on(72))], GRID)  # half the way, since 75 of 150 ticks have passed
    rig.play(GRID, [(0, on(60))])
    steps = {voice.zone: 12 * math.log2(voice.step) for voice in rig.voices() if not voice.released}
    assert steps == pytest.approx({0: 6.0, 1: 0.0})


@pytest.mark.parametrize("voices", [MONO, LEGATO])
def test_the_way_back_glides_too(voices: float) -> None:
    rig = chromatic(voices, glide=0.1)
    heard = pitches(rig, 600, [(0, on(60)), (3200, on(72)), (300 * GRID, off(72))])
    np.testing.assert_allclose(heard[300:451], 12 - 12 * np.arange(151) / 150, atol=1e-6)


def test_mono_glides_from_a_note_that_was_let_go_and_legato_does_not() -> None:
    for voices, start in ((MONO, 0.0), (LEGATO, 12.0)):
        rig = chromatic(voices, glide=0.1)
        assert pitches(rig, 1, [(0, on(60))]) == pytest.approx([0])  # the first has nowhere to come from
        rig.play(2 * GAP, [(0, off(60))], GRID)
        assert pitches(rig, 1, [(0, on(72))]) == pytest.approx([start])


def test_poly_does_not_glide() -> None:
    heard = pitches(chromatic(0.0, glide=0.1), 110, [(0, on(60)), (3200, on(72))])
    assert heard[100:] == pytest.approx([12] * 10)


def test_a_bend_adds_to_a_glide() -> None:
    heard = pitches(chromatic(LEGATO, glide=0.1), 400, [(0, bend(1)), (0, on(60)), (3200, on(72))])
    np.testing.assert_allclose(heard[100:251], 2 + 12 * np.arange(151) / 150, atol=1e-3)


def test_keys_with_clips_of_their_own_do_not_glide() -> None:
    rig = keyed(MONO, glide=0.1)
    rig.play(GAP + GRID, every_gap(on(60), on(62)), GRID)
    assert [voice.step for voice in rig.voices()][-1] == 1.0


def test_glide_and_legato_do_not_click() -> None:
    rig = chromatic(LEGATO, glide=0.05)
    audio = rig.play(30000, every_gap(on(60), on(72), on(48), off(48), off(72)))
    assert np.abs(np.diff(audio[:, 0])).max() < 0.5 * 2 * np.pi * 400 / RATE * 1.01


@pytest.mark.parametrize("block", [1, 17, 480, 4096])
@pytest.mark.parametrize("voices", [MONO, LEGATO])
def test_the_block_size_does_not_change_the_sound(voices: float, block: int) -> None:
    keys = range(60, 72)
    clips = {(0, 60, 0): clip(1, sine(200, LENGTH))}
    clips |= {(1, key, 0): clip(key, sine(100 + 7 * key, LENGTH, phase=key / 9)) for key in keys}
    zones = [zone(keys, shared=True, mode=LOOP, pressure_gain_db=9.0), zone(keys, mode=GATED, pressure_gain_db=-30.0)]

    def render(frames: int) -> Audio:
        random = np.random.default_rng(5)
        rig = Rig(zones, clips, voices=voices, glide=0.031, priority=LAST, limiter=0.0)
        messages: list[Message] = []
        for _ in range(60):
            frame, key, value = (int(random.integers(high)) for high in (48000, 12, 128))
            messages += [(frame, on(60 + key)), (frame + int(random.integers(1, 6000)), off(60 + key))]
            messages += [(frame + 99, pressure(value)), (frame + 777, key_pressure(60 + key, value))]
            messages += [(frame + 1234, cc(64, 127 * (value % 2))), (frame + 2000, bend(value / 127))]
        return rig.play(60000, messages, frames)

    assert np.abs(render(block) - render(64)).max() <= 1e-6
