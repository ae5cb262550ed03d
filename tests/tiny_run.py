"""A run small enough for tests, with a clock that moves only when told and a display that remembers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from trainer.dataset import Dataset, write
from trainer.run_folder import Run, RunConfig
from trainer.training import Limits, Report, Training
from trainer.wavegan.layers import Shape

SETTINGS = {
    "dim": 2,
    "batch": 3,
    "lr": 1e-3,
    "phase_shuffle": 2,
    "latent_dim": 5,
    "penalty": 10.0,
    "critic_steps": 2,
}
SHAPE = Shape(16384, 1, 2, 5)


class Clock:
    """Moves by `tick` seconds each time it is read."""

    def __init__(self, tick: float = 1.0) -> None:
        self.now = 0.0
        self.tick = tick

    def __call__(self) -> float:
        self.now += self.tick
        return self.now


class Memory:
    """A display that keeps everything it was shown."""

    interval = 0.0

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self.notes: list[str] = []

    def report(self, report: Report) -> None:
        self.reports.append(report)

    def note(self, text: str) -> None:
        self.notes.append(text)


def tiny_dataset(
    path: Path, seed: int = 0, channels: int = 1, sample_rate: int = 16000, frames: int = 16384
) -> Dataset:
    """Seven decaying noises."""
    noise = np.random.default_rng(seed).standard_normal((7, channels, frames)) * np.exp(-np.arange(frames) / 2000)
    return write(path, (0.2 * noise).astype(np.float32), sample_rate)


def tiny_config(**changes: object) -> RunConfig:
    """The config of a tiny run."""
    fields: dict[str, object] = {
        "recipe": "wavegan",
        "settings": SETTINGS,
        "seed": 4,
        "sample_rate": 16000,
        "channels": 1,
        "clip_frames": 16384,
        "dataset_digest": "00",
        "clip_count": 7,
        "started_from": None,
    }
    return RunConfig(**{**fields, **changes})  # type: ignore[arg-type]


def train_tiny(
    run: Run, dataset: Dataset, steps: int, clock: Callable[[], float] | None = None, display: Memory | None = None
) -> Training:
    """Trains a run up to `steps` on one CPU thread."""
    torch.set_num_threads(1)
    training = Training(run, dataset.clips, torch.device("cpu"), display or Memory(), clock or Clock())
    training.run_until(Limits(steps=steps), lambda: False)
    return training
