"""Sounds of a generator by seed, and writing them as WAV files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.files import replacing
from engine.latent import MAX_SEED, from_seed

if TYPE_CHECKING:
    from trainer.wavegan import Generator

BATCH = 8  # always the same, so that a seed sounds the same to the bit whatever it is made beside
MOST_SEEDS = 10_000


def generate(generator: Generator, seeds: Sequence[int], prior: str) -> NDArray[np.float32]:
    """The sounds of the seeds: float32 [seeds, channels, frames]."""
    import torch

    device = generator.dense.weight.device
    latent_dim = generator.dense.in_features
    pieces = []
    with torch.no_grad():
        for start in range(0, len(seeds), BATCH):
            z = np.zeros((BATCH, latent_dim), np.float32)
            group = seeds[start : start + BATCH]
            for row, seed in enumerate(group):
                z[row] = from_seed(seed, latent_dim, prior)
            pieces.append(generator(torch.from_numpy(z).to(device)).cpu().numpy()[: len(group)])
    audio: NDArray[np.float32] = np.concatenate(pieces)
    return audio


def write_wavs(folder: Path, seeds: Sequence[int], audio: NDArray[np.float32], sample_rate: int) -> list[Path]:
    """Writes audio [seeds, channels, frames] as 24-bit WAV files named by seed. Returns their paths."""
    import soundfile

    paths = []
    for seed, clip in zip(seeds, audio, strict=True):
        path = folder / f"seed-{seed:04d}.wav"
        with replacing(path) as temporary:
            soundfile.write(temporary, clip.T, sample_rate, subtype="PCM_24")
        paths.append(path)
    return paths


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
