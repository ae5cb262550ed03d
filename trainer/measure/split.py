"""Holding out real clips so that the layers of one sound never stand on both sides: whole folders, where there are."""

from __future__ import annotations

import ntpath
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARE = 0.1  # of the clips that are held out
FEWEST = 20  # clips held out, or half of them all where there are fewer than twice as many
OVER = 1.5  # times the wanted number that whole groups may come to
UNDER = 0.5
GROUPS = 5  # with fewer, each is a kind of sound of its own, and no measure of the others

FOLDERS, FILES, HALVES = "whole folders", "whole files", "random halves"


@dataclass(frozen=True)
class Split:
    """Which clips are held out, and how they were chosen: FOLDERS, FILES or HALVES."""

    held: NDArray[np.bool_]
    by: str


def split(sources: Sequence[str], seed: int | tuple[int, ...], sounds: NDArray[np.int64] | None = None) -> Split:
    """Holds out about a tenth of the clips, at least 20 where there are 40, by the paths that they came from.

    Whole folders, if there are at least 5 and some together come near that number; else whole files, all clips of a
    song together; else random halves of the clips. `sounds` gives clips that are near-duplicates the same number
    (trainer.near_duplicates): among files and halves these stay together too, as far as that leaves two sides.
    """
    random = np.random.default_rng(seed)
    count = len(sources)
    wanted = min(max(round(SHARE * count), FEWEST), count // 2)
    each = np.arange(count)
    folders, files = (
        _numbered(map(group, sources)) for group in (ntpath.dirname, str)
    )  # splits at both kinds of slash
    sounds = each if sounds is None else sounds
    for by, groups, number in (
        (FOLDERS, folders, wanted),
        (FILES, _merged(files, sounds), wanted),
        (HALVES, sounds, count // 2),
    ):
        held = _some(groups, number, random)
        if len(np.unique(groups)) >= GROUPS and held.sum() > UNDER * number:
            return Split(held, by)
    return Split(np.isin(each, random.permutation(count)[: count // 2]), HALVES)


def _some(groups: NDArray[np.int64], wanted: int, random: np.random.Generator) -> NDArray[np.bool_]:
    """The clips of random groups, about the wanted number of them."""
    labels, sizes = np.unique(groups, return_counts=True)
    chosen: list[int] = []
    total = 0
    for place in random.permutation(len(labels)):
        if total < wanted and total + sizes[place] <= OVER * wanted:
            chosen.append(int(labels[place]))
            total += int(sizes[place])
    return np.isin(groups, chosen)


def _numbered(names: Iterable[str]) -> NDArray[np.int64]:
    return np.unique(list(names), return_inverse=True)[1].astype(np.int64)


def _merged(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """The finest groups that part none of either."""
    label = np.arange(len(first))
    while True:
        before = label
        for groups in (first, second):
            lowest = np.full(int(groups.max()) + 1, len(groups))
            np.minimum.at(lowest, groups, label)
            label = lowest[groups]
        if (label == before).all():
            return label
