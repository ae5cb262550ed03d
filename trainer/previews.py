"""Previews of a run: the same few seeds again and again, as WAV files, spectrograms, and in TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from trainer.run_folder import Run
from trainer.sampling import generate, write_wavs
from trainer.spectrogram import save_grid

if TYPE_CHECKING:
    from trainer.wavegan.networks import Generator

SEEDS = range(8)


class Previews:
    """Writes previews and TensorBoard's log of one run."""

    def __init__(self, run: Run, generator: Generator, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.newest = step - 1
        self._run = run
        self._generator = generator
        # Whatever was logged after the checkpoint that this goes on from will be logged again.
        self._writer = SummaryWriter(str(run.tensorboard), purge_step=step + 1)

    def make(self, step: int) -> None:
        """Writes previews/step-N.png and previews/step-N/seed-….wav, and logs the sounds."""
        config = self._run.config
        audio = generate(self._generator, SEEDS, config.row.prior)
        name = f"step-{step:08d}"
        folder = self._run.previews / name
        folder.mkdir(parents=True, exist_ok=True)
        write_wavs(folder, SEEDS, audio, config.sample_rate)
        titles = [f"seed {seed}" for seed in SEEDS]
        save_grid(self._run.previews / f"{name}.png", audio, config.sample_rate, titles, f"Step {step:,}")
        for seed, clip in zip(SEEDS, audio, strict=True):
            sound = clip.mean(axis=0, keepdims=True)
            self._writer.add_audio(f"seed {seed}", sound, step, config.sample_rate)
        self._writer.flush()
        self.newest = step

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Logs figures of the run."""
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Writes what has not been written yet."""
        self._writer.close()
