import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "plugin_cost.py"


def test_eight_instances_cost_less_than_eight_times_one() -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--json", "--seconds", "1"], capture_output=True, text=True, check=True
    )
    rows = json.loads(done.stdout)["cases"]
    assert [row["instances"] for row in rows] == [1, 2, 4, 8]
    assert rows[-1]["engine_ratio"] < 1.2  # one model for all
    assert rows[-1]["host_ratio"] < 8
    assert all(row["core_share"] > 0 for row in rows)
