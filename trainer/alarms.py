"""What the metrics of a run warn of: pure functions of its history of measurements, the oldest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

History = Sequence[Mapping[str, Any]]
"""Rows as the run keeps them: `step` and the figures of `Yardstick.measure`."""

IN_A_ROW = 2  # measurements that must agree: one may be chance
RISING = 3  # for distances, which go up and down
COLLAPSED = 1 / 3  # of the greatest coverage that the run has had
FEW = 0.1  # coverage and recall of a generator that knows a handful of sounds
CROWDED = 0.5  # density of sounds that do lie where real ones do
ROSE, CHANCE = 1.5, 5.0  # times the least distance, and beyond it: what the distance of a few sounds scatters by
NEAR = 0.5  # of the distance of new sounds from the clips next to them: see Yardstick.measure
COPIED = 0.1  # of the sounds


@dataclass(frozen=True)
class Alarm:
    """A row of the table: when it sounds, and what is then said (a format of the newest row)."""

    name: str
    sounds: Callable[[History], bool]
    words: str


def collapsed(history: History) -> bool:
    """Whether the sounds have become few: real ones are no longer covered, though the sounds are like them."""
    last = history[-IN_A_ROW:]
    best = max((row["coverage"] for row in history[:-IN_A_ROW]), default=0.0)
    fell = best > 2 * FEW and all(row["coverage"] < COLLAPSED * best for row in last)
    few = all(max(row["coverage"], row["recall"]) <= FEW and row["density"] >= CROWDED for row in last)
    return fell or few


def diverging(history: History) -> bool:
    """Whether the distance has stayed well above its best."""
    last, before = history[-RISING:], history[:-RISING]
    if not before:
        return False
    best = min(row["mmd"] for row in before)
    return all(row["mmd"] > ROSE * max(best, 0.0) + CHANCE for row in last)


def overfitting(history: History) -> bool:
    """Whether the sounds lie much nearer to single clips than held-out real sounds do."""
    return all(row["nearness"] < NEAR and row["copies"] <= COPIED for row in history[-IN_A_ROW:])


def copying(history: History) -> bool:
    """Whether many of the sounds are clips of the dataset again."""
    return all(row["copies"] > COPIED for row in history[-IN_A_ROW:])


ALARMS = (
    Alarm(
        "collapse",
        collapsed,
        "Alarm: the sounds have become few: they cover {coverage:.0%} of your audio's variety. Stop if it lasts; the "
        "best checkpoint is kept, and `trainer export` takes it.",
    ),
    Alarm(
        "divergence",
        diverging,
        "Alarm: the sounds are getting worse: their distance from your audio is {mmd:.0f}, well above its best. Stop "
        "if it lasts; the best checkpoint is kept, and `trainer export` takes it.",
    ),
    Alarm(
        "overfitting",
        overfitting,
        "Alarm: the sounds keep very close to single clips of yours, {nearness:.0%} as far from them as new sounds "
        "are. More audio helps, and with the recipe fast a new run with a greater --set variety.",
    ),
    Alarm(
        "copying",
        copying,
        "Alarm: {copies:.0%} of the sounds are copies of your clips. More audio helps, and with the recipe fast a new "
        "run with a greater --set variety; with --set head=noise there are none, but no bells either.",
    ),
)


def active(history: History) -> tuple[Alarm, ...]:
    """The alarms that sound now. What was measured before the first step, and what lacks figures, warns of nothing."""
    needed = {"mmd", "coverage", "recall", "density", "copies", "nearness"}
    rows = [row for row in history if row["step"] > 0 and needed <= row.keys()]
    if len(rows) < IN_A_ROW or rows[-1] is not history[-1]:
        return ()
    return tuple(alarm for alarm in ALARMS if alarm.sounds(rows))


def fresh(history: History) -> list[str]:
    """What the alarms say that sound now and did not at the measurement before: each speaks once until it clears."""
    before = active(history[:-1]) if len(history) > 1 else ()
    return [alarm.words.format(**history[-1]) for alarm in active(history) if alarm not in before]
