import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "wavegan_step.py"


def test_it_prints_how_much_faster_the_recipe_is() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json", "--dims", "1", "--batch", "2", "--pairs", "1"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert json.loads(done.stdout)
