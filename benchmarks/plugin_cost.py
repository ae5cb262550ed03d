"""What instances of the plugin cost: `python benchmarks/plugin_cost.py [--json]`.

The built VST3 in minihost, in real time: one thread plays blocks of 128 frames of each instance in turn, all on the
bundled drums with 16 keys struck twice a second, so that 16 voices or more sound all the time, beside one engine that
serves them. Figures are those of so many instances, and their ratio to one: the share of the time that one processor
core was busy with their blocks, what they take of the host's memory, and the engine's memory.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parent.parent / "tests"))

import plugin_build
from plugin_host import Job, resident
from plugin_rig import ServingEngine

COUNTS = (1, 2, 4, 8)
BLOCK = 128


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=5.0, help="of play for each figure (default: %(default)s)")
    arguments = parser.parse_args()
    result = measure(arguments.seconds)
    if arguments.json:
        json.dump(result, sys.stdout, indent=2)
        print()
        return
    print("instances   one core   ratio      host   ratio    engine   ratio")
    for row in result["cases"]:
        print(
            f"{row['instances']:9} {row['core_share']:10.2%} {row['core_ratio']:7.2f}"
            f" {row['host_bytes'] / 1e6:6.1f} MB {row['host_ratio']:7.2f}"
            f" {row['engine_bytes'] / 1e6:6.1f} MB {row['engine_ratio']:7.2f}"
        )


def measure(seconds: float) -> dict[str, Any]:
    """Keys: block, cases (instances, core_share, host_bytes, engine_bytes, and each one's ratio to one instance)."""
    vst3 = plugin_build.plugin("VST3")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name, ServingEngine(Path(name)) as engine:
        for count in COUNTS:
            job = Job("minihost", vst3, Path(name), block=BLOCK, environment=engine.environment("drums"))
            job.open(count).render([], BLOCK).wait(1.0).wait(seconds).look(engine.runtime)
            *_, share, looked = job.run()
            rows.append(
                {
                    "instances": count,
                    "core_share": share,
                    "host_bytes": looked["memory"],
                    "engine_bytes": resident(engine.pid),
                }
            )
    for row in rows:
        for figure, ratio in (("core_share", "core"), ("host_bytes", "host"), ("engine_bytes", "engine")):
            row[f"{ratio}_ratio"] = row[figure] / rows[0][figure]
    return {"block": BLOCK, "cases": rows}


if __name__ == "__main__":
    main()
