"""`trainer export`: writes a run's generator as an instrument file."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from engine.command import LARGEST, number, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("run", metavar="RUN", type=Path, help="folder made by `trainer train`")
    parser.add_argument("-o", "--output", metavar="FILE.onnx", type=Path, required=True, help="the instrument to write")
    parser.add_argument(
        "--checkpoint", default="best", metavar="best|last|STEP", help="which one (default: best, by the run's metrics)"
    )
    parser.add_argument(
        "--weights", choices=("ema", "raw"), help="running mean or plain (default: the recipe's choice)"
    )
    parser.add_argument("--name", metavar="TEXT", help="what the instrument is called (default: the run's folder)")
    parser.add_argument(
        "--licence",
        metavar="TEXT",
        default="unspecified: as the audio it was trained on",
        help="under which the instrument may be used",
    )
    parser.add_argument(
        "--explore",
        metavar="SECONDS",
        type=number(float, 0, LARGEST, "a number from 0"),
        default=60,
        help="how long about to look for directions and favourites; 0 leaves them out (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> None:
    """Exports and says what was written."""
    from trainer.export import export
    from trainer.run_folder import Run

    with _progress_bar(shown=sys.stderr.isatty()) as progress:
        done = export(
            Run.open(arguments.run),
            arguments.output,
            arguments.checkpoint,
            arguments.weights,
            arguments.name,
            arguments.licence,
            arguments.explore,
            progress,
        )
    if arguments.json:
        print_json({**asdict(done), "path": str(done.path)})
        return
    print(
        f"{done.path}: “{done.name}”, step {done.step:,}, {done.weights} weights, {done.bytes / 1e6:.1f} MB; "
        f"largest difference from PyTorch {done.largest_error:.1e}"
    )
    if arguments.explore:
        named = [f"{name} {value:.2f}" for name, value in done.directions.items() if value is not None]
        print(
            f"Directions, by how surely each sorts the sounds (1: always): {', '.join(named) or 'none'}; "
            f"{len(done.directions) - len(named)} more without a name. {done.favourites} favourites."
        )


@contextlib.contextmanager
def _progress_bar(shown: bool) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("Listening to sounds", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
