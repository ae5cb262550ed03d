"""Notes begin at exactly the frame that the host gave them, wherever in a block it is; and what hosts are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click_instrument import HEARD_CLICK, onsets, write_click_preset
from midi_score import notes
from plugin_host import Job
from plugin_rig import ServingEngine

BLOCK = 128
OFFSETS = (0, 1, 63, 127)
KEYS = (36, 40, 45, 50)

# Of VST3: projects keep automation by them, so that none may ever change.
IDS = {
    "Macro 1": 825615486,
    "Macro 2": 825615487,
    "Macro 3": 825615488,
    "Macro 4": 825615489,
    "Macro 5": 825615490,
    "Macro 6": 825615491,
    "Macro 7": 825615492,
    "Macro 8": 825615493,
    "Morph X": 1240210177,
    "Morph Y": 1240210178,
}


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_click_preset(tmp_path_factory.mktemp("clicks"), sample_rate=48000)


@pytest.mark.parametrize("host", ["pedalboard", "dawdreamer", "minihost"])
def test_notes_begin_at_their_frames(
    host: str, vst3: Path, engine: ServingEngine, clicks: Path, tmp_path: Path
) -> None:
    frames = [3 * BLOCK * (i + 1) + offset for i, offset in enumerate(OFFSETS)]
    job = Job(host, vst3, tmp_path, block=BLOCK, environment=engine.environment(clicks))
    (audio, told) = job.render(notes(frames, KEYS, 127), 20 * BLOCK).describe().run()
    assert onsets(audio[0], HEARD_CLICK) == frames
    assert onsets(audio[1], HEARD_CLICK) == frames
    assert told["latency"] == 0
    assert set(IDS) <= set(told["parameters"])


def test_what_a_host_is_told(vst3: Path, engine: ServingEngine, clicks: Path, tmp_path: Path) -> None:
    job = Job("minihost", vst3, tmp_path, environment=engine.environment(clicks))
    _, told = job.render([], 128).describe().run()
    rows = dict(zip(told["parameters"], told["ids"], strict=True))
    assert len(set(told["ids"])) == len(told["ids"])
    assert {name: rows[name] for name in IDS} == IDS
    assert told["outputs"] == 8
    assert told["programs"] <= 1
    assert told["tail"] > 0
