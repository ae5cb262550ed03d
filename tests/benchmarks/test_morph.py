import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from click_instrument import write_level_instrument
from morph import RATE, Steps, largest_step_allowed

from engine.instrument import Instrument
from engine.morph_probe import KEY, morph_preset

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "morph.py"


def test_it_prints_one_json_object_with_figures_and_bars() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json", "--instrument", "drums", "--seconds", "0.5"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    result = json.loads(done.stdout)
    assert (result["audio"], result["seconds"], "tones" in result) == ("null", 0.5, False)
    drums = result["drums"]
    assert drums["messages"] == 50
    assert 0 < drums["clips"] <= 50
    assert drums["frames_looked_at"] > 0.5 * result["rate"]
    assert 0 < drums["largest_step"] < 1
    assert drums["keys"] == 61
    assert drums["all_begun_s"] <= drums["all_whole_s"]
    assert len(drums["bars"]) == 7
    assert drums["bars"]["no step"] or drums["starved"]


def test_a_swap_without_a_crossfade_is_a_step(tmp_path: Path) -> None:
    instrument = Instrument.open(write_level_instrument(tmp_path / "levels.onnx", sample_rate=RATE, frames=RATE))
    preset = morph_preset(instrument)
    sounds = [preset.sounds({1: position})[0, KEY, 0] for position in (0.0, 1.0)]
    levels = [float(instrument.generate(sound.z())[0, 0, 1000]) for sound in sounds]
    allowed = largest_step_allowed(preset, sounds)
    crossfade, swap = np.linspace(*levels, RATE // 100), np.repeat(levels, 100)
    for audio, fits in ((crossfade, True), (swap, False)):
        steps = Steps()
        both = np.stack([audio, audio], axis=1).astype(np.float32)
        for half in np.array_split(both, 2):  # the swap lies between two blocks
            steps.add(half)
        assert (steps.largest <= allowed) is fits
        assert steps.frames == len(audio)
