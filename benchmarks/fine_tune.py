"""What a run's knowledge is worth to new audio: `python benchmarks/fine_tune.py RUN [--json] [--minutes 5]`.

RUN is what the bundled drums were trained by (docs/bundled.md), or any run of 32768 frames, mono, at 44.1 kHz. New are
50 one-shots of the Debian package hydrogen-drumkits (or --audio FOLDER …). The recipe learns them for the same time,
once from nothing and once `--from RUN`; 500 sounds of each run's best checkpoint are measured by those 50, and by the
package's other sounds, which neither has heard: what was learned, and what was understood.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from recipes import RATE, SOUNDS, prepared

from trainer import dataset
from trainer.launch import Request, train
from trainer.measure.yardstick import Yardstick
from trainer.run_folder import Run
from trainer.source import Source

AUDIO = (Path("/usr/share/hydrogen/data/drumkits"),)
SHOWN = ("mmd", "coverage", "recall", "density", "peakiness_90", "copies")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", metavar="RUN", type=Path, help="the run to begin from")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--minutes", type=float, default=5.0, help="training time of each (default: 5)")
    parser.add_argument("--audio", type=Path, nargs="+", default=list(AUDIO), help="folders of new audio")
    parser.add_argument("--count", type=int, default=50, help="clips to train on (default: 50)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(arguments.run, Path(folder), arguments)
    if arguments.json:
        print(json.dumps({"minutes": arguments.minutes, "clips": arguments.count, "rows": rows}))
        return
    print(f"{'':<32}" + "".join(f"{name:>14}" for name in SHOWN))
    for row in rows:
        print(f"{row['name']:<32}" + "".join(f"{row[name]:>14.3f}" for name in SHOWN))


def measure(old: Path, folder: Path, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Trains twice; a row for each run and each set of clips that it is measured by."""
    whole = prepared(arguments.audio, folder / "audio")
    order = np.random.default_rng(arguments.seed).permutation(len(whole.clips))
    sources = np.array(whole.sources())
    yardsticks = {}
    for what, chosen in (("new", order[: arguments.count]), ("unheard", order[arguments.count :])):
        chosen = np.sort(chosen)
        yardsticks[what] = Yardstick(np.array(whole.clips[chosen]), RATE, list(sources[chosen]), arguments.seed)
    place = folder / "new"
    few = np.sort(order[: arguments.count])
    dataset.write(place, np.array(whole.clips[few]), RATE, list(sources[few]))
    config = Run.open(old).config
    shape = tuple(f"{row.key}={config.settings[row.key]}" for row in config.row.settings if row.shaping)
    hours = arguments.minutes / 60
    rows = []
    for name, source in (("from nothing", None), ("from the run", old)):
        run = folder / name.replace(" ", "-")
        with contextlib.redirect_stdout(sys.stderr):
            train(Request(place, run, config.recipe, shape, source, hours=hours, seed=arguments.seed))
        made = Source.open(run)
        sounds = np.concatenate([made.sounds(range(first, first + 50)) for first in range(0, SOUNDS, 50)])
        for what, yardstick in yardsticks.items():
            figures = yardstick.measure(lambda first, number, heard=sounds: heard[first : first + number], len(sounds))
            rows.append({"name": f"{name}, by the {what}", "step": made.step, **figures})
    return rows


if __name__ == "__main__":
    main()
