import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "find_kicks.py"
AUDIO = Path("/usr/share/hydrogen/data/drumkits")


@pytest.mark.skipif(not AUDIO.exists(), reason="the Debian package hydrogen-drumkits is not installed")
def test_kicks_that_the_bundled_drums_never_heard_find_kicks() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json", "--count", "5"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    result = json.loads(done.stdout)
    assert len(result["sounds"]) == 5
    assert result["kicks"] >= 4
    assert result["seeds"] < 0.5
