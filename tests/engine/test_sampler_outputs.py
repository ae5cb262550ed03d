"""Several stereo outputs: a zone is heard on the one that it asks for, and nothing is lost where there are fewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from sampler_rig import KILL, LOOP, Audio, Message, Rig, cc, clip, noise, on, zone

from engine import _native

OUTPUTS = 8


def rig(*outputs: int, audio: Audio | None = None, keys: int = 1, choke: float = 0.0, **play: float) -> Rig:
    """A looped zone for each of these outputs, on `keys` keys from 60 on, from 70 on, …; each with noise of its own."""
    zones, clips = [], {}
    for index, output in enumerate(outputs):
        parameters = {"output": float(output), "mode": LOOP, "choke": choke}
        notes = range(60 + 10 * index, 60 + 10 * index + keys)
        zones.append(zone(notes, **parameters))
        for note in notes:
            clips[index, note, 0] = clip(note, noise(note, 9000) if audio is None else audio)
    return Rig(zones, clips, **play)


def heard(made: Rig, frames: int, messages: Sequence[Message] = (), outputs: int = OUTPUTS, block: int = 64) -> Audio:
    """`frames` frames of every output: [outputs, frames, 2]."""
    parts: list[NDArray[np.float32]] = []
    for at in range(0, frames, block):
        stop = min(at + block, frames)
        due = [(frame - at, message) for frame, message in messages if at <= frame < stop]
        parts.append(made.sampler.process_outputs(due, stop - at, outputs))
    return np.concatenate(parts, axis=1)


CHORD = [(0, on(60)), (100, on(70)), (200, on(80)), (300, on(90))]


def test_a_zone_is_heard_on_its_own_output_alone() -> None:
    alone = heard(rig(3), 2000, [(0, on(60))])
    assert np.abs(alone[2]).max() > 0.1
    assert not alone[[0, 1, 3, 4, 5, 6, 7]].any()


def test_zones_that_say_nothing_are_heard_on_the_first() -> None:
    made = Rig([zone()], {(0, 60, 0): clip(1, noise(1, 4000))})
    out = heard(made, 2000, [(0, on())])
    assert out[0].any()
    assert not out[1:].any()


def test_all_outputs_together_are_what_the_one_output_has() -> None:
    zones = 1, 3, 8, 3
    together = rig(*zones).play(3000, CHORD)
    out = heard(rig(*zones), 3000, CHORD)
    assert [bool(bus.any()) for bus in out] == [output in zones for output in range(1, 9)]
    np.testing.assert_allclose(out.sum(axis=0), together, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 2, 3, 7])
def test_zones_beyond_the_outputs_there_are_go_to_the_first(outputs: int) -> None:
    out = heard(rig(1, 3, 8, 2), 3000, CHORD, outputs)
    whole = heard(rig(1, 3, 8, 2), 3000, CHORD)
    np.testing.assert_allclose(out[0], whole[0] + whole[outputs:].sum(axis=0), atol=1e-6)
    np.testing.assert_array_equal(out[1:], whole[1:outputs])


def test_one_output_is_the_plain_form_to_the_byte() -> None:
    out = heard(rig(1, 3, 8, limiter=1.0), 3000, CHORD, 1)
    np.testing.assert_array_equal(out[0], rig(1, 3, 8, limiter=1.0).play(3000, CHORD))


@pytest.mark.parametrize("block", [1, 17, 480, 4096])
def test_the_block_size_changes_nothing(block: int) -> None:
    def song(block: int) -> Audio:
        made = rig(2, 5, 5, keys=8, limiter=1.0, polyphony=6.0, master_gain_db=9.0)
        notes = [(53 * i, on(60 + 10 * (i % 3) + i % 8)) for i in range(80)]
        return heard(made, 9000, [*notes, (6000, cc(120, 0))], block=block)

    np.testing.assert_allclose(song(block), song(64), atol=1e-6)


def test_the_master_gain_and_the_limiter_are_each_outputs_own() -> None:
    made = rig(1, 2, audio=np.full(9000, 0.9, np.float32), limiter=1.0, master_gain_db=6.0)
    out = heard(made, 4000, [(0, on(70)), (2000, on(60, 64))])
    assert out[1].max() == pytest.approx(0.966, abs=1e-3)
    quiet = 0.9 * (64 / 127) ** 2 * 10 ** (6 / 20)  # of velocity 64: far below where the limiter begins
    np.testing.assert_allclose(out[0, 2100:, 0], quiet, rtol=1e-4)


def test_a_limiter_lets_go_while_nothing_sounds_as_if_something_did() -> None:
    def second(still_sounds: bool) -> Audio:
        made = rig(2, 2, audio=np.full(48000, 0.9, np.float32), limiter=1.0, master_gain_db=12.0)
        made.sampler.set_parameter(1, "gain_db", -60.0)
        notes = [(0, on(60)), (2000, cc(120, 0))] + ([(2001, on(70, 1))] if still_sounds else [])
        return heard(made, 12000, [*notes, (9000, on(60, 60))])[1, 9300:]

    np.testing.assert_allclose(second(False), second(True), atol=1e-4)


def test_a_choked_voice_fades_on_its_own_output() -> None:
    made = rig(2, 3, choke=1.0)
    out = heard(made, 3000, [(0, on(60)), (1000, on(70))])
    assert out[1, 1000 : 1000 + KILL - 20].any()
    assert not out[1, 1000 + KILL :].any()
    assert out[2, 1010:].any()


# With one voice and so many strokes at once, dying voices are cut short: what is left of them lasts a millisecond more.
CROWD = [(1000 + 3 * i, on(60 + i % 8)) for i in range(16)]
CUT_RANGE = slice(1000 + 3 * 16, 1000 + 3 * 16 + 48)


def test_what_is_left_of_a_voice_that_is_cut_short_is_heard_on_its_own_output() -> None:
    made, plain = (rig(2, keys=8, polyphony=1.0) for _ in range(2))
    out = heard(made, 3000, CROWD)
    assert not out[[0, 2, 3, 4, 5, 6, 7]].any()
    np.testing.assert_array_equal(out[1], plain.play(3000, CROWD))


def test_where_zones_steal_from_one_another_nothing_is_lost_either() -> None:
    crowd = [(frame, on(message[1] + 10 * (frame % 2))) for frame, message in CROWD]
    made, plain = (rig(2, 7, keys=8, polyphony=1.0) for _ in range(2))
    out = heard(made, 3000, crowd)
    np.testing.assert_allclose(out.sum(axis=0), plain.play(3000, crowd), atol=1e-6)


@pytest.mark.parametrize("fewer", [1000 + 3 * 16, 1000 + 3 * 16 + 20])
def test_what_was_left_is_heard_where_there_are_fewer_outputs_now(fewer: int) -> None:
    made, plain = (rig(6, keys=8, polyphony=1.0) for _ in range(2))
    whole = plain.play(3000, CROWD)
    assert np.abs(whole[CUT_RANGE]).max() > 0.5
    before = heard(made, fewer, CROWD, block=fewer)
    after = heard(made, 3000 - fewer, outputs=2)
    np.testing.assert_allclose(before[5], whole[:fewer], atol=1e-6)
    np.testing.assert_allclose(after[0], whole[fewer:], atol=1e-6)
    assert not after[1].any()


def test_the_output_is_read_when_a_note_begins() -> None:
    made = rig(2)
    first = heard(made, 640, [(0, on(60))])
    made.sampler.set_parameter(0, "output", 4.0)
    still = heard(made, 640)
    assert still[1].any()
    assert not still[3].any()
    made.sampler.silence()
    heard(made, 640)
    moved = heard(made, 640, [(0, on(60))])
    assert moved[3].any()
    assert not moved[1].any()
    assert first[1].any()


@pytest.mark.parametrize("outputs", [0, 9, -1])
def test_other_numbers_of_outputs_are_refused(outputs: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        _native.Sampler().process_outputs([], 64, outputs)
