"""Favourites: seeds worth starting from, spread over the instrument's sounds, each typical of those around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.instrument import Favourite
from trainer.measure.descriptors import DESCRIPTORS, QUIETEST
from trainer.measure.features import Reals
from trainer.survey import Survey, distances

COUNT = 32
CANDIDATES = 1024  # seeds, of which they are chosen
NEIGHBOURS = 5
LONELY = 90  # percentile of the distance to the neighbours, beyond which a sound is an odd one out
MOST_CLIPPED = 0.01  # share of samples at full scale
QUIET = 30.0  # dB under the median, and not worth a key
ROUNDS = 50


def choose(survey: Survey, count: int = COUNT) -> list[Favourite]:
    """At most `count` seeds of a survey whose sounds are those of the seeds 0, 1, 2 …, from dark to bright.

    They are the medoids of the sounds that are neither broken, nor nearly silent, nor odd ones out: each is an actual
    sound in the middle of its kind, where a farthest point would be an extreme. Deterministic.
    """
    _, places = survey.places()
    good = np.flatnonzero(sound(survey)[:CANDIDATES])
    if len(good) > NEIGHBOURS:
        apart = distances(places[good], places[good])
        lonely = np.sort(apart, axis=1)[:, NEIGHBOURS]
        good = good[lonely <= np.percentile(lonely, LONELY)]
    if len(good) == 0:
        return []
    seeds = good[medoids(distances(places[good], places[good]), min(count, len(good)))]
    seeds = seeds[np.argsort(survey.descriptors["brightness"][seeds], kind="stable")]
    varied = [row for row in DESCRIPTORS if np.ptp(survey.descriptors[row.name]) > 0]
    return [
        Favourite(
            int(seed),
            {
                row.name: row.shown(float(survey.descriptors[row.name][seed]))
                for row in varied
                if survey.applies(row.name)[seed]
            },
        )
        for seed in seeds
    ]


def sound(survey: Survey) -> NDArray[np.bool_]:
    """Which sounds are whole: all numbers, not clipped, not much quieter than the others."""
    loudness = survey.descriptors["loudness"]
    return np.asarray(
        (survey.clipped <= MOST_CLIPPED) & (loudness > QUIETEST) & (loudness >= np.median(loudness) - QUIET)
    )


def medoids(apart: Reals, count: int) -> NDArray[np.int64]:
    """The points, `count` of them, from which the others are least far in sum: by distances [n, n], ascending.

    Begins with the most central point and those that are farthest from all before; then each cluster's best point, and
    each point's best cluster, in turn (Park & Jun, "A simple and fast algorithm for K-medoids clustering", 2009).
    """
    chosen = [int(np.argmin(apart.sum(axis=1)))]
    while len(chosen) < count:
        farness = apart[:, chosen].min(axis=1)
        farness[chosen] = -1  # where several lie at one place, too, each is taken once
        chosen.append(int(np.argmax(farness)))
    for _ in range(ROUNDS):
        cluster = np.argmin(apart[:, chosen], axis=1)
        cluster[chosen] = np.arange(len(chosen))  # points at one place stay points of their own
        before = chosen
        chosen = []
        for number in range(count):
            members = np.flatnonzero(cluster == number)
            chosen.append(int(members[np.argmin(apart[np.ix_(members, members)].sum(axis=1))]))
        if chosen == before:
            break
    return np.sort(np.array(chosen, np.int64))
