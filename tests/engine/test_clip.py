"""Clips: what is written can be read again, block by block."""

from __future__ import annotations

import numpy as np
import pytest
from sampler_rig import clip, noise

from engine import _native

AUDIO = noise(1, 5000, channels=2)


def test_ready_frames_are_read_as_they_were_written() -> None:
    made = clip(1, AUDIO)
    np.testing.assert_array_equal(made.read(0, 5000), AUDIO)
    np.testing.assert_array_equal(made.read(1000, 77), AUDIO[:, 1000:1077])
    assert made.read(5000, 0).shape == (2, 0)


def test_frames_that_are_not_ready_are_refused() -> None:
    made = clip(1, AUDIO, blocks=[0, 2])
    np.testing.assert_array_equal(made.read(2048, 1024), AUDIO[:, 2048:3072])
    for start, frames in ((0, 1025), (1023, 2), (1024, 1024), (3000, 73)):
        with pytest.raises(ValueError, match="not ready"):
            made.read(start, frames)


@pytest.mark.parametrize(("start", "frames"), [(-1, 5), (0, 5001), (4999, 2), (5001, 0), (0, -1), (2**62, 2**62)])
def test_frames_outside_the_clip_are_refused(start: int, frames: int) -> None:
    with pytest.raises(ValueError, match="frames"):
        clip(1, AUDIO).read(start, frames)


def test_what_is_read_is_a_copy() -> None:
    made = clip(1, AUDIO)
    made.read(0, 100)[:] = 0.0
    np.testing.assert_array_equal(made.read(0, 100), AUDIO[:, :100])


def test_a_clip_has_the_name_that_it_was_given() -> None:
    assert _native.Clip(1, 1, 100, 48000.0, "0f").name == "0f"
    assert _native.Clip(1, 1, 100, 48000.0).name == ""
