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
        self._exact: dict[str, None] = {}  # those whole ones that were made by themselves
        self._replacing: dict[str, int] = {}  # those that are being sent so, in the place of what it has of them

    @property
    def has_room(self) -> bool:
        """Whether the connection takes what could be put off."""
        return self._connection.has_room

    def keep(self, names: Iterable[str]) -> None:
        """The client has these whole."""
        for name in names:
            self._whole[name] = None
            self._sent.pop(name, None)
        while len(self._whole) > MOST_NAMES:
            self.lose([next(iter(self._whole))])

    def lose(self, names: Iterable[str]) -> None:
        """It has not, not any more."""
        for name in names:
            for having in (self._whole, self._sent, self._exact, self._replacing):
                having.pop(name, None)

    def is_whole(self, name: str) -> bool:
        """Whether it has all of a clip."""
        return name in self._whole

    def is_exact(self, name: str) -> bool:
        """Whether it was sent all of it by `send_exact`."""
        return name in self._exact

    def blocks(self, name: str, total: int) -> int:
        """A bit for each of a clip's `total` blocks that it has."""
        whole = name in self._whole or name in self._replacing
        return (1 << total) - 1 if whole else self._sent.get(name, 0)

    def begin(self, name: str, instrument: Instrument) -> None:
        """Tells it of a clip, unless it knows of it."""
        if not any(name in having for having in (self._whole, self._sent, self._replacing)):
            self._begin(name, instrument)
            self._sent[name] = 0
            while len(self._sent) > MOST_NAMES:
                self.lose([next(iter(self._sent))])

    def send(self, clip: Clip, instrument: Instrument, made: int) -> bool:
        """Sends those blocks of a clip that are in `made` and that it lacks; False if there was no room for all."""
        name, total = clip.name, _blocks(instrument)
        if name in self._replacing:
            return True
        for first, count in runs(made & ~self.blocks(name, total), MOST_BLOCKS):
            if not self.has_room:
                return False
            self.begin(name, instrument)
            self._send(clip, instrument, first, count)
            self._sent[name] |= ((1 << count) - 1) << first
        if self._sent.get(name) == (1 << total) - 1:
            self.keep([name])
        return True

    def send_exact(self, clip: Clip, instrument: Instrument) -> bool:
        """Sends a whole clip in the place of what the client has of it, unless it has this very one.

        False if there was no room for all: to be called again.
        """
        name, total = clip.name, _blocks(instrument)
        if name in self._exact:
            return True
        if name not in self._replacing:
            if not self.has_room:
                return False
            self._begin(name, instrument)
            self._replacing[name] = 0
        for first, count in runs(((1 << total) - 1) & ~self._replacing[name], MOST_BLOCKS):
            if not self.has_room:
                return False
            self._send(clip, instrument, first, count)
            self._replacing[name] |= ((1 << count) - 1) << first
        del self._replacing[name]
        self._exact[name] = None
        self.keep([name])
        return True

    def _begin(self, name: str, instrument: Instrument) -> None:
        self._connection.send(
            "clip",
            sound=name,
            channels=instrument.channels,
            frames=instrument.clip_frames,
            sample_rate=instrument.sample_rate,
        )

    def _send(self, clip: Clip, instrument: Instrument, first: int, count: int) -> None:
        start, stop = first * BLOCK_FRAMES, min((first + count) * BLOCK_FRAMES, instrument.clip_frames)
        audio = np.ascontiguousarray(clip.read(start, stop - start), "<f4")
        self._connection.send("blocks", audio.tobytes(), sound=clip.name, start=start, frames=stop - start)


def _blocks(instrument: Instrument) -> int:
    return -(-instrument.clip_frames // BLOCK_FRAMES)
