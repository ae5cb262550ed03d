"""Sounds of a run's generator, the same to the bit whatever they are made beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.latent import from_seeds

if TYPE_CHECKING:
    from torch import nn

    from trainer.run_folder import RunConfig

BATCH = 8  # always the same, so that a seed sounds the same to the bit whatever it is made beside


def generate(generator: nn.Module, seeds: Sequence[int], config: RunConfig) -> NDArray[np.float32]:
    """The sounds of the seeds, of a run's generator: float32 [seeds, channels, frames]."""
    return render(generator, from_seeds(seeds, config.latent_dim, config.row.prior))


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
