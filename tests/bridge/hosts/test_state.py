"""A project's state plays the same in another process, with the engine gone and the instrument moved away."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import juce_state
import numpy as np
import pytest
from midi_score import NOTE_OFF, Event, busy_score, notes
from plugin_host import Job
from plugin_rig import ServingEngine, alone, write_everything
from tiny_instrument import write_noise_instrument, write_tiny_instrument

from engine.preset import Preset

RATE = 48000
GAP = RATE // 8
STEP = 2.0**-23  # of 24 bits

MOST_KEPT = 64 << 20  # bytes of packed clips in a state

NOISE = """
format = 1
name = "Noise"
instrument = "tiny.onnx"

[[zone]]
name = "keys"
keys = "12-107"
source = "seeds"
seed = 5
mode = "gated"
release = 0.01
"""

LONG = """
format = 1
name = "Long"
instrument = "tiny.onnx"

[[zone]]
name = "keys"
keys = "36-59"
source = "seeds"
seed = 5
siblings = 3
mode = "gated"
release = 0.01

[[macro]]
id = 1
name = "Pitch"
controller = 1
targets = [{ to = "direction:pitch", range = [0, 0.5] }]
"""


@pytest.mark.parametrize(("first", "second"), [("pedalboard", "minihost"), ("minihost", "pedalboard")])
def test_a_project_opens_without_engine_and_instrument(
    first: str, second: str, vst3: Path, own_engine: ServingEngine, tmp_path: Path
) -> None:
    preset = write_everything(tmp_path)
    score = busy_score(Preset.open(preset), RATE, 2.0, grid=16000)
    frames = score[-1][0] + RATE // 2
    job = Job(first, vst3, tmp_path, environment=own_engine.environment(preset))
    audio, (state, _) = job.render(score, frames).save().run()
    assert np.abs(audio).max() > 0.05

    own_engine.kill()
    preset.unlink()
    shutil.move(tmp_path / "tiny.onnx", tmp_path / "elsewhere")
    job = Job(second, vst3, tmp_path, environment=alone(tmp_path))
    _, opened, again = job.load(state).render(score, frames).render(score, frames).run()
    assert np.abs(opened[:2] - audio[:2]).max() < STEP
    assert np.abs(again[:2] - audio[:2]).max() < STEP


def one_by_one(keys: Sequence[int], times: int) -> list[Event]:
    """One voice at a time, so that the steps of two clips never add up."""
    begins = range(0, times * len(keys) * GAP, GAP)
    return sorted(
        notes(begins, keys) + [(frame + GAP - 2000, NOTE_OFF, keys[frame // GAP % len(keys)], 0) for frame in begins]
    )


def test_a_state_of_many_clips(
    vst3: Path, own_engine: ServingEngine, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    preset = tmp_path / "long.toml"
    write_tiny_instrument(tmp_path / "tiny.onnx", frames=4 * RATE, channels=2, sample_rate=RATE)
    preset.write_text(LONG)
    keys = range(36, 60)
    score = one_by_one(keys, 3)
    frames = 3 * len(keys) * GAP
    job = Job("minihost", vst3, tmp_path, block=512, environment=own_engine.environment(preset))
    audio, (state, seconds), (_, again) = job.render(score, frames).save().save().run()
    in_memory = len(keys) * 3 * 4 * RATE * 2 * 4
    assert in_memory > 100e6
    assert len(state) > 20e6
    own_engine.kill()
    preset.unlink()
    (tmp_path / "tiny.onnx").unlink()
    job = Job("minihost", vst3, tmp_path, block=512, environment=alone(tmp_path))
    loaded, opened = job.load(state).render(score, frames).run()
    print(f"\n{in_memory / 1e6:.0f} MB of clips, a state of {len(state) / 1e6:.1f} MB as minihost keeps it;")
    print(f"saved in {seconds:.2f} s, once more in {again:.2f} s, loaded in {loaded:.2f} s.")
    record_property("state_bytes", len(state))
    assert np.abs(opened[:2] - audio[:2]).max() < STEP


def test_what_would_be_too_large_is_kept_with_fewer_bits(vst3: Path, own_engine: ServingEngine, tmp_path: Path) -> None:
    preset = tmp_path / "noise.toml"
    write_noise_instrument(tmp_path / "tiny.onnx", frames=2**17, channels=2, sample_rate=RATE)
    preset.write_text(NOISE)
    keys = range(12, 108)
    assert 3 * len(keys) * 2 * 2**17 > MOST_KEPT > 2 * len(keys) * 2 * 2**17
    score = one_by_one(keys, 1)
    frames = len(keys) * GAP
    job = Job("minihost", vst3, tmp_path, block=512, environment=own_engine.environment(preset))
    audio, (state, _) = job.render(score, frames).save().run()
    own_engine.kill()
    job = Job("minihost", vst3, tmp_path, block=512, environment=alone(tmp_path))
    _, opened = job.load(state).render(score, frames).run()
    assert 0.7 * MOST_KEPT < len(state) < MOST_KEPT + 1e6
    assert np.abs(audio[:2]).max() > 0.05
    assert 0 < np.abs(opened[:2] - audio[:2]).max() < 2.0**-15


def test_a_project_of_a_later_version_is_given_back_as_it_was(vst3: Path, tmp_path: Path) -> None:
    environment = alone(tmp_path)
    (empty, _), *_ = Job("minihost", vst3, tmp_path, environment=environment).save().run()
    own = juce_state.inner(empty)
    at = own.index(b"PGan") + 4
    later = juce_state.with_inner(empty, own[:at] + struct.pack("<I", 2) + own[at + 4 :])
    _, (kept, _) = Job("minihost", vst3, tmp_path, environment=environment).load(later).save().run()
    assert kept == later
