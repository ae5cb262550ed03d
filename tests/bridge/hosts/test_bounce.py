"""A host's offline render is what `engine render` makes of the same MIDI, whatever the block size, each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from midi_score import busy_score, write_midi
from plugin_host import Audio, Job
from plugin_rig import ServingEngine
from tiny_instrument import write_tiny_instrument

from engine.offline import render
from engine.preset import Preset

BLOCKS = (32, 128, 1000)
# pedalboard and DawDreamer tell a VST3 controllers at the beginnings of blocks only: here all three sizes have one.
GRID = 16000
SECONDS, TAIL = 2.0, 0.5
TOLERANCE = 1e-6

# What the bundled presets do not ask for all at once.
EVERYTHING = """
format = 1
name = "Everything"
instrument = "tiny.onnx"

[play]
polyphony = 12
bend_range = 7

[[zone]]
name = "fresh"
keys = "36-41"
source = "seeds"
seed = 5
siblings = 3
fresh = true
mode = "gated"
release = 0.05
choke = 2
filter = "low-pass"
filter_velocity = 1

[[zone]]
name = "layers"
keys = "48-55"
source = "seeds"
seed = 9
siblings = 2
layers = 2
velocity_to = "mutate"
mode = "loop"
attack = 0.01
release = 0.2

[[zone]]
name = "root"
keys = "60-72"
source = "chromatic"
seed = 3
root = 66
choke = 2

[[macro]]
id = 1
name = "Pitch"
position = 0.4
controller = 1
targets = [{ to = "direction:pitch", range = [-0.5, 0.5] }]

[[macro]]
id = 2
name = "Cutoff"
position = 0.6
controller = 20
targets = [{ to = "cutoff", range = [300, 9000], curve = "exponential" }, { to = "gain_db", range = [-12, 0] }]

[[macro]]
id = 3
name = "Mutate"
controller = 21
targets = [{ to = "mutate", range = [0, 0.6] }]
"""


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("everything")
    write_tiny_instrument(folder / "tiny.onnx", frames=30000, channels=2)
    (folder / "everything.toml").write_text(EVERYTHING)
    return folder / "everything.toml"


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
    assert np.array_equal(again, renders[1])


def test_dawdreamer_bounces_the_same(vst3: Path, engine: ServingEngine, everything: Path, tmp_path: Path) -> None:
    score = busy_score(Preset.open(everything), 48000, SECONDS, GRID)
    frames = score[-1][0] + round(TAIL * 48000)
    expected = render(write_midi(tmp_path / "song.mid", score, 48000), everything, 48000, 512, TAIL).T
    for block in BLOCKS:
        job = Job("dawdreamer", vst3, tmp_path, block=block, environment=engine.environment(everything))
        first, second = job.render(score, frames).render(score, frames).run()
        assert worst(first, expected) <= TOLERANCE, f"blocks of {block}"
        assert np.array_equal(first, second)
