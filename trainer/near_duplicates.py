"""Finding clips that are the same sound again: copies, velocity layers, round robins, repeats of a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainer.checkup import STEPS_PER_DB

ALIKE = 4.25
"""dB, root mean square over the cells in which either sounds. docs/trainer.md says what it was measured to tell."""
ENTRIES_AT_ONCE = 2**21
"""Of the matrix of distances that is in memory."""


def groups(fingerprints: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Gives every clip of [clips, cells] the number of its group: [clips], the index of the group's first clip.

    Clips are of one group if a chain of alike ones leads from one to the other.
    """
    count = len(fingerprints)
    group = np.arange(count)
    levels = fingerprints.astype(np.float32) / STEPS_PER_DB
    sounding = (fingerprints > 0).astype(np.float32)
    squares, cells = np.square(levels).sum(axis=1), sounding.sum(axis=1)
    rows = max(1, ENTRIES_AT_ONCE // max(1, count))
    for start in range(0, count, rows):
        these = slice(start, start + rows)
        gaps = squares[these, np.newaxis] + squares[start:] - 2 * levels[these] @ levels[start:].T
        # Without the silence that both share: it would make all short sounds alike.
        either = cells[these, np.newaxis] + cells[start:] - sounding[these] @ sounding[start:].T
        for row, alike in enumerate(gaps < ALIKE**2 * either):
            met = group[start:][alike]
            if (met != group[start + row]).any():
                met = np.unique(np.append(met, group[start + row]))
                group[np.isin(group, met)] = met[0]
    return group
