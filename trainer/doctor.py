"""The dataset doctor: what is wrong with the sounds, how many differ, and what may be expected of an instrument.

It works on what the workers of `prepare` measured of each clip (trainer.checkup), not on the audio.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer import near_duplicates
from trainer.checkup import Measures
from trainer.clip_length import LEGAL_FRAMES

CLIPPED_SAMPLES = 16
"""Flat at full scale in each second of a file, from which on it counts as clipped: one or two peaks do not matter."""
DC = 0.01
SHORT_SECONDS = 0.02
MOSTLY_SILENT = 0.05
QUIET_DB = 40.0
"""Below the loudest clip. The velocity layers of sampled drums span 20 to 35 dB."""
IMBALANCE = 0.8
PADDING = 0.95
MOST_COMPARED = 20_000
"""Clips compared for near-duplicates, evenly spread: the time goes with the square."""

EXPECTATIONS = (
    (8, "too few to learn from: the instrument will repeat them and find little between; add more, 50 or so to begin"),
    (50, "expect variations on these very sounds, close to copies; more of them, or --from a trained run, gives more"),
    (200, "expect new sounds near these and blends of those that are alike; more of them widens the range"),
    (2000, "enough for an instrument with a range of its own: expect new sounds between all of these"),
    (float("inf"), "plenty: from here on the length of training decides, not more sounds"),
)
"""What fewer different sounds than the number are good for. docs/trainer.md argues for the bounds."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A clip: where it came from (`offset` in seconds), and what was measured. `clipped`: its file is."""

    source: str
    offset: float
    label: str
    clipped: bool
    measures: Measures


@dataclass(frozen=True)
class Finding:
    """Something to put right, in words, and the files (or clips: "song.wav at 12.3 s") that it is about."""

    kind: str
    words: str
    places: Sequence[str]


@dataclass(frozen=True)
class Diagnosis:
    """`group`: of each clip, the index of the first clip of its group of near-duplicates; −1 where not compared."""

    clips: int
    compared: int
    group: NDArray[np.int64]
    expect: str
    labels: dict[str, int]
    levels: dict[str, float]
    findings: Sequence[Finding]
    near_duplicates: Sequence[Sequence[str]]

    @property
    def different_sounds(self) -> int:
        """At least so many, where not all clips were compared."""
        return len(np.unique(self.group[self.group >= 0]))

    def as_json(self) -> dict[str, Any]:
        """Everything, for report.json."""
        return {
            "clips": self.clips,
            "compared": self.compared,
            "different_sounds": self.different_sounds,
            "expect": self.expect,
            "labels": self.labels,
            "peaks_dbfs": self.levels,
            "findings": [
                {"kind": finding.kind, "words": finding.words, "where": finding.places} for finding in self.findings
            ],
            "near_duplicates": self.near_duplicates,
        }


@dataclass(frozen=True)
class _Check:
    """What is looked for in each clip, given the loudest clip's peak. A file has it if half of its clips do."""

    kind: str
    words: str
    has: Callable[[Examined, float], bool]


CHECKS = (
    _Check(
        "clipping",
        "clipped, flat at full scale; the distortion is learnt like everything else",
        lambda clip, loudest: clip.clipped,
    ),
    _Check(
        "dc_offset",
        f"off centre (DC) by more than {DC:.0%} of full scale, which clicks; a high-pass at 20 Hz mends it",
        lambda clip, loudest: clip.measures.dc > DC,
    ),
    _Check(
        "silence",
        f"silent for more than {1 - MOSTLY_SILENT:.0%} of the clip; there is little to learn from it",
        lambda clip, loudest: clip.measures.sounding < MOSTLY_SILENT and clip.measures.seconds >= SHORT_SECONDS,
    ),
    _Check(
        "very_short",
        f"shorter than {1000 * SHORT_SECONDS:.0f} ms; it is learnt as a click",
        lambda clip, loudest: clip.measures.seconds < SHORT_SECONDS,
    ),
    _Check(
        "level_spread",
        f"more than {QUIET_DB:.0f} dB quieter than the loudest clip; turn it up or leave it out",
        lambda clip, loudest: clip.measures.peak < loudest - QUIET_DB,
    ),
)
"""Worst first."""


def is_clipped(samples: int, seconds: float) -> bool:
    """Whether a file counts as clipped with so many samples flat at full scale."""
    return samples >= CLIPPED_SAMPLES * max(1.0, seconds)


def diagnose(clips: Sequence[Examined], clip_frames: int) -> Diagnosis:
    """Looks at all clips of a dataset, at least one, in the order of the dataset."""
    group = np.full(len(clips), -1, np.int64)
    compared = np.unique(np.linspace(0, len(clips) - 1, MOST_COMPARED).astype(np.int64))
    fingerprints = np.stack([np.frombuffer(clips[index].measures.fingerprint, np.uint8) for index in compared])
    group[compared] = compared[near_duplicates.groups(fingerprints)]
    names = _names(clips)
    members = defaultdict(list)
    for index in compared:
        members[group[index]].append(names[index])
    repeated = sorted((places for places in members.values() if len(places) > 1), key=len, reverse=True)
    labels = dict(Counter(clip.label for clip in clips).most_common())
    peaks = [clip.measures.peak for clip in clips]
    levels = {"loudest": max(peaks), "median": statistics.median(peaks), "quietest": min(peaks)}
    findings = (*_in_files(clips, max(peaks)), *_in_all(clips, labels, repeated, clip_frames))
    expect = next(words for below, words in EXPECTATIONS if len(members) < below)
    return Diagnosis(len(clips), len(compared), group, expect, labels, levels, findings, repeated)


def _in_files(clips: Sequence[Examined], loudest: float) -> Iterator[Finding]:
    files: dict[str, list[Examined]] = defaultdict(list)
    for clip in clips:
        files[clip.source].append(clip)
    for check in CHECKS:
        found = [
            source for source, cut in files.items() if 2 * sum(check.has(clip, loudest) for clip in cut) >= len(cut)
        ]
        if found:
            yield Finding(check.kind, f"{len(found)} × {check.words}", found)


def _in_all(
    clips: Sequence[Examined], labels: dict[str, int], repeated: Sequence[Sequence[str]], clip_frames: int
) -> Iterator[Finding]:
    label, most = next(iter(labels.items()))
    if len(labels) > 1 and most > IMBALANCE * len(clips):
        share = f"{most / len(clips):.0%} of the clips are “{label}”"
        yield Finding("imbalance", f"{share}; what comes out will mostly be that", [])
    if repeated:
        again = sum(len(places) for places in repeated)
        words = f"{again} clips are near-duplicates ({len(repeated)} sounds), and count as often as they come"
        yield Finding("near_duplicates", words, [places[0] for places in repeated])
    longest = clip_frames * float(np.quantile([clip.measures.reach for clip in clips], PADDING))
    enough = next(frames for frames in LEGAL_FRAMES if frames >= longest)
    if enough < clip_frames:
        yield Finding(
            "padding",
            f"{PADDING:.0%} of the clips have ended after {enough} frames; --frames {enough} trains faster",
            [],
        )


def _names(clips: Sequence[Examined]) -> list[str]:
    """A name for each clip: its file's, and the moment where a file gave several."""
    count = Counter(clip.source for clip in clips)
    return [clip.source if count[clip.source] == 1 else f"{clip.source} at {clip.offset:.1f} s" for clip in clips]
