"""Finds the seeds of a drum instrument for the General MIDI keys: `python benchmarks/bundled_keys.py FILE.onnx FOLDER`.

FOLDER holds reference sounds named by their note, 036-….wav, as benchmarks/bundled_audio.py writes them. For each note
the seed whose sound is most like one of its references is printed, no seed twice, as a line for a preset's zone.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np

from trainer.find import read
from trainer.measure.features import log_mel
from trainer.source import Source

SEEDS = 3000
KEYS = range(35, 60)
AT_ONCE = 50


def main() -> None:
    """Prints the line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("instrument", metavar="FILE.onnx", type=Path)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    arguments = parser.parse_args()
    source = Source.open(arguments.instrument)
    sounds = np.concatenate(
        [
            log_mel(source.sounds(range(first, first + AT_ONCE)), source.sample_rate)
            for first in range(0, SEEDS, AT_ONCE)
        ]
    )
    taken: dict[int, int] = {}
    for key in KEYS:
        references = np.concatenate(
            [log_mel(read(path, source), source.sample_rate) for path in sorted(arguments.folder.rglob("*.wav"))
             if re.match(f"{key:03d}-", path.name)]
        )  # fmt: skip
        distances = np.square(sounds[:, None] - references[None]).mean(axis=2).min(axis=1)
        distances[list(taken.values())] = np.inf
        taken[key] = int(distances.argmin())
    print("seeds = { " + ", ".join(f'"{key}" = {seed}' for key, seed in taken.items()) + " }")


if __name__ == "__main__":
    main()
