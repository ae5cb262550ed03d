"""A host's offline render is what `engine render` makes of the same MIDI, whatever the block size, each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from midi_score import busy_score, write_midi
from plugin_host import Audio, Job
from plugin_rig import ServingEngine, write_everything

from engine.offline import render
from engine.preset import Preset

BLOCKS = (32, 128, 1000)
# pedalboard and DawDreamer tell a VST3 controllers at the beginnings of blocks only: here all three sizes have one.
GRID = 16000
SECONDS, TAIL = 2.0, 0.5
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_everything(tmp_path_factory.mktemp("everything"))


def worst(audio: Audio, expected: Audio) -> float:
    """The largest difference of two renders [channels, frames]; that nothing is compared is a failure."""
    assert np.abs(expected).max() > 0.01
    assert audio.shape[1] >= expected.shape[1]
    return float(np.abs(audio[: len(expected), : expected.shape[1]] - expected).max())


@pytest.mark.parametrize("name", ["everything", "drums", "chromatic", "pad", "path"])
@pytest.mark.parametrize("host", ["minihost", "pedalboard"])
def test_a_bounce_is_what_engine_render_makes(
    host: str, name: str, vst3: Path, engine: ServingEngine, everything: Path, tmp_path: Path
) -> None:
    preset = everything if name == "everything" else Path(name)
    rate = 44100 if name == "path" else 48000
    score = busy_score(Preset.open(preset), rate, SECONDS, GRID if host == "pedalboard" else 0)
    frames = score[-1][0] + round(TAIL * rate)
    expected = render(write_midi(tmp_path / "song.mid", score, rate), preset, rate, 512, TAIL).T
    job = Job(host, vst3, tmp_path, rate=rate, environment=engine.environment(preset))
    for block in (*BLOCKS, BLOCKS[1]):
        job.render(score, frames, block=block)
    *renders, again = job.run()
    for block, audio in zip(BLOCKS, renders, strict=True):
        assert worst(audio, expected) <= TOLERANCE, f"blocks of {block}"
    # pedalboard resets a plugin by loading its state into a new one, which plays from that until the engine is back:
    # each clip is half a step of 24 bits off then.
    assert np.abs(again - renders[1]).max() <= (TOLERANCE if host == "pedalboard" else 0.0)


def test_dawdreamer_bounces_the_same(vst3: Path, engine: ServingEngine, everything: Path, tmp_path: Path) -> None:
    score = busy_score(Preset.open(everything), 48000, SECONDS, GRID)
    frames = score[-1][0] + round(TAIL * 48000)
    expected = render(write_midi(tmp_path / "song.mid", score, 48000), everything, 48000, 512, TAIL).T
    for block in BLOCKS:
        job = Job("dawdreamer", vst3, tmp_path, block=block, environment=engine.environment(everything))
        first, second = job.render(score, frames).render(score, frames).run()
        assert worst(first, expected) <= TOLERANCE, f"blocks of {block}"
        assert np.array_equal(first, second)
