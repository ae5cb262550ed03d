"""Whether whoever asks for audio still does."""

from __future__ import annotations

from engine import _native

STALL_NS = 3_000_000_000  # who has not asked for audio for so long has gone, whatever the audio system says of it


class Pulse:
    """The blocks that are asked of `callback`, watched from now on. [main-thread]"""

    def __init__(self, callback: _native.AudioCallback) -> None:
        self._callback = callback
        self._begun_ns = _native.now_ns()

    def beats(self) -> bool:
        """Whether a block was asked for of late."""
        return _native.now_ns() - max(self._begun_ns, self._callback.block_time) < STALL_NS
