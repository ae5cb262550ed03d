"""A project of any earlier version opens and plays as it did.

Each format of the state has a pair of files in `golden`, never renewed: what a host kept, and what it rendered. For a
new format `PRODUCERGAN_WRITE_GOLDEN=1 python -m pytest tests/bridge/hosts/test_old_states.py` writes another pair.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import juce_state
import numpy as np
import pytest
from midi_score import notes
from plugin_host import Job
from plugin_rig import ServingEngine, alone
from tiny_instrument import write_tiny_instrument

GOLDEN = Path(__file__).parent / "golden"
RATE = 16000
FRAMES = 6000
MAGIC = b"PGan"
STANDS = (0.25, 1.0)  # of the macro; the first is where the preset has it
PRESET = """
format = 1
name = "Early"
instrument = "tiny.onnx"

[[zone]]
name = "keys"
keys = "60-62"
source = "seeds"
seed = 5
mode = "gated"
release = 0.01

[[macro]]
id = 1
name = "Pitch"
position = 0.25
targets = [{ to = "direction:pitch", range = [0, 0.5] }]
"""
SCORE = notes([0, 2000, 4000], [60, 61, 62])


def format_of(kept: bytes) -> int:
    """The number that stands behind the mark."""
    state = juce_state.inner(kept)
    (number,) = struct.unpack_from("<I", state, state.index(MAGIC) + len(MAGIC))
    return int(number)


def rendered(job: Job) -> Job:
    """Every stand of the macro, the preset's own last."""
    for stand in reversed(STANDS):
        job.set(0, stand).render(SCORE, FRAMES)
    return job


def test_the_present_format_is_kept_for_those_to_come(vst3: Path, own_engine: ServingEngine, tmp_path: Path) -> None:
    writing = bool(os.environ.get("PRODUCERGAN_WRITE_GOLDEN"))
    folder = Path("/tmp/producergan-golden") if writing else tmp_path / "early"  # stands in the state
    folder.mkdir(exist_ok=True)
    write_tiny_instrument(folder / "tiny.onnx", frames=FRAMES, sample_rate=RATE)
    (folder / "early.toml").write_text(PRESET)
    job = Job("minihost", vst3, folder, rate=RATE, environment=own_engine.environment(folder / "early.toml"))
    *given, (state, _) = rendered(job).save().run()
    path = GOLDEN / f"format-{format_of(state)}.state"
    if writing:
        assert not path.exists(), f"{path} is never renewed"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(state)
        np.savez_compressed(path.with_suffix(".npz"), audio=np.stack(given[1::2]))
    assert path.exists()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.state")), ids=lambda path: path.stem)
def test_an_old_project_plays_as_it_did(path: Path, vst3: Path, tmp_path: Path) -> None:
    job = Job("minihost", vst3, tmp_path, rate=RATE, environment=alone(tmp_path))
    _, *given = rendered(job.load(path.read_bytes())).run()
    audio, wanted = np.stack(given[1::2]), np.load(path.with_suffix(".npz"))["audio"]
    assert np.abs(wanted).max(axis=(1, 2)).min() > 0.05
    assert np.abs(wanted[0] - wanted[1]).max() > 0.05, "the two stands sound alike"
    assert np.abs(audio - wanted).max() <= 1e-4
