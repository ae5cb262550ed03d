"""Looping, starting inside a clip, and reverse."""

from __future__ import annotations

import numpy as np
import pytest
from sampler_rig import GATED, LOOP, RATE, largest_step, noise, off, on, one_key, sine

FRAMES = 48000
IN = 48  # fade-in of a start inside the clip


def test_a_loop_goes_round_for_as_long_as_the_key_is_held() -> None:
    audio = sine(100, FRAMES)  # the loop is a whole number of its periods
    rig = one_key(audio, mode=LOOP, loop_start=0.25, loop_end=0.75, loop_crossfade=0.01)
    heard = rig.play(200000, [(0, on())], 480)[:, 0]
    np.testing.assert_allclose(heard, sine(100, 200000), atol=2e-5)


def test_the_seam_of_a_loop_is_smooth_whatever_the_clip_does_there() -> None:
    for hertz in (40, 41.3, 43.7):
        for crossfade in (0.005, 0.05, 0.2):
            rig = one_key(sine(hertz, FRAMES), mode=LOOP, loop_crossfade=crossfade)
            own = 0.5 * 2 * np.pi * hertz / RATE
            assert largest_step(rig.play(150000, [(0, on())], 480)) <= own + 1.0 / (crossfade * RATE)


def test_a_loop_crossfades_into_what_comes_before_its_start() -> None:
    audio = noise(1, FRAMES)[0]
    rig = one_key(audio, mode=LOOP, loop_start=0.25, loop_end=0.5, loop_crossfade=0.05)
    heard = rig.play(36000, [(0, on())], 480)[:, 0]
    start, end, fade = 12000, 24000, 2400
    share = np.arange(fade) / fade
    wanted = audio[end - fade : end] * (1 - share) + audio[start - fade : start] * share
    np.testing.assert_allclose(heard[: end - fade], audio[: end - fade])
    np.testing.assert_allclose(heard[end - fade : end], wanted, atol=1e-6)
    np.testing.assert_allclose(heard[end : end + 5000], audio[start : start + 5000])


def test_a_pitched_loop_keeps_its_seam_smooth() -> None:
    for tune in (-17, -0.3, 7, 31):
        rig = one_key(sine(41.3, FRAMES), mode=LOOP, tune=tune)
        own = 0.5 * 2 * np.pi * 41.3 / RATE * 2 ** (tune / 12)
        heard = rig.play(150000, [(0, on())], 480)[1000:]  # a sine that begins is not one sine
        assert np.abs(np.diff(heard, axis=0)).max() <= own + 2 ** (tune / 12) / 2400 + 1e-5


def test_a_loop_shorter_than_can_be_heard_as_one_is_widened() -> None:
    rig = one_key(noise(2, FRAMES)[0], mode=LOOP, loop_start=0.5, loop_end=0.5, tune=48)
    assert np.isfinite(rig.play(20000, [(0, on())], 480)).all()
    voice = rig.voices()[0]
    assert voice.loop_end - voice.loop_start == 64


@pytest.mark.parametrize("frames", [1, 2, 63, 65])
@pytest.mark.parametrize("tune", [-48, 0, 48])
def test_the_shortest_clips_loop_too(frames: int, tune: float) -> None:
    rig = one_key(np.full(frames, 0.5, np.float32), mode=LOOP, tune=tune)
    assert np.abs(rig.play(5000, [(0, on())])).max() <= 1.0
    assert len(rig.voices()) == 1


def test_a_start_inside_the_clip_fades_in() -> None:
    audio = np.full(FRAMES, 0.5, np.float32)
    rig = one_key(audio, start=0.5)
    heard = rig.play(30000, [(0, on())])[:, 0]
    np.testing.assert_allclose(heard[:IN], 0.5 * np.arange(IN) / IN, atol=0.5 / IN + 1e-6)
    assert np.abs(np.diff(heard, prepend=0)).max() <= 0.5 / IN * 1.01
    assert heard[24000 - 200] == 0.5
    assert not heard[24000:].any()


def test_a_start_inside_the_clip_is_at_the_right_frame() -> None:
    audio = noise(3, FRAMES)[0]
    heard = one_key(audio, start=0.5).play(5000, [(0, on())])[:, 0]
    np.testing.assert_array_equal(heard[IN:], audio[24000 + IN : 29000])


def test_a_start_behind_the_end_of_the_loop_begins_in_the_loop() -> None:
    rig = one_key(sine(41.3, FRAMES), mode=LOOP, start=0.99, loop_start=0.1, loop_end=0.3)
    heard = rig.play(9000, [(0, on())])
    assert np.abs(heard).max() <= 0.5 + 1e-6
    assert largest_step(heard) <= 0.5 * 2 * np.pi * 41.3 / RATE + 0.5 / IN
    voice = rig.voices()[0]
    assert voice.loop_start <= voice.position < voice.loop_end


def test_reverse_plays_the_clip_backwards() -> None:
    audio = noise(4, FRAMES)[0]
    rig = one_key(audio, reverse=1)
    heard = rig.play(FRAMES + 1000, [(0, on())])[:, 0]
    np.testing.assert_array_equal(heard[IN : FRAMES - 96], audio[::-1][IN : FRAMES - 96])
    assert not heard[FRAMES:].any()
    assert rig.voices() == []


def test_reverse_begins_without_a_click_and_counts_its_start_from_the_end() -> None:
    audio = np.linspace(0, 1, FRAMES, dtype=np.float32)
    heard = one_key(audio, reverse=1, start=0.25).play(2000, [(0, on())])[:, 0]
    assert np.abs(np.diff(heard, prepend=0)).max() <= 1 / IN
    assert heard[100] == pytest.approx(0.75 - 100 / FRAMES, abs=1e-4)


def test_a_reversed_loop() -> None:
    audio = sine(100, FRAMES)
    rig = one_key(audio, mode=LOOP, reverse=1, loop_start=0.25, loop_end=0.75)
    heard = rig.play(100000, [(0, on())], 480)[:, 0]
    np.testing.assert_allclose(heard[IN:], -sine(100, 100000, phase=100 / RATE)[IN:], atol=2e-5)


def test_gated_notes_end_at_the_clips_end_at_the_latest() -> None:
    rig = one_key(sine(100, 2000), mode=GATED)
    assert not rig.play(4000, [(0, on()), (3000, off())])[2000:].any()
