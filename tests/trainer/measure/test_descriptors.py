import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.measure.descriptors import DESCRIPTORS, TONAL, measure

RATE = 44100
TIME = np.arange(32768) / RATE
NOISE = np.random.default_rng(0).standard_normal(len(TIME))
ROWS = {row.name: row for row in DESCRIPTORS}


def shown(name: str, *clips: NDArray[np.float64], rate: int = RATE) -> list[float]:
    """A descriptor of clips [frames] or [channels, frames], in its unit."""
    audio = np.stack([np.atleast_2d(clip) for clip in clips]).astype(np.float32)
    return [ROWS[name].shown(value) for value in measure(audio, rate)[name]]


def tone(hertz: float, harmonics: int = 1, tilt: float = 1.0) -> NDArray[np.float64]:
    return sum(0.3 * np.sin(2 * np.pi * hertz * k * TIME) * k**-tilt for k in range(1, harmonics + 1))  # type: ignore


def test_everything_is_finite_whatever_the_clip() -> None:
    odd = [0 * TIME, np.full_like(TIME, np.nan), np.where(TIME == 0, np.inf, 0.1), (TIME == 0) * 1.0, 0 * TIME + 0.5]
    odd += [1e-9 * NOISE, 1e4 * NOISE]
    for channels in (1, 2):
        audio = np.stack([np.stack([clip] * channels) for clip in odd]).astype(np.float32)
        for name, values in measure(audio, RATE).items():
            assert values.shape == (len(odd),)
            assert np.isfinite(values).all(), name


@pytest.mark.parametrize(("rate", "frames"), [(4000, 16384), (16000, 16384), (44100, 131072), (192000, 16384)])
def test_any_rate_and_length(rate: int, frames: int) -> None:
    audio = np.random.default_rng(1).standard_normal((2, 2, frames)).astype(np.float32)
    assert set(measure(audio, rate)) == set(ROWS)


def test_clips_are_measured_each_on_its_own() -> None:
    audio = np.random.default_rng(1).standard_normal((37, 1, 4096)).astype(np.float32)
    audio[5] *= 100
    together = measure(audio, RATE)
    for index in (0, 5, 36):
        alone = measure(audio[index : index + 1], RATE)
        assert all(together[name][index] == pytest.approx(alone[name][0], abs=1e-3) for name in ROWS)
    assert all(len(values) == 0 for values in measure(audio[:0], RATE).values())


@pytest.mark.parametrize("gain", [0.01, 3.0])
def test_only_the_loudness_depends_on_the_level(gain: float) -> None:
    clip = (0.1 * NOISE * np.exp(-TIME * 9))[None, None]
    plain, changed = (measure(audio.astype(np.float32), RATE) for audio in (clip, gain * clip))
    for name in ROWS:
        expected = 20 * np.log10(gain) if name == "loudness" else 0
        assert changed[name][0] - plain[name][0] == pytest.approx(expected, abs=0.01), name


@pytest.mark.parametrize("hertz", [45.0, 110.0, 440.0, 1500.0])
@pytest.mark.parametrize("harmonics", [1, 8])
def test_pitch(hertz: float, harmonics: int) -> None:
    assert shown("pitch", tone(hertz, harmonics))[0] == pytest.approx(hertz, rel=0.01)
    assert shown("tonality", tone(hertz, harmonics))[0] > 0.9


def test_noise_has_no_pitch_and_is_noisy() -> None:
    mixed = tone(440) + 0.02 * NOISE
    assert shown("tonality", NOISE)[0] < TONAL / 2
    noise = shown("noise", tone(440), mixed, NOISE)
    assert noise == sorted(noise)
    # The flatness of white noise's periodogram: e to the minus Euler's constant.
    assert noise[-1] == pytest.approx(10 * np.log10(np.exp(-np.euler_gamma)), abs=0.2)


def test_loudness_is_that_of_the_standard() -> None:
    # BS.1770: a full-scale sine of 997 Hz in one channel reads −3.01 LUFS.
    sine = np.sin(2 * np.pi * 997 * TIME)
    assert shown("loudness", sine)[0] == pytest.approx(-3.01, abs=0.1)
    assert shown("loudness", np.stack([sine, sine]))[0] == pytest.approx(0.0, abs=0.1)
    assert shown("loudness", 0.1 * sine)[0] == pytest.approx(-23.01, abs=0.1)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.5])
def test_length_is_the_time_to_30_db_below(seconds: float) -> None:
    decay = 10 ** (-1.5 * TIME / seconds)
    assert shown("length", NOISE * decay)[0] == pytest.approx(seconds, rel=0.25)
    assert shown("length", tone(200) * decay)[0] == pytest.approx(seconds, rel=0.2)
    later = np.concatenate([np.zeros(4000), tone(200) * decay])[: len(TIME)]
    assert shown("length", later)[0] == pytest.approx(seconds, rel=0.2)


@pytest.mark.parametrize("seconds", [0.03, 0.1, 0.3])
def test_attack_is_the_time_from_20_db_below(seconds: float) -> None:
    rise = np.minimum(TIME / seconds, 1)
    # From a tenth of the amplitude to 10^(−1/20) of it.
    assert shown("attack", tone(1000) * rise)[0] == pytest.approx(seconds * 0.79, rel=0.1)
    assert shown("attack", tone(1000))[0] < 0.005


def test_brightness_rises_with_pitch_and_with_harmonics() -> None:
    rising = shown("brightness", tone(100), tone(100, 20, 2.0), tone(100, 20, 1.0), tone(100, 20, 0.0), tone(4000))
    assert rising == sorted(rising)
    assert shown("brightness", tone(1000) * np.sin(np.pi * TIME / TIME[-1]))[0] == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize(("name", "hertz"), [("depth", 60.0), ("boominess", 180.0), ("warmth", 500.0)])
def test_shares_of_the_low_bands(name: str, hertz: float) -> None:
    inside, *outside = shown(name, tone(hertz), *(tone(other) for other in (60, 180, 500, 2000) if other != hertz))
    assert inside == pytest.approx(0, abs=0.2)
    assert max(outside) < -15
    assert shown(name, tone(hertz) + tone(3000))[0] == pytest.approx(-3, abs=0.3)


def test_hardness_is_high_energy_at_the_beginning() -> None:
    body = tone(100) * np.exp(-TIME * 8)
    click = 0.2 * NOISE * np.exp(-TIME * 200)
    soft, hard, late = shown("hardness", body, body + click, body + np.roll(click, 8000))
    assert hard > soft + 10
    assert hard > late + 10


def test_roughness_is_beating_at_some_tens_of_hertz() -> None:
    def beating(hertz: float, depth: float) -> NDArray[np.float64]:
        return tone(1000) * (1 + depth * np.sin(2 * np.pi * hertz * TIME))

    smooth, slow, some, rough = shown("roughness", tone(1000), beating(3, 1), beating(70, 0.3), beating(70, 1))
    assert smooth < slow < some < rough
    assert rough > slow + 10


def test_width() -> None:
    left, right = np.random.default_rng(2).standard_normal((2, len(TIME)))
    narrow, usual, wide = shown("width", np.stack([left, left]), np.stack([left, right]), np.stack([left, -left]))
    assert narrow < -50
    assert usual == pytest.approx(0, abs=0.5)
    assert wide > 50
