"""Holding out real clips in whole folders, so that the layers of one sound never stand on both sides."""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARE = 0.1  # of the clips that are held out
FEWEST = 20  # clips held out, or half of them all where there are fewer than twice as many
OVER = 1.5  # times the wanted number that whole groups may come to
UNDER = 0.5
GROUPS = 5  # with fewer, each is a kind of sound of its own, and no measure of the others

_GROUPINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("whole folders", ntpath.dirname),  # splits at both kinds of slash
    ("whole files", lambda source: source),
)
HALVES = "random halves"


@dataclass(frozen=True)
class Split:
    """Which clips are held out, and how they were chosen: whole folders, whole files or random halves."""

    held: NDArray[np.bool_]
    by: str


def split(sources: Sequence[str], seed: int | tuple[int, ...]) -> Split:
    """Holds out about a tenth of the clips, at least 20 where there are 40, by the paths that they came from.

    Whole folders, if there are at least 5 and some together come near that number; else whole files, all clips of a
    song together; else random halves of the clips.
    """
    random = np.random.default_rng(seed)
    wanted = min(max(round(SHARE * len(sources)), FEWEST), len(sources) // 2)
    for by, group in _GROUPINGS:
        names, labels, sizes = np.unique([group(source) for source in sources], return_inverse=True, return_counts=True)
        chosen: list[int] = []
        total = 0
        for label in random.permutation(len(names)):
            if total < wanted and total + sizes[label] <= OVER * wanted:
                chosen.append(int(label))
                total += int(sizes[label])
        if len(names) >= GROUPS and total > UNDER * wanted:
            return Split(np.isin(labels, chosen), by)
    held = np.zeros(len(sources), bool)
    held[random.permutation(len(sources))[: len(sources) // 2]] = True
    return Split(held, HALVES)
