"""Sounds of a generator by seed, and writing them as WAV files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.files import check_folder_of, replacing
from engine.latent import MAX_SEED, from_seed

if TYPE_CHECKING:
    from torch import nn

    from trainer.run_folder import RunConfig

BATCH = 8  # always the same, so that a seed sounds the same to the bit whatever it is made beside
MOST_SEEDS = 10_000


def generate(generator: nn.Module, seeds: Sequence[int], config: RunConfig) -> NDArray[np.float32]:
    """The sounds of the seeds, of a run's generator: float32 [seeds, channels, frames]."""
    return render(generator, np.stack([from_seed(seed, config.latent_dim, config.row.prior) for seed in seeds]))


def render(generator: nn.Module, z: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sounds of latents [n, latent_dim]: float32 [n, channels, frames]."""
    import torch

    device = next(generator.parameters()).device
    pieces = []
    with torch.no_grad():
        for start in range(0, len(z), BATCH):
            group = z[start : start + BATCH]
            full = np.zeros((BATCH, z.shape[1]), np.float32)
            full[: len(group)] = group
            pieces.append(generator(torch.from_numpy(full).to(device)).cpu().numpy()[: len(group)])
    audio: NDArray[np.float32] = np.concatenate(pieces)
    return audio


def sample(source: Path, folder: Path, seeds: Sequence[int]) -> list[Path]:
    """Writes the seeds' sounds, of a run (its newest checkpoint) or an instrument, into a folder, made if need be.

    Returns the paths. Raises UserError if the source is neither, or the folder cannot be made.
    """
    if Path(source).is_dir():
        from trainer.export import load_generator
        from trainer.run_folder import Run

        run = Run.open(source)
        make_folder(folder)
        generator, _ = load_generator(run, "best", run.config.row.weights)
        return write_in_groups(
            folder, seeds, run.config.sample_rate, lambda group: generate(generator, group, run.config)
        )
    from engine.instrument import Instrument

    instrument = Instrument.open(source)
    make_folder(folder)

    def play(group: Sequence[int]) -> NDArray[np.float32]:
        z = [from_seed(seed, instrument.latent_dim, instrument.prior) for seed in group]
        return instrument.generate(np.stack(z))

    return write_in_groups(folder, seeds, instrument.sample_rate, play)


def write_in_groups(
    folder: Path, seeds: Sequence[int], sample_rate: int, make: Callable[[Sequence[int]], NDArray[np.float32]]
) -> list[Path]:
    """Makes and writes a few sounds at a time, so that memory does not grow with their number."""
    paths: list[Path] = []
    for start in range(0, len(seeds), BATCH):
        group = seeds[start : start + BATCH]
        paths += write_wavs(folder, group, make(group), sample_rate)
    return paths


def make_folder(folder: Path) -> None:
    """Makes the folder unless it is there. Raises UserError if its parent is missing or a file is in its place."""
    check_folder_of(folder)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name a folder for the sounds.")
    folder.mkdir(exist_ok=True)


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
