"""The live morph's twin without time: a controller swept while a bundled sound is held, rendered frame by frame."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.data import bundled_instruments
from engine.offline import OfflineLoop
from engine.preset import Preset

RATE = 48000
SECONDS = 6.0
MESSAGES = 100  # a second
LOOP = {"mode": 2.0, "loop_start": 0.2, "loop_end": 0.6, "loop_crossfade": 0.05}


def held(name: str) -> Preset:
    """A bundled instrument with all its keys looping; controller 1 mutates, the limiter stays out of it."""
    preset = Preset.for_instrument(bundled_instruments()[name])
    zone = replace(preset.zones[0], parameters=LOOP)
    return replace(preset, zones=(zone,), play={"limiter": 0.0})


class Watched(OfflineLoop):
    """Notes which clips the voice has, slice by slice."""

    def __init__(self, preset: Preset) -> None:
        super().__init__(preset, RATE, 128)
        self.clips: list[int] = []

    def _process(self, events: list[tuple[int, bytes]], out: NDArray[np.float32]) -> None:
        super()._process(events, out)
        self.clips += [voice.clip for voice in self.sampler.voices()[1]]


def swept(preset: Preset) -> tuple[NDArray[np.float32], Watched]:
    events = [(0, bytes((0x90, 60, 127)))]
    for i in range(round(SECONDS * MESSAGES)):
        place = 0.5 - 0.5 * math.cos(2 * math.pi * i / MESSAGES / 4)  # there and back in four seconds
        events.append((RATE // 10 + i * RATE // MESSAGES, bytes((0xB0, 1, round(127 * place)))))
    loop = Watched(preset)
    return loop.run(events, 0.2), loop


@pytest.mark.parametrize("name", ["drums", "tones"])
def test_a_held_note_follows_a_sweep(name: str) -> None:
    preset = held(name)
    audio, loop = swept(preset)
    counters = loop.sampler.counters()
    assert counters["starved"] == 0
    assert counters["muted"] == 0
    swaps = sum(before != after for before, after in itertools.pairwise(loop.clips))
    assert swaps >= 30 * SECONDS
    assert len(set(loop.clips)) > 120  # of the 128 that a controller can say
    # In the loop no step is larger than what the clips do there by themselves and the crossfades of the loudest two.
    frames = preset.opened.clip_frames
    sounds = {preset.sounds({1: i / 127})[0, 60, 0] for i in range(128)}
    clips = preset.opened.generate([sound.z() for sound in sounds])[:, 0]
    heard = clips[:, round((LOOP["loop_start"] - 0.08) * frames) : round(LOOP["loop_end"] * frames)]
    own, peak = np.abs(np.diff(heard, axis=1)).max(), np.abs(heard).max()
    fades = 2 * peak * (1 / (0.010 * RATE) + 1 / (LOOP["loop_crossfade"] * RATE))
    looping = audio[round(LOOP["loop_start"] * preset.opened.seconds * RATE) :]
    gain = 10 ** (-6 / 20)  # of a preset that says nothing of it
    assert np.abs(np.diff(looping, axis=0)).max() <= gain * (own + fades) < 2 * gain * peak
    again, _ = swept(preset)
    np.testing.assert_array_equal(audio, again)
