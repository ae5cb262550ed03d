"""Finds out what an instrument offers: its directions and favourites, as the instrument file holds them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.instrument import Direction, Favourite
from trainer import directions, favourites
from trainer.survey import BATCH, Surveyor

SURVEYED = (4096, 2048, 1024, 512, 256)  # sounds, as many as the time allows; few sizes, so that most machines agree
STARTS, FEWEST_STARTS = 32, 16  # sounds that each direction is tried on
SOUNDS_IN_ALL = 3.0  # heard in the end for each surveyed, about


@dataclass(frozen=True)
class Explored:
    """What was found."""

    directions: Mapping[str, Direction]
    favourites: tuple[Favourite, ...]
    sounds: int
    """How many sounds it is known from."""

    def metadata(self) -> dict[str, str]:
        """As fields of the instrument file."""
        rows = {
            name: {
                "vector": [round(float(value), 6) for value in row.vector],
                "range": row.range,
                "rank_correlation": None if row.rank_correlation is None else round(row.rank_correlation, 3),
            }
            for name, row in self.directions.items()
        }
        seeds = [{"seed": row.seed, "descriptors": dict(row.descriptors)} for row in self.favourites]
        return {"directions": json.dumps(rows), "favourites": json.dumps(seeds)}


def explore(
    surveyor: Surveyor,
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Explored:
    """Directions and favourites of what the surveyor renders, in about `seconds`, or what the fewest take.

    The same for the same generator and the same number of sounds. `progress` hears how many of about how many are done.
    """
    count = affordable(surveyor, seconds, clock)
    total = round(SOUNDS_IN_ALL * count)
    surveyor.progress = lambda done: progress(min(done, total), total)
    survey = surveyor.listen(surveyor.latents(0, count))
    found = directions.find(surveyor, survey, max(STARTS * count // SURVEYED[0], FEWEST_STARTS))
    return Explored(found, tuple(favourites.choose(survey)), count)


def affordable(surveyor: Surveyor, seconds: float, clock: Callable[[], float]) -> int:
    """How many sounds to survey, by the time that a few take once everything is warm."""
    z = surveyor.latents(0, BATCH)
    surveyor.listen(z)
    before = clock()
    surveyor.listen(z)
    each = (clock() - before) / BATCH
    fitting = (count for count in SURVEYED if count * SOUNDS_IN_ALL * each <= seconds)
    return next(fitting, SURVEYED[-1])
