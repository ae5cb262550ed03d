"""The recipe `fast` at a size for tests: clips of noise and partials, and a config of few channels."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.clips import Clips
from trainer.dataset import Dataset, write
from trainer.fast.form import Form
from trainer.fast.learner import FastLearner
from trainer.plan import Plan
from trainer.recipes import find_recipe
from trainer.run_folder import RunConfig

RATE, FRAMES = 16000, 16384
STAGES = (("representation", 0.85), ("density", 0.05), ("adversarial", 0.1))


def tiny_clips(count: int = 12, channels: int = 1, seed: int = 0) -> NDArray[np.float32]:
    """Decaying sounds, [count, channels, FRAMES]: noise and a partial, all different."""
    random = np.random.default_rng(seed)
    time = np.arange(FRAMES) / RATE
    decay = np.exp(-time / random.uniform(0.02, 0.3, (count, 1, 1)))
    partial = np.sin(2 * np.pi * random.uniform(100, 2000, (count, 1, 1)) * time)
    noise = random.standard_normal((count, channels, FRAMES))
    return np.asarray((0.3 * partial + 0.1 * noise) * decay, np.float32)


def tiny_fast_config(count: int = 12, channels: int = 1, steps: int = 20, **settings: float) -> RunConfig:
    """The config of a run on such clips."""
    recipe = find_recipe("fast")
    values = recipe.values(("dim=8", "latent_dim=3", "batch=4"))
    return RunConfig(
        recipe="fast",
        settings={**values, **settings},
        seed=4,
        sample_rate=RATE,
        channels=channels,
        clip_frames=FRAMES,
        dataset_digest="00",
        clip_count=count,
        started_from=None,
        plan=Plan(STAGES, steps=float(steps)),
    )


def tiny_fast_dataset(path: Path, count: int = 12, channels: int = 1, seed: int = 0, rate: int = RATE) -> Dataset:
    """Such clips as a dataset folder."""
    return write(path, tiny_clips(count, channels, seed), rate)


def tiny_learner(config: RunConfig, clips: NDArray[np.float32]) -> FastLearner:
    """A learner on the CPU, on one thread."""
    torch.set_num_threads(1)
    return FastLearner(config, Clips(clips, torch.device("cpu")), torch.device("cpu"))


@contextmanager
def without_extras() -> Iterator[None]:
    """Training on one thread, without what takes longest and changes nothing: no measurements and no spectrograms."""
    torch.set_num_threads(1)
    with (
        patch("trainer.fast.fitting.LEVELLED", 16),
        patch("trainer.launch.Yardstick", lambda *_: None),
        patch("trainer.previews.save_grid", lambda path, *_: path.write_bytes(b"picture")),
    ):
        yield


def tiny_form(**changes: object) -> Form:
    """The form of that config."""
    return Form.of(tiny_fast_config(**changes))  # type: ignore[arg-type]
