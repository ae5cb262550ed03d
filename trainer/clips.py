"""Batches of clips in an order that follows from the seed and the number of clips drawn, and from nothing else."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainer.dataset import forget


class ClipOrder:
    """Endless epochs, each a shuffle of all clips of its own. Has no state, so a resume needs only the count drawn."""

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._seed = seed
        self._epoch = -1
        self._shuffle = np.empty(0, np.int64)

    def take(self, drawn: int, size: int) -> NDArray[np.int64]:
        """The indices of the `size` clips that follow the first `drawn`."""
        return np.array([self._at(position) for position in range(drawn, drawn + size)], np.int64)

    def _at(self, position: int) -> int:
        epoch, offset = divmod(position, self._count)
        if epoch != self._epoch:
            self._shuffle = np.random.default_rng((self._seed, epoch)).permutation(self._count)
            self._epoch = epoch
        return int(self._shuffle[offset])


class Clips:
    """The dataset's clips [count, channels, frames] on the device where they fit, else read from disk as needed."""

    def __init__(self, clips: NDArray[np.float32], device: torch.device) -> None:
        self._device = device
        self._mapped = clips
        self._resident: Tensor | None = None
        if device.type == "cuda" and 2 * clips.nbytes < torch.cuda.mem_get_info(device)[0]:
            self._resident = torch.from_numpy(np.array(clips)).to(device)

    def __len__(self) -> int:
        return len(self._mapped)

    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """Those clips, on the device."""
        if self._resident is not None:
            return self._resident[torch.from_numpy(indices).to(self._device)]
        batch = torch.from_numpy(np.asarray(self._mapped[indices])).to(self._device)
        forget(self._mapped)
        return batch
