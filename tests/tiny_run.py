"""A run small enough for tests, with a clock that moves only when told and a display that remembers."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.dataset import Dataset, write
from trainer.plan import Limits
from trainer.progress import Report
from trainer.run_folder import Run, RunConfig
from trainer.training import Training, Yardstick
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
    """Eight decaying noises."""
    noise = np.random.default_rng(seed).standard_normal((8, channels, frames)) * np.exp(-np.arange(frames) / 2000)
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
        "clip_count": 8,
        "started_from": None,
    }
    return RunConfig(**{**fields, **changes})  # type: ignore[arg-type]


class Ruler:
    """A yardstick whose distances are those given, the last for ever; it listens to every sound."""

    floor = {"mmd": 4.0, "coverage": 0.9, "recall": 0.8, "density": 1.0, "nearness": 1.0}  # noqa: RUF012

    def __init__(self, *distances: float, **figures: float) -> None:
        self.distances = list(distances)
        self.figures = {"coverage": 0.8, "recall": 0.5, "density": 1.0, "nearness": 1.0, "copies": 0.0, **figures}
        self.heard: list[int] = []

    def measure(self, generate: Callable[[int, int], NDArray[np.float32]], count: int) -> dict[str, float]:
        audio = generate(0, count)
        assert np.isfinite(audio).all()
        self.heard.append(len(audio))
        return {"mmd": self.distances.pop(0) if len(self.distances) > 1 else self.distances[0], **self.figures}


def train_tiny(
    run: Run,
    dataset: Dataset,
    steps: int,
    clock: Callable[[], float] | None = None,
    display: Memory | None = None,
    yardstick: Yardstick | None = None,
) -> Training:
    """Trains a run up to `steps` on one CPU thread."""
    torch.set_num_threads(1)
    going = display or Memory()
    training = Training(run, dataset.clips, torch.device("cpu"), going, clock or Clock(), yardstick=yardstick)
    training.run_until(Limits(steps=steps), lambda: False)
    return training
