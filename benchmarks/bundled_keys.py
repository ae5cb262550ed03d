"""Finds the seeds of a drum instrument for the General MIDI keys: `python benchmarks/bundled_keys.py FILE.onnx FOLDER`.

FOLDER holds reference sounds named by their note, 036-….wav, as benchmarks/bundled_audio.py writes them. For each note
the seed whose sound is most like one of its references is printed, no seed twice, as a line for a preset's zone.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import latent
from engine.instrument import Instrument
from trainer.audio_files import decode
from trainer.converting import convert
from trainer.cutting import one_shot
from trainer.measure.features import log_mel

SEEDS = 3000
KEYS = range(35, 60)
AT_ONCE = 50


def main() -> None:
    """Prints the line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("instrument", metavar="FILE.onnx", type=Path)
    parser.add_argument("folder", metavar="FOLDER", type=Path)
    arguments = parser.parse_args()
    instrument = Instrument.open(arguments.instrument)
    sounds = np.concatenate([features(instrument, first) for first in range(0, SEEDS, AT_ONCE)])
    taken: dict[int, int] = {}
    for key in KEYS:
        references = np.concatenate(
            [log_mel(read(path, instrument), instrument.sample_rate) for path in sorted(arguments.folder.rglob("*.wav"))
             if re.match(f"{key:03d}-", path.name)]
        )  # fmt: skip
        distances = np.square(sounds[:, None] - references[None]).mean(axis=2).min(axis=1)
        distances[list(taken.values())] = np.inf
        taken[key] = int(distances.argmin())
    print("seeds = { " + ", ".join(f'"{key}" = {seed}' for key, seed in taken.items()) + " }")


def features(instrument: Instrument, first: int) -> NDArray[np.float32]:
    """The pictures of AT_ONCE sounds from the seed `first` on."""
    seeds = range(first, first + AT_ONCE)
    z = np.stack([latent.from_seed(seed, instrument.latent_dim, instrument.prior) for seed in seeds])
    return log_mel(instrument.generate(z), instrument.sample_rate)


def read(path: Path, instrument: Instrument) -> NDArray[np.float32]:
    """A file as a clip of the instrument's form: [1, channels, frames]."""
    blocks = convert(decode(str(path)), instrument.sample_rate, instrument.channels)
    clips = list(one_shot(blocks, instrument.sample_rate, instrument.clip_frames))
    return np.ascontiguousarray(clips[0].samples.T)[None]


if __name__ == "__main__":
    main()
