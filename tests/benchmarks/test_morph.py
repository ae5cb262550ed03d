import json
import os
import subprocess
import sys
from pathlib import Path

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
