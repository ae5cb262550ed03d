"""What a voice of the sampler sounds like: pitch, level, envelope, pan, the limiter."""

from __future__ import annotations

import numpy as np
import pytest
from sampler_rig import GATED, RATE, Rig, clip, frequency, level_db, noise, off, on, one_key, sine, unwanted_db, zone

from engine import _native

END_FADE = round(0.002 * RATE)


def test_a_clip_at_its_own_rate_comes_out_bit_for_bit() -> None:
    audio = noise(1, 5000, channels=2)
    heard = one_key(audio).play(5000, [(0, on())])
    whole = 5000 - END_FADE
    np.testing.assert_array_equal(heard[:whole], audio.T[:whole])


def test_a_note_begins_at_its_frame_and_ends_with_the_clip() -> None:
    audio = noise(2, 2000)
    rig = one_key(audio)
    heard = rig.play(4000, [(777, on())])
    assert not heard[:777].any()
    np.testing.assert_array_equal(heard[777:2000, 0], audio[0, : 2000 - 777])
    assert not heard[2777:].any()
    assert rig.voices() == []


def test_the_end_of_a_clip_is_faded() -> None:
    heard = one_key(np.full(3000, 0.5, np.float32)).play(4000, [(0, on())])
    assert np.abs(np.diff(heard[1:, 0])).max() <= 0.5 / END_FADE * 1.01


@pytest.mark.parametrize("semitones", [-24, -12, -7, -0.31, 0.5, 4, 12, 19, 24, 36])
@pytest.mark.parametrize("hertz", [220.0, 440.0])
def test_a_tuned_sine_is_a_sine_of_the_right_pitch(semitones: float, hertz: float) -> None:
    wanted = hertz * 2 ** (semitones / 12)
    heard = one_key(sine(hertz, 200000), tune=semitones).play(24000, [(0, on())], 480)[2000:, 0]
    assert frequency(heard) == pytest.approx(wanted, rel=2e-5)
    assert unwanted_db(heard, wanted) < -80


def test_a_chromatic_zone_plays_its_clip_around_the_root() -> None:
    made = clip(1, sine(300, 100000))
    rig = Rig([zone(range(48, 73), shared=True, root=60)], {(0, 60, 0): made})
    for key in (48, 60, 67, 72):
        heard = rig.play(12000, [(0, on(key))], 480, [(0, rig.sampler.silence)])[3000:, 0]
        assert frequency(heard) == pytest.approx(300 * 2 ** ((key - 60) / 12), rel=1e-4)


@pytest.mark.parametrize(
    ("clip_rate", "rate"), [(16000, 48000), (16000, 44100), (44100, 48000), (48000, 44100), (96000, 48000)]
)
def test_a_clip_of_another_rate_keeps_its_pitch_without_images(clip_rate: int, rate: int) -> None:
    for share in (0.05, 0.6):
        hertz = share * min(clip_rate, rate) / 2
        audio = sine(hertz, clip_rate, clip_rate)
        heard = one_key(audio, clip_rate, rate).play(rate // 2, [(0, on())], 480)[2000:, 0]
        assert frequency(heard, rate) == pytest.approx(hertz, rel=1e-5)
        assert unwanted_db(heard, hertz, rate) < -60


@pytest.mark.parametrize("semitones", [7, 12, 19, 24, 36])
def test_what_would_fold_back_when_pitched_up_is_left_out(semitones: float) -> None:
    ratio = 2 ** (semitones / 12)
    folding = min(23000.0, 1.35 * 24000 / ratio)  # above the output's half rate once pitched up
    assert folding * ratio > 1.2 * 24000
    heard = one_key(sine(folding, 200000), tune=semitones).play(12000, [(0, on())], 480)[1000:-1000]
    assert level_db(heard) < level_db(sine(folding, 10000)) - 60


@pytest.mark.parametrize("velocity", [1, 32, 64, 100, 127])
@pytest.mark.parametrize(("track", "curve"), [(1, 2), (1, 1), (0.5, 2), (0, 2)])
def test_velocity(velocity: int, track: float, curve: float) -> None:
    rig = one_key(np.full(2000, 0.5, np.float32), velocity_track=track, velocity_curve=curve)
    heard = rig.play(500, [(0, on(60, velocity))])
    gain = 1 - track + track * (velocity / 127) ** curve
    np.testing.assert_allclose(heard[10:], 0.5 * gain, rtol=1e-5)


def test_gain_in_decibels() -> None:
    heard = one_key(np.full(2000, 0.5, np.float32), gain_db=-12).play(500, [(0, on())])
    np.testing.assert_allclose(heard[10:], 0.5 * 10 ** (-12 / 20), rtol=1e-5)


def test_master_gain_in_decibels() -> None:
    made = clip(1, np.full(2000, 0.5, np.float32))
    heard = Rig([zone()], {(0, 60, 0): made}, master_gain_db=-6).play(500, [(0, on())])
    np.testing.assert_allclose(heard[10:], 0.5 * 10 ** (-6 / 20), rtol=1e-5)


@pytest.mark.parametrize("parameter", ["gain_db", "pan", "master_gain_db"])
def test_a_turned_level_arrives_smoothly(parameter: str) -> None:
    rig = one_key(np.full(40000, 0.5, np.float32))
    scope = None if parameter == "master_gain_db" else 0
    value = 1.0 if parameter == "pan" else -20.0
    turn = (1000, lambda: rig.sampler.set_parameter(scope, parameter, value))
    heard = rig.play(8000, [(0, on())], 480, [turn])
    assert np.abs(np.diff(heard[10:], axis=0)).max() < 0.5 / 200  # 5 ms time constant: 240 frames
    wanted = (0.0, 0.5 * 2**0.5) if parameter == "pan" else (0.05, 0.05)
    np.testing.assert_allclose(heard[-1], wanted, atol=1e-5)


def test_a_mono_clip_pans_at_equal_power_and_a_stereo_clip_by_balance() -> None:
    for pan in (-1.0, -0.5, 0.0, 0.3, 1.0):
        left, right = one_key(np.full(2000, 0.5, np.float32), pan=pan).play(500, [(0, on())])[100]
        assert left**2 + right**2 == pytest.approx(0.5, rel=1e-5)
        assert (left > right) == (pan < 0) or pan == 0
        both = np.array([[0.5], [0.25]], np.float32).repeat(2000, axis=1)
        left, right = one_key(both, pan=pan).play(500, [(0, on())])[100]
        assert left == pytest.approx(0.5 * min(1, 1 - pan), abs=1e-6)
        assert right == pytest.approx(0.25 * min(1, 1 + pan), abs=1e-6)


def test_envelope_times() -> None:
    audio = np.full(60000, 0.5, np.float32)
    rig = one_key(audio, mode=GATED, attack=0.1, hold=0.05, decay=0.2, sustain=0.4, release=0.1)
    levels = rig.play(48000, [(0, on()), (28800, off())], 480)[:, 0] / 0.5
    assert levels[2400] == pytest.approx(0.5, abs=1e-3)  # half-way up
    np.testing.assert_allclose(levels[4800:7200], 1, atol=1e-3)  # held
    assert levels[7200 + 4800] == pytest.approx(0.4 + 0.6 * 0.25, abs=1e-3)  # decay: the square of the time left
    np.testing.assert_allclose(levels[16800:28800], 0.4, atol=1e-3)  # sustained until the key is let go
    assert levels[28800 + 2400] == pytest.approx(0.1, abs=1e-3)
    assert not levels[28800 + 4800 :].any()
    assert rig.voices() == []


def test_a_key_let_go_in_the_attack_falls_from_the_level_reached() -> None:
    rig = one_key(np.full(60000, 0.5, np.float32), mode=GATED, attack=0.1, release=0.1)
    levels = rig.play(12000, [(0, on()), (2400, off())])[:, 0] / 0.5
    assert levels.max() == pytest.approx(0.5, abs=1e-3)
    assert levels[2400 + 2400] == pytest.approx(0.5 * 0.25, abs=2e-3)


def test_a_decay_to_nothing_ends_the_voice() -> None:
    rig = one_key(np.full(60000, 0.5, np.float32), decay=0.05, sustain=0)
    heard = rig.play(6000, [(0, on())])
    assert heard[1000:2000].all()
    assert not heard[2500:].any()
    assert rig.voices() == []


def test_the_limiter_keeps_below_full_scale_and_is_counted_once_a_block() -> None:
    made = clip(1, sine(200, 60000, amplitude=1.0))
    rig = Rig([zone(range(60, 70))], {(0, key, 0): made for key in range(60, 70)}, limiter=1.0)
    heard = rig.play(4800, [(0, on(key)) for key in range(60, 70)], 480)
    assert 0.9 < np.abs(heard).max() < 1
    assert 1 <= rig.count("limited_blocks") <= 10


def test_the_limiter_leaves_what_is_quiet_alone() -> None:
    audio = sine(200, 20000, amplitude=0.9)
    rig = Rig([zone()], {(0, 60, 0): clip(1, audio)}, limiter=1.0)
    np.testing.assert_array_equal(rig.play(10000, [(0, on())])[:, 1], audio[:10000])
    assert rig.count("limited_blocks") == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_a_bad_number_mutes_its_own_voice_without_a_click_and_is_counted(bad: float) -> None:
    broken, sound = sine(100, 20000), sine(150, 20000)
    broken[5000:5003] = bad
    rig = Rig([zone([60, 61])], {(0, 60, 0): clip(1, broken), (0, 61, 0): clip(2, sound)})
    heard = rig.play(10000, [(0, on(60)), (0, on(61))])
    assert np.isfinite(heard).all()
    assert rig.count("muted") == 1
    np.testing.assert_allclose(heard[5100:, 0], sound[5100:10000], atol=1e-7)
    own = 0.5 * 2 * np.pi * 250 / RATE
    assert np.abs(np.diff(heard[:, 0])).max() < own + 0.5 / 48


@pytest.mark.parametrize(
    ("channels", "frames", "rate"), [(0, 100, 48000), (3, 100, 48000), (1, 0, 48000), (1, 2**29, 48000), (1, 100, 0)]
)
def test_clips_that_no_instrument_has_are_refused(channels: int, frames: int, rate: float) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        _native.Clip(1, channels, frames, rate)


@pytest.mark.parametrize("rate", [0, 7999, 1e6, float("nan")])
def test_rates_that_no_device_has_are_refused(rate: float) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        _native.Sampler().prepare(rate)
