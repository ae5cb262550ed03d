"""Rate and channels."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from trainer.audio_files import Decoded
from trainer.converting import convert
from trainer.unused import Reason, Unusable


def converted(audio, source, target, channels, size=5000):
    blocks = (audio[start : start + size] for start in range(0, len(audio), size))
    parts = [block.copy() for block in convert(Decoded(source, 0.0, blocks), target, channels)]
    return np.concatenate(parts)


@pytest.mark.parametrize(("source", "target"), [(44100, 16000), (48000, 16000), (8000, 44100), (96000, 44100)])
def test_blocks_resample_like_the_whole(music, source, target):
    audio = music(1.5, source)
    whole = soxr.resample(audio, source, target)
    in_blocks = converted(audio, source, target, 2)
    assert len(in_blocks) == pytest.approx(len(whole), abs=1)
    count = min(len(whole), len(in_blocks))
    np.testing.assert_allclose(in_blocks[:count], whole[:count], atol=1e-5)


def test_the_same_rate_is_left_alone(music):
    audio = music(1.0)
    np.testing.assert_array_equal(converted(audio, 44100, 44100, 2), audio)


@pytest.mark.parametrize("given", [1, 2, 6])
def test_mono_is_the_mean(music, given):
    audio = music(0.5, channels=given)
    np.testing.assert_allclose(converted(audio, 44100, 44100, 1)[:, 0], audio.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("given", [1, 2, 6])
def test_stereo_is_the_front_pair(music, given):
    audio = music(0.5, channels=given)
    expected = np.repeat(audio, 2, axis=1) if given == 1 else audio[:, :2]
    np.testing.assert_array_equal(converted(audio, 44100, 44100, 2), expected)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("target", [44100, 16000])
def test_what_is_no_number_is_found(music, wrong, target):
    audio = music(1.0)
    audio[40000, 1] = wrong
    with pytest.raises(Unusable) as caught:
        converted(audio, 44100, target, 1)
    assert caught.value.reason is Reason.NOT_NUMBERS


def test_a_rate_that_no_audio_has_is_refused(music):
    with pytest.raises(Unusable) as unusable:
        converted(music(0.1), 1, 44100, 2)
    assert unusable.value.reason is Reason.TOO_SLOW
