"""A run or an instrument as what both are: something that makes sounds out of latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.latent import from_seed


@dataclass(frozen=True)
class Source:
    """Makes sounds, and says of what form they are."""

    path: Path
    sample_rate: int
    channels: int
    clip_frames: int
    latent_dim: int
    prior: str
    step: int | None
    """Of the checkpoint; None for an instrument."""
    render: Callable[[NDArray[np.float32]], NDArray[np.float32]] = field(repr=False)
    """z [n, latent_dim] → float32 [n, channels, frames]; a few at a time, please: all are in memory."""

    @classmethod
    def open(cls, path: Path, checkpoint: str = "best") -> Source:
        """Opens a run (its checkpoint `best`, `last` or a step) or an instrument. Raises UserError if it is neither."""
        if Path(path).is_dir():
            from trainer.export import load_generator
            from trainer.run_folder import Run
            from trainer.sampling import render

            run = Run.open(path)
            config = run.config
            generator, step = load_generator(run, checkpoint, config.row.weights)
            return cls(
                run.path,
                config.sample_rate,
                config.channels,
                config.clip_frames,
                config.latent_dim,
                config.row.prior,
                step,
                lambda z: render(generator, z),
            )
        from engine.instrument import Instrument

        instrument = Instrument.open(path)
        return cls(
            instrument.path,
            instrument.sample_rate,
            instrument.channels,
            instrument.clip_frames,
            instrument.latent_dim,
            instrument.prior,
            None,
            instrument.generate,
        )

    def sounds(self, seeds: Sequence[int]) -> NDArray[np.float32]:
        """The sounds of seeds: float32 [seeds, channels, frames]."""
        return self.render(np.stack([from_seed(seed, self.latent_dim, self.prior) for seed in seeds]))
