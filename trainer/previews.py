"""Previews of a run: the same few seeds again and again, as WAV files, spectrograms, and in TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.rendering import generate
from trainer.run_folder import Run
from trainer.sampling import write_wavs
from trainer.spectrogram import save_grid

if TYPE_CHECKING:
    from torch import nn

SEEDS = range(8)


class Previews:
    """Writes previews and TensorBoard's log of one run."""

    def __init__(self, run: Run, step: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._run = run
        # Whatever was logged after the checkpoint that this goes on from will be logged again.
        self._writer = SummaryWriter(str(run.tensorboard), purge_step=step + 1)

    def made(self, step: int) -> bool:
        """Whether the step has its previews."""
        return self._picture(step).exists()

    def make(self, step: int, generator: nn.Module) -> None:
        """Writes previews/step-N.png and previews/step-N/seed-….wav, and logs the sounds."""
        config = self._run.config
        audio = generate(generator, SEEDS, config)
        folder = self._picture(step).with_suffix("")
        folder.mkdir(parents=True, exist_ok=True)
        write_wavs(folder, SEEDS, audio, config.sample_rate)
        titles = [f"seed {seed}" for seed in SEEDS]
        save_grid(self._picture(step), audio, config.sample_rate, titles, f"Step {step:,}")
        for seed, clip in zip(SEEDS, audio, strict=True):
            sound = clip.mean(axis=0, keepdims=True)
            self._writer.add_audio(f"seed {seed}", sound, step, config.sample_rate)
        self._writer.flush()

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Logs figures of the run."""
        for name, value in scalars.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Writes what has not been written yet."""
        self._writer.close()

    def _picture(self, step: int) -> Path:
        return self._run.previews / f"step-{step:08d}.png"
