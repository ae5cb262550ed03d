"""What the probes of `engine bench` measure on: a player on an output, and the time at which each frame is played."""

from __future__ import annotations

import math
import mmap
import random
import time
from collections import deque
from collections.abc import Sequence
from types import TracebackType

import numpy as np

from engine import _native, audio
from engine.errors import UserError
from engine.generator import Generator
from engine.player import Player
from engine.preset import Preset

BLOCK = 128  # frames: short blocks, as one would play with
LOOK_SECONDS = 0.002  # between two looks at the voices: a crossfade lasts five of them
ANCHORS = 31  # looks that are remembered


class BenchRig:
    """A player that runs on `choice` (the native timer unless said) and hears the messages that are pushed here.

    A frame's time is that at which the callback was asked for it, as the engine itself reckons: what the system adds
    to that until it is heard is the same for all. [main-thread]
    """

    def __init__(self, preset: Preset, generator: Generator, choice: audio.Choice | None = None) -> None:
        self.choice = choice or audio.choose("null", None, BLOCK)
        self._ring = _native.EventRing(mmap.mmap(-1, _native.EventRing.SIZE), True)
        rate, block = self.choice.rate, self.choice.block
        self.player = Player(preset, generator, (self._ring,), rate, block, random.Random(1))
        self._anchors: deque[float] = deque(maxlen=ANCHORS)  # when the frame 0 was played, in ns, by the last looks
        self._underflows = 0
        self.player.start()
        try:
            self._output = audio.open_output(self.choice, self.player.callback)
        except UserError:
            self.player.close()
            raise

    def push(self, *messages: bytes) -> int:
        """Messages that arrive now; returns that time, in ns."""
        now = _native.now_ns()
        for message in messages:
            self._ring.push(now, message, 0)
        return now

    def look(self) -> tuple[int, list[_native.VoiceReport]]:
        """(output frame, voices) at the end of the last block."""
        begin = self.player.callback.block_time
        frame, voices = self.player.sampler.voices()
        underflows = self.player.sampler.counters()["underflows"]
        if underflows != self._underflows:  # time was lost
            self._underflows = underflows
            self._anchors.clear()
        elif begin and begin == self.player.callback.block_time:
            self._anchors.append(begin - (frame - self.choice.block) / self.choice.rate * 1e9)
        return frame, voices

    def time_of(self, frame: float) -> float:
        """When an output frame is played, in ns, by the last looks; NaN right after time was lost."""
        # A look into the middle of a block has its beginning and the voices of the one before: a block too late.
        return min(self._anchors, default=math.nan) + frame / self.choice.rate * 1e9

    def wait(self, seconds: float) -> None:
        """Lets time pass, looking."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """Ends the output and the player."""
        self._output.close()
        self.player.close()

    def __enter__(self) -> BenchRig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def spread(milliseconds: Sequence[float], *percentiles: int) -> dict[str, float | None]:
    """Percentiles and the largest: "p50_ms", …, "max_ms"; None where nothing was measured."""
    names = [f"p{percentile}_ms" for percentile in percentiles]
    milliseconds = [value for value in milliseconds if math.isfinite(value)]
    if not milliseconds:
        return dict.fromkeys([*names, "max_ms"])
    found = np.percentile(milliseconds, percentiles).tolist()
    return dict(zip([*names, "max_ms"], [*found, max(milliseconds)], strict=True))
