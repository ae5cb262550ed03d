"""Each zone is heard on the stereo output that it asks for, and a host with one output hears them all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from midi_score import NOTE_ON, Event
from plugin_host import Job
from plugin_rig import ServingEngine
from tiny_instrument import write_tiny_instrument

RATE, GAP = 48000, 24000
HEAD = 'format = 1\nname = "Outputs"\ninstrument = "tiny.onnx"\n'
ZONE = '[[zone]]\nname = "{output}"\nkeys = "{key}"\nsource = "seeds"\nseed = 3\noutput = {output}\n'


def test_eight_outputs_are_heard_apart(vst3: Path, engine: ServingEngine, tmp_path: Path) -> None:
    write_tiny_instrument(tmp_path / "tiny.onnx", frames=GAP // 6, channels=2)
    preset = tmp_path / "outputs.toml"
    preset.write_text(HEAD + "".join(ZONE.format(output=i + 1, key=36 + i) for i in range(8)))
    score: list[Event] = [(i * GAP, NOTE_ON, 36 + i, 100) for i in range(8)]
    job = Job("minihost", vst3, tmp_path, environment=engine.environment(preset))
    (audio,) = job.render(score, 8 * GAP).run()
    assert audio.shape[0] == 16
    loud = np.abs(audio).reshape(8, 2, 8, GAP).max(axis=(1, 3))  # [output, note]
    assert (np.diag(loud) > 0.01).all()
    assert (loud[~np.eye(8, dtype=bool)] == 0).all()
    job = Job("pedalboard", vst3, tmp_path, environment=engine.environment(preset))
    (mixed,) = job.render(score, 8 * GAP).run()
    assert np.abs(mixed - audio.reshape(8, 2, -1).sum(axis=0)).max() < 1e-6
