"""The terminal while the engine plays: a few steady lines, single keys, and sentences above them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Status:
    """What the lines show."""

    played: str  # the last key
    knobs: str
    voices: int
    generated: int
    latency_ms: float
    counters: dict[str, int]
    help: str  # what the keys of the terminal do now

    def lines(self) -> list[str]:
        """The steady lines, top to bottom."""
        counted = self.counters
        troubles = [
            f"{counted[name]} {label}"
            for name, label in (
                ("underflows", "underflows"),
                ("late_events", "late notes"),
                ("starved", "waits for a sound"),
                ("dropped_events", "lost events"),
                ("muted", "muted voices"),
            )
            if counted[name] or name == "underflows"
        ]
        return [
            f"played {self.played} · {self.knobs}",
            f"{self.voices} voices · {self.generated} sounds made · {self.latency_ms:.1f} ms · {' · '.join(troubles)}",
            self.help,
        ]


class Screen:
    """Where the lines go. Without a terminal only the sentences are printed."""

    def __init__(self, live: Any = None) -> None:
        self._live = live

    def say(self, sentence: str) -> None:
        """Prints a sentence that stays."""
        if self._live is not None:
            # Not wrapped by us: a sound string is to be copied whole.
            self._live.console.print(sentence, markup=False, highlight=False, soft_wrap=True)
        else:
            print(sentence, flush=True)

    def show(self, status: Status) -> None:
        """Renews the steady lines."""
        if self._live is not None:
            from rich.text import Text

            self._live.update(Text("\n".join(status.lines()), overflow="ellipsis", no_wrap=True), refresh=True)


@contextmanager
def screen() -> Iterator[Screen]:
    """The screen for as long as the block runs."""
    if not sys.stdout.isatty():
        yield Screen()
        return
    from rich.live import Live

    with Live(auto_refresh=False) as live:
        yield Screen(live)
