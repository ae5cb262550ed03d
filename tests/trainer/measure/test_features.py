import numpy as np
import pytest

from trainer.measure.features import BANDS, FLOOR, NARROWEST, TIMES, WIDEST, Space, log_mel, mel_bank

FRAMES = 16384


def noise(count: int = 1, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, channels, FRAMES)).astype(np.float32)


@pytest.mark.parametrize("rate", [16000, 44100, 96000])
def test_white_noise_is_level_and_digital_silence_at_the_floor(rate: int) -> None:
    picture = log_mel(noise(40), rate).reshape(40, TIMES, BANDS)[:, 2:-1]  # the ends reach over the clip's
    assert 10 * np.log10((10 ** (picture / 10)).mean()) == pytest.approx(0, abs=0.3)
    assert np.allclose(log_mel(np.zeros((1, 1, FRAMES), np.float32), rate), FLOOR)


def test_a_tone_is_in_its_band_and_a_late_sound_in_the_late_times() -> None:
    audio = np.zeros((1, 1, FRAMES), np.float32)
    audio[..., 8192:] = np.sin(2 * np.pi * 1000 / 44100 * np.arange(8192))
    picture = log_mel(audio, 44100)[0].reshape(TIMES, BANDS)
    band = int(picture[-1].argmax())
    assert mel_bank(44100, 1024)[band, round(1000 / 44100 * 1024)] > 0
    assert picture[:10] == pytest.approx(FLOOR)
    assert picture[-1, band] > 10


def test_every_band_hears_something() -> None:
    for rate, size in ((16000, 512), (44100, 1024)):
        assert np.allclose(mel_bank(rate, size).sum(axis=1), 1)


def test_stereo_adds_the_width() -> None:
    same = np.repeat(noise(2), 2, axis=1)
    wide = noise(2, 2)
    mono = log_mel(same[:, :1], 44100)
    assert np.allclose(log_mel(same, 44100)[:, : mono.shape[1]], mono, atol=1e-3)
    width = [
        log_mel(audio, 44100)[:, mono.shape[1] :] for audio in (same, wide, np.stack([same[:, 0], -same[:, 0]], 1))
    ]
    assert np.allclose(width[0], NARROWEST)
    assert abs(width[1].mean()) < 1
    assert np.allclose(width[2], WIDEST)


def test_what_is_no_number_is_heard_as_something() -> None:
    broken = noise(3)
    broken[0, 0, 5], broken[1, 0, 5], broken[2] = np.nan, np.inf, np.nan
    assert np.isfinite(log_mel(broken, 44100)).all()


@pytest.mark.parametrize(("count", "width"), [(30, 200), (200, 30)])
def test_components_are_the_strongest_of_deviation_one(count: int, width: int) -> None:
    random = np.random.default_rng(1)
    points = random.standard_normal((count, width)) * 0.8 ** np.arange(width) + 5
    placed = Space.fit(points, 8).place(points)
    assert np.allclose(placed.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(placed.T @ placed / count, np.eye(8), atol=1e-6)
    plain = Space.fit(points, 8, scaled=False).place(points)
    singular = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[:8]
    assert np.allclose(np.sqrt(np.square(plain).sum(axis=0)), singular)


def test_clips_that_are_all_the_same_have_a_place_too() -> None:
    assert np.isfinite(Space.fit(np.ones((5, 30)), 8).place(np.ones((2, 30)))).all()
