"""What one client has of each clip, and the messages that send it what it lacks."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bridge.link_connection import Connection
from engine._native import BLOCK_FRAMES, Clip
from engine.instrument import Instrument
from engine.plan import runs

MOST_NAMES = 1 << 16  # that are remembered: what is forgotten is sent again if it is wanted again
MOST_BLOCKS = 16  # in one message, so that something more urgent need not wait long for its turn


class ClipSender:
    """Sounds are known by their names. [guests-thread]"""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._whole: dict[str, None] = {}  # in the order in which they came
        self._sent: dict[str, int] = {}  # of clips that were begun: a bit for each block that was sent

    @property
    def has_room(self) -> bool:
        """Whether the connection takes what could be put off."""
        return self._connection.has_room

    def keep(self, names: Iterable[str]) -> None:
        """The client has these whole."""
        for name in names:
            self._whole[name] = None
            self._sent.pop(name, None)
        _forget(self._whole)

    def lose(self, names: Iterable[str]) -> None:
        """It has not, not any more."""
        for name in names:
            self._whole.pop(name, None)
            self._sent.pop(name, None)

    def is_whole(self, name: str) -> bool:
        """Whether it has all of a clip."""
        return name in self._whole

    def blocks(self, name: str, total: int) -> int:
        """A bit for each of a clip's `total` blocks that it has."""
        return (1 << total) - 1 if name in self._whole else self._sent.get(name, 0)

    def begin(self, name: str, instrument: Instrument) -> None:
        """Tells it of a clip, unless it knows of it."""
        if name not in self._whole and name not in self._sent:
            self._connection.send(
                "clip",
                sound=name,
                channels=instrument.channels,
                frames=instrument.clip_frames,
                sample_rate=instrument.sample_rate,
            )
            self._sent[name] = 0
            _forget(self._sent)

    def send(self, clip: Clip, instrument: Instrument, made: int) -> bool:
        """Sends those blocks of a clip that are in `made` and that it lacks; False if there was no room for all."""
        name, frames = clip.name, instrument.clip_frames
        total = -(-frames // BLOCK_FRAMES)
        for first, count in runs(made & ~self.blocks(name, total), MOST_BLOCKS):
            if not self.has_room:
                return False
            self.begin(name, instrument)
            start, stop = first * BLOCK_FRAMES, min((first + count) * BLOCK_FRAMES, frames)
            audio = np.ascontiguousarray(clip.read(start, stop - start), "<f4")
            self._connection.send("blocks", audio.tobytes(), sound=name, start=start, frames=stop - start)
            self._sent[name] |= ((1 << count) - 1) << first
        if self._sent.get(name) == (1 << total) - 1:
            self.keep([name])
        return True


def _forget(names: dict[str, None] | dict[str, int]) -> None:
    """Beyond a number the oldest are forgotten."""
    while len(names) > MOST_NAMES:
        del names[next(iter(names))]
