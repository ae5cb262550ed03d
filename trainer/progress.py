"""How training shows itself: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live

    from trainer.training import Display, Report


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
    parts = [f"step {report.step:,}", pace, f"critic distance {report.critic_distance:.3f}"]
    if report.remaining is not None:
        parts.append(f"{duration(report.remaining)} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """A length of time as 1 h 05 min, 12 min 30 s or 45 s."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
