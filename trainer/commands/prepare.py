"""`trainer prepare`: folders of audio become a dataset."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from engine.command import ABOVE_ZERO, LARGEST, number, print_json
from engine.errors import UserError
from trainer.clip_length import LEGAL_FRAMES, round_up_frames


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("audio", nargs="+", type=Path, metavar="AUDIO", help="folders of any depth, or files")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="DATASET", help="the dataset folder to write"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--seconds",
        type=number(float, ABOVE_ZERO, LARGEST, "a number above 0"),
        metavar="S",
        help="clip length, rounded up to the next possible one",
    )
    length.add_argument(
        "--frames",
        type=int,
        choices=LEGAL_FRAMES,
        help="clip length in frames (default: 32768 for one-shots, 65536 for songs, whichever most files are)",
    )
    parser.add_argument(
        "--sample-rate",
        type=number(int, 4000, 192000, "a whole number from 4000 to 192000"),
        default=44100,
        metavar="HZ",
        help="of the clips (default: %(default)s)",
    )
    parser.add_argument("--channels", type=int, choices=(1, 2), default=1, help="mono or stereo (default: %(default)s)")
    parser.add_argument(
        "--mode",
        choices=("auto", "one-shots", "songs"),
        default="auto",
        help="one clip from each file's onset, or overlapping clips of the whole; auto decides for each file",
    )
    parser.add_argument("--no-doctor", action="store_true", help="write the clips only; do not look for faults in them")
    parser.add_argument("--overwrite", action="store_true", help="replace the dataset if it is there already")
    parser.add_argument("--json", action="store_true", help="print the whole report as one JSON object")


def run(arguments: argparse.Namespace) -> None:
    frames = arguments.frames
    if arguments.seconds is not None:
        frames = _frames_of(arguments.seconds, arguments.sample_rate)
        if not arguments.json:
            print(f"Clips of {frames} frames: {frames / arguments.sample_rate:.2f} s at {arguments.sample_rate} Hz.")

    from trainer.contact_sheet import CONTACT_SHEET
    from trainer.cutting import Mode
    from trainer.prepare import Settings, prepare
    from trainer.prepare_report import shown

    settings = Settings(
        arguments.sample_rate, arguments.channels, frames, Mode(arguments.mode), doctor=not arguments.no_doctor
    )
    if sys.stderr.isatty() and not arguments.json:
        report = _with_progress_bar(arguments, settings)
    else:
        report = prepare(arguments.audio, arguments.output, settings, arguments.overwrite)
    if arguments.json:
        print_json({"dataset": shown(arguments.output), **report.as_json()})
        return
    for line in report.lines():
        print(line)
    print(f"Dataset: {shown(arguments.output)} (all files and findings: {shown(arguments.output / 'report.json')})")
    if report.diagnosis:
        print(f"Picture: {shown(arguments.output / CONTACT_SHEET)}")


def _with_progress_bar(arguments: argparse.Namespace, settings: Settings) -> Report:  # type: ignore[name-defined]  # noqa: F821
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from trainer.prepare import prepare

    columns = (TextColumn("Preparing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        return prepare(
            arguments.audio,
            arguments.output,
            settings,
            arguments.overwrite,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _frames_of(seconds: float, sample_rate: int) -> int:
    frames = math.ceil(seconds * sample_rate - 1e-6)
    if frames > LEGAL_FRAMES[-1]:
        longest = LEGAL_FRAMES[-1] / sample_rate
        raise UserError(f"Clips of {seconds:g} s are too long: at {sample_rate} Hz the longest are {longest:.2f} s.")
    return round_up_frames(max(1, frames))
