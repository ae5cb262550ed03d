"""The voice's filter: its response beside the analytic one, what moves its cutoff, sweeps, swaps and bad input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sampler_rig import (
    GATED,
    GRID,
    LOOP,
    RATE,
    SWAP,
    Audio,
    Rig,
    bend,
    clip,
    largest_step,
    level_db,
    noise,
    off,
    on,
    one_key,
    sine,
    unwanted_db,
    zone,
)

LOW, BAND, HIGH = 1.0, 2.0, 3.0
FRAMES = 1 << 16
Float64 = NDArray[np.float64]


def damping(resonance: float) -> float:
    """1 / Q, which goes from 0.707 to 20."""
    return float(1 / (0.5**0.5 * (20 / 0.5**0.5) ** resonance))


def analytic(kind: float, cutoff: float, resonance: float, rate: float = RATE) -> Float64:
    """Magnitudes of the trapezoidal state-variable filter at the bins of a transform of FRAMES frames."""
    hertz = np.fft.rfftfreq(FRAMES, 1 / rate)[:-1]
    s = 1j * np.tan(np.pi * hertz / rate) / np.tan(np.pi * cutoff / rate)
    k = damping(resonance)
    top = {LOW: 1, BAND: k * s, HIGH: s * s}[kind]
    return np.asarray(np.abs(top / (1 + k * s + s * s)))


def measured(rig: Rig, key: int = 60, velocity: int = 127) -> Float64:
    """The same of what a rig with an impulse of 0.5 at frame 0 lets through."""
    heard = rig.play(FRAMES, [(0, on(key, velocity))], 480)
    np.testing.assert_array_equal(heard[:, 0], heard[:, 1])
    return np.asarray(np.abs(np.fft.rfft(heard[:, 0].astype(np.float64)))[:-1] / 0.5)


def impulse(rate: float = RATE, keys: tuple[int, ...] = (60,), **parameters: float) -> Rig:
    audio = np.zeros(FRAMES, np.float32)
    audio[0] = 0.5
    parameters = {"velocity_track": 0.0} | parameters
    return Rig([zone(keys, **parameters)], {(0, key, 0): clip(key, audio, rate) for key in keys}, rate)


def filtered(x: Audio, cutoff: float, resonance: float = 0.0) -> Float64:
    """The low-pass of one channel, frame by frame, as the papers write it."""
    g, k = np.tan(np.pi * cutoff / RATE), damping(resonance)
    a1 = 1 / (1 + g * (g + k))
    a2, a3 = g * a1, g * g * a1
    ic1 = ic2 = 0.0
    out = np.empty(len(x))
    for i, v0 in enumerate(x.astype(np.float64)):
        v3 = v0 - ic2
        v1 = a1 * ic1 + a2 * v3
        v2 = ic2 + a2 * ic1 + a3 * v3
        ic1, ic2 = 2 * v1 - ic1, 2 * v2 - ic2
        out[i] = v2
    return out


# ---- response ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [LOW, BAND, HIGH])
@pytest.mark.parametrize("cutoff", [50.0, 440.0, 3000.0, 15000.0])
@pytest.mark.parametrize("resonance", [0.0, 0.5, 1.0])
def test_the_response_is_the_analytic_one(kind: float, cutoff: float, resonance: float) -> None:
    got = measured(impulse(filter=kind, cutoff=cutoff, resonance=resonance))
    wanted = analytic(kind, cutoff, resonance)
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 192000])
def test_the_response_keeps_its_frequency_at_other_rates(rate: int) -> None:
    got = measured(impulse(rate, filter=LOW, cutoff=1000.0, resonance=0.3))
    np.testing.assert_allclose(got, analytic(LOW, 1000.0, 0.3, rate), rtol=1e-3, atol=1e-4)


def test_the_low_pass_peaks_by_its_q_and_the_band_pass_at_full_level() -> None:
    assert measured(impulse(filter=LOW, cutoff=1000.0, resonance=1.0)).max() == pytest.approx(20, rel=0.01)
    for resonance in (0.0, 0.7, 1.0):
        peak = measured(impulse(filter=BAND, cutoff=1000.0, resonance=resonance))
        assert peak.max() == pytest.approx(1, rel=1e-3)
        assert np.fft.rfftfreq(FRAMES, 1 / RATE)[peak.argmax()] == pytest.approx(1000, rel=0.02)


def test_the_cutoff_ends_below_half_the_rate_and_at_20_hz() -> None:
    np.testing.assert_allclose(
        measured(impulse(22050, filter=LOW, cutoff=20000.0)),
        analytic(LOW, 0.45 * 22050, 0, 22050),
        rtol=1e-3,
        atol=1e-4,
    )
    low = measured(impulse(filter=LOW, cutoff=20.0, filter_track=2.0, keys=(1,)), key=1)
    np.testing.assert_allclose(low, analytic(LOW, 20, 0), rtol=1e-3, atol=1e-4)


# ---- what moves the cutoff ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "key", "velocity", "wanted"),
    [
        ({"filter_track": 1.0}, 72, 127, 1000.0),
        ({"filter_track": 1.0}, 48, 127, 250.0),
        ({"filter_track": 0.5}, 72, 127, 500 * 2**0.5),
        ({"filter_track": 1.0}, 60, 127, 500.0),
        ({"filter_track": 0.0}, 72, 127, 500.0),
        ({"filter_velocity": 2.0}, 60, 127, 2000.0),
        ({"filter_velocity": 2.0}, 60, 32, 500 * 2 ** (2 * 32 / 127)),
        ({"filter_velocity": -3.0}, 60, 127, 62.5),
        ({"filter_envelope": 3.0, "filter_sustain": 1.0}, 60, 127, 4000.0),
        ({"filter_envelope": -2.0, "filter_sustain": 1.0}, 60, 127, 125.0),
        ({"filter_envelope": 2.0, "filter_sustain": 1.0, "filter_track": 1.0}, 72, 127, 4000.0),
    ],
)
def test_key_velocity_and_envelope_move_the_cutoff(
    parameters: dict[str, float], key: int, velocity: int, wanted: float
) -> None:
    rig = impulse(keys=(48, 60, 72), filter=LOW, cutoff=500.0, **parameters)
    np.testing.assert_allclose(measured(rig, key, velocity), analytic(LOW, wanted, 0), rtol=2e-3, atol=1e-4)


def levels(heard: Audio, frames: int = 240) -> list[float]:
    """Levels in dB, 5 ms each."""
    return [level_db(part) for part in np.split(heard, len(heard) // frames)]


def test_the_envelope_opens_holds_and_closes_with_the_release() -> None:
    rig = one_key(
        sine(4000, 200000),
        mode=GATED,
        release=20.0,
        filter=LOW,
        cutoff=125.0,
        filter_envelope=5.0,
        filter_attack=0.1,
        filter_decay=0.1,
        filter_sustain=0.5,
        filter_release=0.1,
    )
    got = levels(rig.play(48000, [(0, on()), (24000, off())], 480))

    def at(octaves: float) -> float:  # what is left of 4000 Hz
        return level_db(sine(4000, 24000)) + 20 * np.log10(analytic_at_4000(LOW, 125 * 2**octaves, 0))

    assert got[1] < at(0) + 6
    assert got[10] == pytest.approx(at(5 * 0.525), abs=1.5)  # half-way up
    assert got[19] == pytest.approx(at(5), abs=1.5)
    assert got[45:100] == pytest.approx([at(2.5)] * 55, abs=0.1)
    assert got[110] == pytest.approx(at(2.5 * 0.475**2), abs=1.5)  # the square of the time left
    assert got[130:] == pytest.approx([at(0)] * 70, abs=0.7)  # and a little of the release of the level


def test_without_an_attack_the_envelope_begins_wide_open_wherever_on_the_grid_the_note_starts() -> None:
    for at in (0, 1, 17, 31, 32):
        rig = one_key(sine(4000, 20000), filter=LOW, cutoff=125.0, filter_envelope=8.0, filter_decay=10.0)
        heard = rig.play(1000, [(at, on())])
        assert np.abs(heard[at : at + 24]).max() > 0.45


def test_a_one_shots_filter_is_never_released() -> None:
    rig = one_key(sine(4000, 60000), filter=LOW, cutoff=125.0, filter_envelope=5.0, filter_sustain=1.0)
    assert np.ptp(levels(rig.play(24000, [(0, on()), (2000, off())], 480))[1:]) < 0.1


# ---- turning it while it sounds ----------------------------------------------------------------------------------


def turned(parameter: str, value: float, audio: Audio, frames: int = 20000, at: int = 5000, **zone_: float) -> Audio:
    rig = one_key(audio, **zone_)
    return rig.play(frames, [(0, on())], 480, [(at, lambda: rig.sampler.set_parameter(0, parameter, value))])


def test_cutoff_resonance_track_and_envelope_follow_while_a_note_sounds() -> None:
    tone = sine(4000, 40000)
    cases = [
        ("cutoff", 8000.0, {"cutoff": 500.0}, LOW, (8000, 0)),
        ("resonance", 1.0, {"cutoff": 4000.0}, LOW, (4000, 1)),
        ("filter_envelope", 3.0, {"cutoff": 500.0, "filter_sustain": 1.0}, LOW, (4000, 0)),
        ("cutoff", 8000.0, {"cutoff": 500.0}, HIGH, (8000, 0)),
    ]
    for parameter, value, before, kind, (cutoff, resonance) in cases:
        heard = turned(parameter, value, tone, filter=kind, **before)
        assert gain_at_4000(heard) == pytest.approx(analytic_at_4000(kind, cutoff, resonance), rel=1e-3)
    rig = Rig([zone([72], filter=LOW, cutoff=500.0)], {(0, 72, 0): clip(1, tone)})
    heard = rig.play(20000, [(0, on(72))], 480, [(5000, lambda: rig.sampler.set_parameter(0, "filter_track", 2.0))])
    assert gain_at_4000(heard) == pytest.approx(analytic_at_4000(LOW, 2000, 0), rel=1e-3)


def gain_at_4000(heard: Audio) -> float:
    """Of a sine of 4000 Hz at 0.5, of whose last 4800 frames."""
    return float(np.sqrt(2 * np.mean(np.square(heard[-4800:], dtype=np.float64))) / 0.5)


def analytic_at_4000(kind: float, cutoff: float, resonance: float) -> float:
    hertz = np.fft.rfftfreq(FRAMES, 1 / RATE)[:-1]
    return float(np.interp(4000, hertz, analytic(kind, cutoff, resonance)))


@pytest.mark.parametrize(("kind", "before", "after"), [(HIGH, 20, 8000), (HIGH, 8000, 20), (LOW, 60, 9000)])
def test_a_turned_cutoff_does_not_click(kind: float, before: float, after: float) -> None:
    tone = sine(100, 40000)
    own = 0.5 * 2 * np.pi * 100 / RATE
    for at in range(5000, 5480, 60):
        heard = turned("cutoff", after, tone, at=at, filter=kind, cutoff=float(before))
        assert largest_step(heard[1000:4000]) <= 1.01 * own + np.abs(heard[1000]).max()
        assert np.abs(np.diff(heard[1000:], axis=0)).max() <= own + 0.5 / 60


@pytest.mark.parametrize("kind", [LOW, HIGH])
def test_a_moving_cutoff_leaves_no_trace_of_the_grid(kind: float) -> None:
    rig = one_key(sine(6000, 100000), filter=kind, cutoff=125.0, filter_envelope=6.0, filter_attack=0.5)
    heard = rig.play(24000, [(0, on())], 480)[4000:20000, 0]
    assert unwanted_db(heard, 6000, width=0.4 * RATE / GRID) < -100  # steps would stand at 6000 Hz ± 1500 Hz


def test_the_type_is_read_when_a_note_starts() -> None:
    tone = sine(4000, 40000)
    np.testing.assert_array_equal(turned("filter", LOW, tone, cutoff=100.0)[:20000, 0], tone[:20000])
    rig = one_key(tone, cutoff=100.0)
    heard = rig.play(10000, [(0, on())], 480, [(0, lambda: rig.sampler.set_parameter(0, "filter", LOW))])
    assert level_db(heard[2000:]) < level_db(tone) - 50


def test_it_is_off_unless_told_and_then_changes_no_bit() -> None:
    audio = noise(3, 30000, channels=2)
    plain = one_key(audio, tune=3.3, mode=LOOP).play(20000, [(0, on())])
    idle = one_key(
        audio,
        tune=3.3,
        mode=LOOP,
        cutoff=100.0,
        resonance=1.0,
        filter_track=1.0,
        filter_envelope=4.0,
        filter_velocity=1.0,
    )
    np.testing.assert_array_equal(idle.play(20000, [(0, on())]), plain)


# ---- the same whatever the block size ----------------------------------------------------------------------------


def swept(block: int) -> Audio:
    """Every type, mono and stereo, looped and reversed, swept, bent, swapped and let go."""
    settings = {"resonance": 0.9, "filter_envelope": 3.0, "filter_attack": 0.05, "filter_sustain": 0.4}
    zones = [
        zone([60], mode=LOOP, loop_start=0.2, loop_end=0.6, filter=LOW, cutoff=600.0, **settings),
        zone([61], mode=GATED, filter=BAND, cutoff=1500.0, tune=0.7, **settings),
        zone([62], reverse=1.0, filter=HIGH, cutoff=300.0, filter_velocity=2.0, **settings),
        zone([63], filter=LOW, cutoff=300.0, mode=GATED, release=0.3, filter_release=0.1, **settings),
    ]
    clips = {(i, 60 + i, 0): clip(1 + i, noise(i, 20000, 1 + i % 2, 0.1), 44100) for i in range(4)}
    rig = Rig(zones, clips)
    turn = rig.sampler.set_parameter
    actions: list[tuple[int, Callable[[], object]]] = [
        (frame, lambda value=value, at=frame % 4: turn(at, "cutoff", value))
        for frame, value in zip(range(3001, 40000, 1237), np.geomspace(100, 15000, 30), strict=False)
    ]
    actions += [
        (9000 + i, lambda i=i: rig.sampler.set_clip(i, 60 + i, 0, clip(20 + i, noise(9 + i, 20000, 2, 0.1), 44100)))
        for i in range(4)
    ]
    actions += [(15000, lambda: turn(None, "master_gain_db", -3.0)), (21000, lambda: turn(1, "resonance", 0.0))]
    messages = [(17 + 601 * i + 13000 * turn_, on(60 + i, 40 + 20 * i)) for i in range(4) for turn_ in range(3)]
    messages += [(8000, bend(0.7)), (12345, off(61)), (16001, bend(-1)), (30001, off(63)), (33333, off(60))]
    return rig.play(45000, messages, block, actions)


@pytest.fixture(scope="module")
def swept_reference() -> Audio:
    audio = swept(480)
    assert 0.1 < np.abs(audio).max() < 4
    return audio


@pytest.mark.parametrize("block", [1, 17, 64, 4096])
def test_the_block_size_does_not_change_the_sound(block: int, swept_reference: Audio) -> None:
    assert np.abs(swept(block) - swept_reference).max() <= 1e-6


# ---- swaps, channels, bad input ----------------------------------------------------------------------------------


def test_a_swap_goes_through_the_same_filter() -> None:
    before, after = noise(1, 40000)[0], noise(2, 40000)[0]
    rig = one_key(before, filter=LOW, cutoff=700.0, resonance=0.6)
    heard = rig.play(6000, [(0, on())], 480, [(2000, lambda: rig.sampler.set_clip(0, 60, 0, clip(2, after)))])
    begin = 2016  # the first multiple of 32 from 2000 on
    share = np.clip((np.arange(6000) - begin + 1) / SWAP, 0, 1)
    both = (before[:6000] * (1 - share) + after[:6000] * share).astype(np.float32)
    np.testing.assert_allclose(heard[:, 0], filtered(both, 700.0, 0.6), atol=2e-6)


def test_the_channels_of_a_stereo_clip_are_filtered_each_for_itself() -> None:
    audio = noise(5, 20000, channels=2)
    parameters = {"filter": BAND, "cutoff": 900.0, "resonance": 0.5, "tune": -2.0}
    both = one_key(audio, **parameters).play(8000, [(0, on())])
    for channel in (0, 1):
        alone = one_key(audio[channel], **parameters).play(8000, [(0, on())])
        np.testing.assert_array_equal(both[:, channel], alone[:, 0])


@pytest.mark.parametrize("channels", [(1, 2), (2, 1)])
def test_a_swap_between_mono_and_stereo_does_not_click(channels: tuple[int, int]) -> None:
    clips = [clip(i, np.full((count, 40000), 0.5, np.float32)) for i, count in enumerate(channels)]
    rig = Rig([zone(filter=LOW, cutoff=30.0)], {(0, 60, 0): clips[0]})
    heard = rig.play(20000, [(0, on())], 480, [(12000, lambda: rig.sampler.set_clip(0, 60, 0, clips[1]))])
    np.testing.assert_allclose(heard[11000:], 0.5, atol=1e-4)


@pytest.mark.parametrize("rate", [RATE, 192000])
@pytest.mark.parametrize("cutoff", [20.0, 1000.0, 20000.0])
def test_a_constant_passes_the_low_pass_alone(cutoff: float, rate: int) -> None:
    audio = np.full(rate, 0.5, np.float32)
    for kind, wanted in ((LOW, 0.5), (BAND, 0.0), (HIGH, 0.0)):
        heard = one_key(audio, rate, rate, filter=kind, cutoff=cutoff).play(rate // 2, [(0, on())], 4096)
        np.testing.assert_allclose(heard[-1000:], wanted, atol=1e-6)


def test_silence_stays_silent_and_what_rings_out_leaves_no_denormals() -> None:
    for kind in (LOW, BAND, HIGH):
        silent = one_key(np.zeros(20000, np.float32), filter=kind, cutoff=500.0, resonance=1.0)
        assert not silent.play(10000, [(0, on())]).any()
        heard = np.abs(impulse(filter=kind, cutoff=2000.0).play(60000, [(0, on())], 480))
        assert np.all((heard == 0) | (heard >= np.finfo(np.float32).tiny))
        assert not heard[-1000:].any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
def test_a_bad_number_mutes_its_own_voice_and_leaves_nothing_in_the_filter(bad: float) -> None:
    broken, sound = sine(100, 20000), sine(150, 20000)
    broken[5000] = bad
    zones = [zone([60], filter=LOW, cutoff=500.0), zone([61])]
    rig = Rig(zones, {(0, 60, 0): clip(1, broken), (1, 61, 0): clip(2, sound)})
    heard = rig.play(10000, [(0, on(60)), (0, on(61))])
    assert np.isfinite(heard).all()
    assert rig.count("muted") == 1
    np.testing.assert_allclose(heard[5100:, 0], sound[5100:10000], atol=1e-7)
    rig.load(zones, {(0, 60, 0): clip(3, sine(100, 20000))})
    rig.sampler.silence()
    rig.play(1000)
    again = rig.play(3000, [(0, on(60))])
    np.testing.assert_allclose(again[GRID:, 0], filtered(sine(100, 3000), 500.0)[GRID:], atol=1e-6)


def test_the_wildest_sweeps_at_full_resonance_stay_bounded() -> None:
    random = np.random.default_rng(4)
    for kind in (LOW, BAND, HIGH):
        rig = one_key(noise(1, 200000), filter=kind, resonance=1.0, cutoff=20.0)
        actions = [
            (frame, lambda value=value, rig=rig: rig.sampler.set_parameter(0, "cutoff", value))
            for frame, value in zip(range(0, 96000, 150), 20 * 1000 ** random.integers(0, 2, 640), strict=True)
        ]
        heard = rig.play(96000, [(0, on())], 480, actions)
        assert rig.count("muted") == 0
        assert np.abs(heard).max() < 0.5 * 20  # what a tone at the peak would come to
        assert heard[-4800:].any()


@pytest.mark.parametrize("hertz", [900.0, 5000.0, 19000.0])
def test_a_cutoff_that_moves_arrives_where_it_was_sent(hertz: float) -> None:
    # A pass band as narrow as can be shows a cutoff that is off by a millionth.
    sound = sine(hertz * 1.01, FRAMES)
    parameters = {"filter": LOW, "resonance": 1.0}
    there = one_key(sound, cutoff=hertz, **parameters).play(FRAMES - 2000, [(0, on())])
    for before in (hertz * 0.97, hertz * 1.03, 100.0):
        rig = one_key(sound, cutoff=before, **parameters)
        moved = [(500, lambda rig=rig: rig.sampler.set_parameter(0, "cutoff", hertz))]
        heard = rig.play(FRAMES - 2000, [(0, on())], 64, moved)
        np.testing.assert_allclose(heard[-8000:], there[-8000:], rtol=0, atol=2e-6)
