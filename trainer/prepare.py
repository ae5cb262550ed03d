"""Turning folders of audio into a dataset: `trainer prepare` without its command line.

Each file is one task of a pool of processes. A worker decodes, converts and cuts it in a stream into a spool file, and
the parent strings the spool files together in the order of the paths: memory grows with the number of clips only,
a few hundred bytes for each.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import io
import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import UserError
from trainer import contact_sheet, dataset, workers
from trainer.audio_files import Candidate, decode, find
from trainer.checkup import Clipping, Measures, measure
from trainer.clip_length import LEGAL_FRAMES
from trainer.converting import convert
from trainer.cutting import HEAD_SECONDS, Mode, choose, one_shot, songs
from trainer.doctor import Examined, diagnose, is_clipped
from trainer.prepare_report import Report, Used, shown
from trainer.unused import Reason, Unusable

SAMPLE_RATE = 44100
"""Hz. What the recipe `fast` is made for; the paper's is 16000."""
ONE_SHOT_FRAMES = 32768
SONG_FRAMES = 65536
FILES_TO_JUDGE_BY = 20
"""As many are opened beforehand to find out whether most are long."""

BATCH_FILES = 16
BATCH_BYTES = 2**21
"""One-shots go to the workers in batches of so many files, or bytes, at most; a song alone."""


@dataclass(frozen=True)
class Settings:
    """What the clips are to be. `clip_frames` None: as long as what most files are needs."""

    sample_rate: int = SAMPLE_RATE
    channels: int = 1
    clip_frames: int | None = None
    mode: Mode = Mode.AUTO
    processes: int = 0
    """How many files are worked on at once; 0: one on each core."""
    doctor: bool = True
    """Whether the sounds are looked at by trainer.doctor, and a contact sheet is drawn."""


class NothingUsable(UserError):
    """No file gave a clip; nothing was written. `report` says why of each."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"No audio could be used: {report.reasons_in_brief()}. Nothing was written.")
        self.report = report


@dataclass(frozen=True)
class _Task:
    candidate: Candidate
    settings: Settings
    spool: str
    """Shared by the tasks of a batch, which follow each other in one worker."""


@dataclass(frozen=True)
class _Outcome:
    """What became of one file: clips in the task's spool file from byte `start` on, one line for each, or why none."""

    mode: Mode = Mode.AUTO
    why: str = ""
    seconds: float = 0.0
    start: int = 0
    clips: list[dict[str, Any]] = field(default_factory=list)
    measures: list[Measures] = field(default_factory=list)
    """Of each clip, if there is a doctor to look at them."""
    clipped: bool = False
    unusable: Unusable | None = None


def prepare(
    inputs: Sequence[Path],
    output: Path,
    settings: Settings | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Writes a dataset of all audio in `inputs`, files or folders, to the new folder `output`; reports on each file.

    `progress` is called with the bytes of audio files done and in all. Raises UserError (NothingUsable among them) if
    there is no input or no place for the output, or if the disk is full; nothing is left half-written.
    """
    settings = settings or Settings()
    output = Path(output)
    dataset.check_place(output, overwrite)
    candidates, refused = find(inputs)
    settings = _with_clip_length(settings, candidates)
    assert settings.clip_frames is not None
    report = Report(settings.sample_rate, settings.channels, settings.clip_frames, settings.mode)
    for path, why in refused.items():
        report.add_unused(path, why)
    try:
        with dataset.building(output, overwrite) as folder:
            writer = dataset.DatasetWriter(folder, settings.sample_rate, settings.channels, settings.clip_frames)
            with contextlib.closing(writer):
                examined = _fill(writer, candidates, settings, report, progress)
                if not writer.count:
                    raise NothingUsable(report)
                if settings.doctor:
                    report.diagnosis = diagnose(examined, settings.clip_frames)
                writer.finish(settings.mode, report.as_json())
            if report.diagnosis:
                clips = folder / dataset.CLIPS
                contact_sheet.save(
                    folder, np.load(clips, mmap_mode="r"), settings.sample_rate, examined, report.diagnosis
                )
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        place = shown(output.absolute().parent)
        raise UserError(
            f"The disk is full: no room for the dataset in {place}; free space or choose another."
        ) from error
    return report


def _fill(
    writer: dataset.DatasetWriter,
    candidates: Sequence[Candidate],
    settings: Settings,
    report: Report,
    progress: Callable[[int, int], None],
) -> list[Examined]:
    """Writes all clips; gives what was measured of them, if there is a doctor."""
    examined: list[Examined] = []
    spools = writer.path / "spool"
    spools.mkdir()
    batches = [
        [_Task(candidate, settings, str(spools / str(index))) for candidate in batch]
        for index, batch in enumerate(_batches(candidates))
    ]
    total = sum(candidate.size for candidate in candidates)
    done = 0
    first_with: dict[bytes, str] = {}
    """The digest of every clip so far, and the file that it came from."""
    progress(0, total)
    with contextlib.closing(workers.ordered_map(_prepare_file, batches, _crashed, settings.processes)) as outcomes:
        for batch in batches:
            with contextlib.ExitStack() as stack:
                spool: io.FileIO | None = None
                for task in batch:
                    outcome = next(outcomes)
                    if outcome.unusable:
                        report.add_unused(task.candidate.path, outcome.unusable)
                    else:
                        spool = spool or stack.enter_context(io.FileIO(task.spool))
                        spool.seek(outcome.start)
                        examined += _take_clips(writer, spool, task, outcome, first_with, report)
                    done += task.candidate.size
                    progress(done, total)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(batch[0].spool)
    spools.rmdir()
    return examined


def _batches(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    batches: list[list[Candidate]] = []
    room = 0
    for candidate in candidates:
        if candidate.size > room or len(batches[-1]) == BATCH_FILES:
            batches.append([])
            room = BATCH_BYTES
        batches[-1].append(candidate)
        room -= candidate.size
    return batches


def _take_clips(
    writer: dataset.DatasetWriter,
    spool: io.FileIO,
    task: _Task,
    outcome: _Outcome,
    first_with: dict[bytes, str],
    report: Report,
) -> list[Examined]:
    path = task.candidate.path
    examined: list[Examined] = []
    taken = 0
    twin = ""
    clip = bytearray(writer.channels * writer.clip_frames * 4)
    for line, measures in itertools.zip_longest(outcome.clips, outcome.measures):
        spool.readinto(clip)
        digest = bytes.fromhex(line["digest"])
        if digest in first_with:
            twin = twin or first_with[digest]
            continue
        first_with[digest] = path
        writer.add(clip, line)
        taken += 1
        if measures:
            examined.append(Examined(line["source"], line["offset"], line["label"], outcome.clipped, measures))
    if taken:
        dropped = len(outcome.clips) - taken
        report.add_used(path, Used(outcome.mode, outcome.why, round(outcome.seconds, 3), taken, dropped))
    else:
        report.add_unused(path, Unusable(Reason.DUPLICATE, shown(twin)))
    return examined


def _prepare_file(task: _Task) -> _Outcome:
    """Does one file, in a worker. Raises only what is wrong with the spool file's disk."""
    settings = task.settings
    assert settings.clip_frames is not None
    rate = settings.sample_rate
    source = shown(task.candidate.path)
    lines: list[dict[str, Any]] = []
    measures: list[Measures] = []
    clipping = Clipping()
    try:
        decoded = decode(task.candidate.path)
        if settings.doctor:
            decoded = dataclasses.replace(decoded, blocks=clipping.watch(decoded.blocks))
        blocks = convert(decoded, rate, settings.channels)
        mode, why = settings.mode, "asked for"
        if mode is Mode.AUTO:
            mode, why, blocks = choose(blocks, rate)
        cut = one_shot if mode is Mode.ONE_SHOTS else songs
        with open(task.spool, "ab") as spool:
            start = spool.tell()
            for clip in cut(blocks, rate, settings.clip_frames):
                data = np.ascontiguousarray(clip.samples.T).data
                spool.write(data)
                if settings.doctor:
                    measures.append(measure(clip.samples, rate))
                lines.append(
                    {
                        "source": source,
                        "offset": round(clip.offset / rate, 6),
                        "gain": clip.gain,
                        "label": shown(task.candidate.label),
                        "digest": hashlib.sha256(data).hexdigest(),
                    }
                )
    except Unusable as unusable:
        return _Outcome(unusable=unusable)
    if not lines:
        return _Outcome(unusable=Unusable(Reason.SILENT))
    clipped = is_clipped(clipping.samples, clipping.frames / decoded.sample_rate)
    return _Outcome(mode, why, decoded.seconds, start, lines, measures, clipped)


def _crashed(task: _Task) -> _Outcome:
    return _Outcome(unusable=Unusable(Reason.CRASHED))


def _with_clip_length(settings: Settings, candidates: Sequence[Candidate]) -> Settings:
    """Fills in the clip length: a song's if most files are long, else a one-shot's."""
    frames = settings.clip_frames
    if frames is None:
        song = settings.mode is Mode.SONGS or (settings.mode is Mode.AUTO and _most_are_long(candidates))
        frames = SONG_FRAMES if song else ONE_SHOT_FRAMES
    if frames not in LEGAL_FRAMES:
        raise UserError(
            f"A clip of {frames} frames is not possible; choose one of {', '.join(map(str, LEGAL_FRAMES))}."
        )
    return dataclasses.replace(settings, clip_frames=frames)


def _most_are_long(candidates: Sequence[Candidate]) -> bool:
    """Looks at the lengths of some files, evenly spread. In a worker, since opening a file may crash too."""
    some = candidates[:: max(1, len(candidates) // FILES_TO_JUDGE_BY)]
    seconds = [length for length in workers.ordered_map(_seconds, [some], lambda _: 0.0) if length > 0]
    return sum(length > HEAD_SECONDS for length in seconds) * 2 > len(seconds)


def _seconds(candidate: Candidate) -> float:
    try:
        decoded = decode(candidate.path)
    except Unusable:
        return 0.0
    return decoded.seconds
