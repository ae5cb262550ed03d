"""How training shows itself: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from trainer.words import duration, in_words

if TYPE_CHECKING:
    from rich.live import Live


LOOK_BACK = 600.0  # seconds: sounds are compared with those of so long ago
NOISE, CHANCE = 0.07, 0.5  # of a distance, and beyond it: a smaller change may be chance


@dataclass(frozen=True)
class Report:
    """What the user sees of a run. `remaining` is seconds, None without an end; `stage` is empty if it has no other.

    `distance` is the newest one from the audio, None before there is one.
    """

    step: int
    seconds: float
    steps_per_second: float
    remaining: float | None
    stage: str
    figures: Mapping[str, float]
    distance: float | None = None


class Display(Protocol):
    """Shows a run to the user. `interval` is the seconds between two reports."""

    interval: float

    def report(self, report: Report) -> None:
        """Shows the figures of the moment."""

    def note(self, text: str) -> None:
        """Says something once."""


class PlainLines:
    """A line now and then, for logs and pipes."""

    interval = 30.0

    def report(self, report: Report) -> None:
        """Prints the figures."""
        print(describe(report), flush=True)

    def note(self, text: str) -> None:
        """Prints the text."""
        print(text, flush=True)


class LiveLine:
    """One line that is kept up to date."""

    interval = 1.0

    def __init__(self, live: Live) -> None:
        self._live = live

    def report(self, report: Report) -> None:
        """Shows the figures in place of the last ones."""
        self._live.update(describe(report), refresh=True)

    def note(self, text: str) -> None:
        """Prints the text above the line."""
        self._live.console.print(text, markup=False, highlight=False)


@contextlib.contextmanager
def display() -> Iterator[Display]:
    """The display that fits standard output."""
    from rich.console import Console
    from rich.live import Live

    console = Console()
    if not console.is_terminal:
        yield PlainLines()
        return
    with Live(console=console, auto_refresh=False) as live:
        yield LiveLine(live)


def describe(report: Report) -> str:
    """The figures as one line."""
    speed = report.steps_per_second
    pace = f"{speed:.2f} steps/s" if speed >= 1 or speed == 0 else f"{1 / speed:.1f} s/step"
    parts = [report.stage] if report.stage else []
    parts += [f"step {report.step:,}", pace, *(f"{name} {value:.3f}" for name, value in report.figures.items())]
    if report.distance is not None:
        parts.append(f"distance {score(report.distance)}")
    if report.remaining is not None:
        parts.append(f"{duration(report.remaining)} left")
    return " · ".join(parts)


def compare(rows: Sequence[Mapping[str, Any]]) -> str:
    """The newest measurement in words, beside an older one where there is one and held-out real sounds."""
    newest = rows[-1]
    now = max(float(newest["mmd"]), 0.0)
    real = beside_real(newest.get("floor") or {}) + copied(newest)
    if now == 0:
        # What is estimated is below 0, as happens with few clips only.
        return f"So few clips tell no distance between the sounds and your audio{real}."
    if len(rows) == 1:
        return f"Distance of the sounds from your audio (less is closer): {score(now)}{real}."
    # The newest of those old enough, or else the oldest.
    then = next((row for row in reversed(rows[:-1]) if newest["seconds"] - row["seconds"] >= LOOK_BACK), rows[0])
    before, passed = max(float(then["mmd"]), 0.0), newest["seconds"] - then["seconds"]
    when = f"{in_words(passed)} ago" if passed >= 1 else "before"
    if abs(now - before) <= NOISE * before + CHANCE:
        word = "about as close to your audio as"
    else:
        word = f"{'closer to' if now < before else 'further from'} your audio than"
    return f"The sounds are {word} {when}: {score(before)} → {score(now)}{real}."


def beside_real(floor: Mapping[str, Any]) -> str:
    """What held-out real sounds score, as the end of a sentence: whole folders differ, so that it is a range."""
    if "mmd_low" in floor:
        low, high = score(floor["mmd_low"]), score(floor["mmd_high"])
        return f"; held-out sounds score {low}" + (f" to {high}" if high != low else "")
    return f"; held-out sounds score {score(floor['mmd'])}" if "mmd" in floor else ""


def copied(row: Mapping[str, Any]) -> str:
    """How many of the sounds are clips again, as the end of a sentence; nothing where it is none in 200."""
    share = float(row.get("copies", 0.0))
    return f"; {share:.0%} of the sounds are copies of your clips" if share >= 0.005 else ""


def score(value: float) -> str:
    """A distance (MMD²) with as many digits as mean something. An estimate below 0 tells no difference at all."""
    return f"{value:.0f}" if value >= 10 else f"{max(value, 0):.1f}"
