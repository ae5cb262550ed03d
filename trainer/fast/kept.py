"""Something of each clip that is worked out when it is first asked for, and then kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Kept:
    """Rows by clip index. `work_out` gives those of some clips, [indices, …]; `count` is how many clips there are."""

    def __init__(self, count: int, work_out: Callable[[NDArray[np.int64]], Tensor]) -> None:
        self._work_out = work_out
        self._known = np.zeros(count, bool)
        self._rows: Tensor | None = None

    @torch.no_grad()
    def batch(self, indices: NDArray[np.int64]) -> Tensor:
        """The rows of those clips."""
        new = np.unique(indices[~self._known[indices]])
        if len(new):
            rows = self._work_out(new)
            if self._rows is None:
                self._rows = rows.new_empty((len(self._known), *rows.shape[1:]))
            self._rows[torch.from_numpy(new)] = rows
            self._known[new] = True
        assert self._rows is not None
        return self._rows[torch.from_numpy(indices)]
