"""A generator that fails or takes long: said once, tried again, and said once more when it works."""

from __future__ import annotations

import queue
from collections.abc import Callable

SLOW_SECONDS = 2.0  # a run that takes longer is spoken of
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds until the next try, after the first failure, the second …


class Trouble:
    """What one generator has to be excused for, as sentences in `notices`. `clock` gives seconds.

    The old sounds go on in the meantime. `look`: [main-thread], all others: [supply-thread].
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.notices: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.failures = 0  # in a row
        self._clock = clock
        self._again_at = 0.0
        self._since: float | None = None
        self._said = False

    @property
    def waiting(self) -> bool:
        """Whether it is too soon for another try."""
        return self.failures > 0 and self._clock() < self._again_at

    def begin(self) -> None:
        """A run begins."""
        self._since = self._clock()

    def worked(self) -> None:
        """It made what it was asked for, and all that it could not make before."""
        self._since = None
        if self._said:
            self.notices.put("The instrument makes sounds again.")
        self.failures, self._said = 0, False

    def spoilt(self) -> None:
        """It ran, but some of its sounds are no numbers."""
        self._since, self.failures = None, 0
        self._say("The instrument fails to make some sounds (they are no numbers); the old ones play on.")

    def failed(self, reason: str) -> None:
        """It raised an error; the next try is put off."""
        self._since = None
        self._say(f"The instrument fails to make sounds ({reason}); the old ones play on, and it is tried again.")
        self._again_at = self._clock() + PAUSES[min(self.failures, len(PAUSES) - 1)]
        self.failures += 1

    def look(self) -> None:
        """Speaks of a run that takes long."""
        since = self._since
        if since is not None and self._clock() - since > SLOW_SECONDS:
            self._say("The instrument takes long to make new sounds; the old ones play on until they are there.")

    def _say(self, sentence: str) -> None:
        if not self._said:
            self._said = True
            self.notices.put(sentence)
