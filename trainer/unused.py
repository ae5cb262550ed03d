"""Why a file gives no clip. Each reason is a row here; the screen and report.json group by it."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """The words complete the sentence "not used, because …"."""

    NOT_AUDIO = "no audio file by its ending"
    NOT_A_FILE = "no ordinary file"
    CANNOT_OPEN = "cannot be opened"
    UNREADABLE = "cannot be read as audio"
    NO_TRACK = "has no audio track"
    TOO_SLOW = "has a sample rate that no audio has"
    EMPTY = "holds no samples"
    CUT_SHORT = "breaks off before its end"
    NOT_NUMBERS = "holds samples that are not numbers (NaN or infinity)"
    SILENT = "holds nothing louder than −60 dBFS"
    DUPLICATE = "holds exactly the same audio as another file"
    CRASHED = "crashes its decoder"


class Unusable(Exception):
    """A file gives no clip. `detail` says more about this one file, and may be empty."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else str(self.reason)
