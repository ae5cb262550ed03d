"""Notes begin at exactly the frame that the host gave them, wherever in a block it is; and what hosts are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from click_instrument import HEARD_CLICK, onsets, write_click_preset
from midi_score import notes
from plugin_host import Job
from plugin_ids import PARAMETERS
from plugin_rig import ServingEngine

BLOCK = 128
OFFSETS = (0, 1, 63, 127)
KEYS = (36, 40, 45, 50)
CONTROLLERS = "MIDI CC "  # as JUCE's VST3 calls the parameters by which it hears controllers


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
    assert {label for label, _ in PARAMETERS.values()} <= set(told["parameters"])


def test_what_a_host_is_told(vst3: Path, engine: ServingEngine, clicks: Path, tmp_path: Path) -> None:
    job = Job("minihost", vst3, tmp_path, environment=engine.environment(clicks))
    _, told = job.render([], 128).describe().run()
    rows = list(zip(told["parameters"], told["ids"], strict=True))
    assert [row for row in rows if not row[0].startswith(CONTROLLERS)] == list(PARAMETERS.values())
    assert len(set(told["ids"])) == len(told["ids"])
    assert told["outputs"] == 8
    assert told["programs"] <= 1
    assert told["tail"] > 0
