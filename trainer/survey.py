"""What the sounds of an instrument are like: many of its seeds, rendered and measured once for everything after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.latent import Latent, from_seeds
from trainer.measure.descriptors import DESCRIPTORS, applies, measure
from trainer.measure.features import Features, Reals, Space, log_mel
from trainer.measure.two_samples import squared_distances

BATCH = 16  # clips in memory at a time
FULL_SCALE = 0.99
DIMENSIONS = 16  # in which sounds are near each other or far


@dataclass(frozen=True)
class Survey:
    """What was heard in n sounds."""

    z: Latent
    """[n, latent_dim]"""
    descriptors: dict[str, Reals]
    """Name → [n], see DESCRIPTORS."""
    features: Features
    """[n, features], see `log_mel`."""
    clipped: Reals
    """The share of each clip's samples at full scale: [n]; above it where one is no number."""

    def applies(self, name: str) -> NDArray[np.bool_]:
        """For which sounds a descriptor means anything: [n]."""
        return applies(name, self.descriptors)

    def places(self) -> tuple[Space, Reals]:
        """A space of few dimensions fitted to the sounds, and where they lie: [n, dimensions]."""
        space = Space.fit(self.features, DIMENSIONS)
        return space, space.place(self.features)


class Surveyor:
    """Renders latents and measures their sounds, a few at a time.

    `render` makes sounds: z [n, latent_dim] → float32 [n, channels, frames]. `progress` hears how many are done.
    """

    def __init__(
        self,
        render: Callable[[Latent], NDArray[np.float32]],
        latent_dim: int,
        prior: str,
        sample_rate: int,
        progress: Callable[[int], None] = lambda done: None,
    ) -> None:
        self.latent_dim = latent_dim
        self.prior = prior
        self._render = render
        self._sample_rate = sample_rate
        self.progress = progress
        self.heard = 0

    def latents(self, first_seed: int, count: int) -> Latent:
        """Of as many seeds: [count, latent_dim]."""
        return from_seeds(range(first_seed, first_seed + count), self.latent_dim, self.prior)

    def listen(self, z: Latent) -> Survey:
        """Of latents [n, latent_dim], one or more."""
        measured, features, clipped = [], [], []
        for start in range(0, len(z), BATCH):
            audio = self._render(z[start : start + BATCH])
            measured.append(measure(audio, self._sample_rate))
            features.append(log_mel(audio, self._sample_rate))
            full = np.where(np.isfinite(audio), np.abs(audio) >= FULL_SCALE, np.inf)
            clipped.append(full.mean(axis=(1, 2)))
            self.heard += len(audio)
            self.progress(self.heard)
        return Survey(
            z,
            {row.name: np.concatenate([part[row.name] for part in measured]) for row in DESCRIPTORS},
            np.concatenate(features),
            np.concatenate(clipped),
        )


def distances(a: Reals, b: Reals) -> Reals:
    """Between places [n, dimensions] and [m, dimensions]: [n, m]."""
    return np.asarray(np.sqrt(np.maximum(squared_distances(a, b), 0)))
