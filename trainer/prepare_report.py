"""What became of each file that `trainer prepare` was given: for report.json, and in brief for the screen."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.cutting import Mode
from trainer.doctor import Diagnosis
from trainer.unused import Reason, Unusable
from trainer.words import counted

NAMES_SHOWN = 3
LABELS_SHOWN = 6


@dataclass(frozen=True)
class Used:
    """A file that gave clips. `why`: the reason for its mode; `duplicates`: clips dropped as known."""

    mode: Mode
    why: str
    seconds: float
    clips: int
    duplicates: int


@dataclass
class Report:
    """Grows while the files are done. Frames at `sample_rate`, seconds of source audio."""

    sample_rate: int
    channels: int
    clip_frames: int
    mode: Mode
    used: dict[str, Used] = field(default_factory=dict)
    unused: dict[str, Unusable] = field(default_factory=dict)
    diagnosis: Diagnosis | None = None

    def add_used(self, path: str, used: Used) -> None:
        self.used[path] = used

    def add_unused(self, path: str, why: Unusable) -> None:
        self.unused[path] = why

    @property
    def clip_count(self) -> int:
        return sum(used.clips for used in self.used.values())

    @property
    def duplicate_clips(self) -> int:
        return sum(used.duplicates for used in self.used.values())

    def by_reason(self) -> dict[Reason, list[str]]:
        """The unused files of each reason, in the order of the reasons, sorted by path."""
        return {
            reason: paths
            for reason in Reason
            if (paths := sorted(path for path, why in self.unused.items() if why.reason is reason))
        }

    def reasons_in_brief(self) -> str:
        """Part of a sentence: "2 files hold … (a.wav, b.wav), 1 …"."""
        return "; ".join(
            f"{len(paths)} × “{reason}” ({self._some_unused(paths)})" for reason, paths in self.by_reason().items()
        )

    def lines(self) -> Iterator[str]:
        """The summary for the screen."""
        channels = "mono" if self.channels == 1 else "stereo"
        rate = self.sample_rate
        length = f"{self.clip_frames / rate:.2f} s ({self.clip_frames} frames, {rate} Hz, {channels})"
        yield f"{counted(self.clip_count, 'clip')} of {length}"
        kinds = collections.Counter((used.mode, used.why) for used in self.used.values())
        for (mode, why), count in sorted(kinds.items()):
            yield f"  {counted(count, 'file')} taken as {mode}: {why}"
        if self.duplicate_clips:
            yield f"  {counted(self.duplicate_clips, 'exact duplicate')} dropped"
        if self.unused:
            yield f"{counted(len(self.unused), 'file')} not used:"
        for reason, paths in self.by_reason().items():
            yield f"  {len(paths)} × {reason}: {self._some_unused(paths)}"
        if self.diagnosis:
            yield from _told(self.diagnosis)

    def as_json(self) -> dict[str, Any]:
        """Everything, for report.json and `--json`."""
        return {
            "clips": self.clip_count,
            "clip_frames": self.clip_frames,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "mode": self.mode,
            "duplicate_clips": self.duplicate_clips,
            "used": [{"file": shown(path), **vars(used)} for path, used in sorted(self.used.items())],
            "unused": [
                {"file": shown(path), "reason": why.reason, "detail": why.detail}
                for path, why in sorted(self.unused.items())
            ],
            **({"doctor": self.diagnosis.as_json()} if self.diagnosis else {}),
        }

    def _some_unused(self, paths: Sequence[str]) -> str:
        details = {path: self.unused[path].detail for path in paths[:NAMES_SHOWN]}
        return _some([f"{_name(path)}: {detail}" if detail else _name(path) for path, detail in details.items()], paths)


def shown(path: str | os.PathLike[str]) -> str:
    """The path as text that can be printed and written, whatever bytes its name holds."""
    return os.fsencode(path).decode("utf-8", "replace")


def _told(diagnosis: Diagnosis) -> Iterator[str]:
    least = "At least " if diagnosis.compared < diagnosis.clips else ""
    yield f"{least}{counted(diagnosis.different_sounds, 'different sound')}: {diagnosis.expect}"
    if len(diagnosis.labels) > 1:
        shares = [f"{label} {count:,}" for label, count in diagnosis.labels.items()]
        yield f"  labels: {_some(shares[:LABELS_SHOWN], shares)}"
    for finding in diagnosis.findings:
        names = _some([_name(place) for place in finding.places[:NAMES_SHOWN]], finding.places)
        yield f"  {finding.words}" + (f": {names}" if names else "")


def _name(path: str) -> str:
    return shown(os.path.basename(path))


def _some(first: Sequence[str], of: Sequence[str]) -> str:
    """Names the first of a list, and says how many more there are."""
    more = len(of) - len(first)
    return ", ".join(first) + (f" and {more:,} more" if more > 0 else "")
