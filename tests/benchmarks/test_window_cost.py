import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "window_cost.py"


@pytest.mark.parametrize(("recipe", "dim"), [("wavegan", "4"), ("fast", "8")])
def test_it_prints_one_json_object_that_says_what_was_measured(recipe: str, dim: str) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json", "--recipe", recipe, "--dim", dim, "--clips", "3", "--runs", "1"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    result = json.loads(done.stdout)
    assert (result["recipe"], result["clips"]) == (recipe, 3)
    assert "1024 frames" in result["measured"]
    assert set(result["cases"]) == {"3 clips in batches of 16", "3 clips in one batch", "1 clip"}
    for row in result["cases"].values():
        assert row["share"] == row["beginning_ms"] / row["whole_ms"]


def test_it_measures_an_instrument_that_is_there() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json", "--instrument", "drums", "--clips", "1", "--threads", "1", "--runs", "1"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    result = json.loads(done.stdout)
    assert (result["recipe"], result["clip_frames"], result["threads"]) == ("drums.onnx", 32768, 1)
