"""A generator that fails or takes long: said once, tried again, and said once more when it works."""

from __future__ import annotations

from collections.abc import Callable

SLOW_SECONDS = 2.0  # a run that takes longer is spoken of
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds until the next try, after the first failure, the second …


class Trouble:
    """`say` is given sentences; `clock` gives seconds. The old sounds go on in the meantime.

    `begin`, `worked` and `failed`: [supply-thread]; `look`: [main-thread], a few times a second.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say, self._clock = say, clock
        self._failures = 0
        self._again_at = 0.0
        self._since: float | None = None
        self._slow = False

    @property
    def waiting(self) -> bool:
        """Whether it is too soon for another try."""
        return self._failures > 0 and self._clock() < self._again_at

    def begin(self) -> None:
        """A run begins."""
        self._since = self._clock()

    def worked(self) -> None:
        """It made what it was asked for."""
        self._since = None
        if self._failures or self._slow:
            self._say("The instrument makes sounds again.")
        self._failures, self._slow = 0, False

    def failed(self, reason: str, wait: bool = True) -> None:
        """It did not; with `wait` the next try is put off."""
        self._since = None
        if not self._failures and not self._slow:
            self._say(f"The instrument fails to make sounds ({reason}); the old ones play on, and it is tried again.")
        if wait:
            self._again_at = self._clock() + PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1

    def look(self) -> None:
        """Speaks of a run that takes long."""
        since = self._since
        if since is not None and not self._slow and self._clock() - since > SLOW_SECONDS:
            self._slow = True
            if not self._failures:
                self._say("The instrument takes long to make new sounds; the old ones play on until they are there.")
