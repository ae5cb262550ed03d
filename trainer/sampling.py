"""Writing the sounds of seeds as WAV files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.files import check_folder_of, replacing
from engine.latent import MAX_SEED
from trainer.rendering import BATCH
from trainer.source import Source

MOST_SEEDS = 10_000


def sample(source: Path, folder: Path, seeds: Sequence[int], checkpoint: str | None = None) -> list[Path]:
    """Writes the seeds' sounds, of a run (its best checkpoint unless told) or an instrument.

    Into a folder that is made if need be. Returns the paths. Raises UserError if the source is neither, or the folder
    cannot be made.
    """
    opened = Source.open(source, checkpoint)
    make_folder(folder)
    paths: list[Path] = []
    # A few at a time, so that memory does not grow with their number.
    for start in range(0, len(seeds), BATCH):
        group = seeds[start : start + BATCH]
        paths += write_wavs(folder, group, opened.sounds(group), opened.sample_rate)
    return paths


def make_folder(folder: Path) -> None:
    """Makes the folder unless it is there. Raises UserError if its parent is missing or a file is in its place."""
    check_folder_of(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name a folder for the sounds.")
    folder.mkdir(exist_ok=True)


def write_wavs(folder: Path, seeds: Sequence[int], audio: NDArray[np.float32], sample_rate: int) -> list[Path]:
    """Writes audio [seeds, channels, frames] as 24-bit WAV files named by seed. Returns their paths."""
    paths = []
    for seed, clip in zip(seeds, audio, strict=True):
        path = folder / f"seed-{seed:04d}.wav"
        write_wav(path, clip, sample_rate)
        paths.append(path)
    return paths


def write_wav(path: Path, clip: NDArray[np.float32], sample_rate: int) -> None:
    """Writes a clip [channels, frames] as a 24-bit WAV file."""
    import soundfile

    with replacing(path) as temporary:
        soundfile.write(temporary, clip.T, sample_rate, subtype="PCM_24", format="WAV")


def parse_seeds(text: str) -> list[int]:
    """The seeds of a list such as `0-15,40`. Raises UserError if it is none."""
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UserError(f"--seeds {text}: write seeds as 7, as a range 0-15, or as a list of these, 0-15,40.")
        low, high = int(first), int(last or first)
        if low > high or high > MAX_SEED:
            raise UserError(f"--seeds {text}: the range {part.strip()} must ascend and end at {MAX_SEED} at most.")
        if high - low + len(seeds) >= MOST_SEEDS:
            raise UserError(f"--seeds {text}: these are more than {MOST_SEEDS} sounds; ask for fewer at a time.")
        seeds.extend(range(low, high + 1))
    return seeds
