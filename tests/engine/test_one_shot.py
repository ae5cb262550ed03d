"""A sound file as one clip: the same as `trainer prepare` makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from engine.errors import UserError
from engine.one_shot import READ_FRAMES, read_one_shot
from trainer.audio_files import decode
from trainer.converting import convert
from trainer.cutting import one_shot

RATE, FRAMES = 16000, 16384


def strike(
    seconds: float, rate: int, channels: int = 1, silence: float = 0.0, peak: float = 0.8
) -> NDArray[np.float64]:
    """Decaying partials after some silence: [frames, channels]."""
    time = np.arange(round(seconds * rate)) / rate
    sound = peak * np.exp(-time / 0.3) * np.sin(2 * np.pi * 440 * time + 0.3)
    audio = np.concatenate([np.zeros(round(silence * rate)), sound])
    return np.stack([audio * 0.7**channel for channel in range(channels)], axis=1)


def write(path: Path, audio: NDArray[np.float64], rate: int = RATE) -> Path:
    soundfile.write(path, audio, rate, subtype="FLOAT")
    return path


CASES = {
    "as it is": (strike(1.024, RATE), RATE),
    "shorter": (strike(0.2, RATE), RATE),
    "shorter, and ends in silence": (np.concatenate([strike(0.2, RATE), np.zeros((RATE // 4, 1))]), RATE),
    "longer": (strike(5.0, RATE), RATE),
    "after some silence": (strike(0.5, RATE, silence=0.3), RATE),
    "after much silence": (strike(0.5, RATE, silence=2.5 * READ_FRAMES / RATE), RATE),
    "louder later": (np.concatenate([strike(1.0, RATE, peak=0.004), strike(1.0, RATE)]), RATE),
    "too loud": (strike(0.8, RATE, peak=2.5), RATE),
    "stereo": (strike(0.8, RATE, channels=2), RATE),
    "three channels": (strike(0.8, RATE, channels=3), RATE),
    "another rate": (strike(0.8, 44100, channels=2, silence=0.1), 44100),
    "an hour's beginning": (strike(40.0, 22050), 22050),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("case", CASES)
def test_it_is_the_clip_that_prepare_makes(case: str, channels: int, tmp_path: Path) -> None:
    audio, rate = CASES[case]
    path = write(tmp_path / "sound.wav", audio, rate)
    (theirs,) = one_shot(convert(decode(str(path)), RATE, channels), RATE, FRAMES)
    ours = read_one_shot(path, RATE, channels, FRAMES)
    assert ours.dtype == np.float32
    assert ours.shape == (channels, FRAMES)
    assert np.abs(ours).max() > 0.5
    np.testing.assert_allclose(ours, theirs.samples.T, atol=1e-5)


@pytest.mark.parametrize(
    ("audio", "sentence"),
    [
        (None, r"There is no file .*sound\.wav; name"),
        (np.zeros((0, 1)), "holds no audio"),
        (np.zeros((RATE, 1)), "is silent"),
        (strike(1.0, RATE, peak=0.0005), "is silent"),
        (np.full((RATE, 1), np.nan), "not numbers"),
        (b"", "cannot be read as audio"),
        (b"no sound at all", "cannot be read as audio"),
    ],
)
def test_what_has_no_sound_is_told_in_a_sentence(
    audio: NDArray[np.float64] | bytes | None, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "sound.wav"
    if isinstance(audio, bytes):
        path.write_bytes(audio)
    elif audio is not None:
        write(path, audio)
    with pytest.raises(UserError, match=sentence):
        read_one_shot(path, RATE, 1, FRAMES)
