"""`trainer evaluate`: how good a run or an instrument is, beside a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command import number, print_json

if TYPE_CHECKING:
    from trainer.judging import Judged

FEWEST_SOUNDS, MOST_SOUNDS = 20, 5000


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("source", metavar="RUN|FILE.onnx", type=Path, help="a run's folder or an instrument file")
    parser.add_argument("dataset", metavar="DATASET", type=Path, help="folder made by `trainer prepare`")
    parser.add_argument(
        "--sounds",
        type=number(int, FEWEST_SOUNDS, MOST_SOUNDS, f"a whole number from {FEWEST_SOUNDS} to {MOST_SOUNDS}"),
        default=500,
        metavar="N",
        help="how many sounds are judged (default: %(default)s)",
    )
    parser.add_argument("--checkpoint", metavar="best|last|STEP", help="of a run (default: best)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> None:
    """Evaluates and prints a table."""
    from trainer.judging import judge

    judged = judge(arguments.source, arguments.dataset, arguments.sounds, arguments.checkpoint)
    if arguments.json:
        print_json(judged.as_json())
        return
    _print_table(judged)


def _print_table(judged: Judged) -> None:
    from rich.console import Console
    from rich.table import Table

    from trainer.judging import shown, shown_interval

    console = Console(width=None if Console().is_terminal else 100, highlight=False)
    console.print(judged.heading, markup=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("", "Sounds", "Held-out real sounds", "", "What it means"):
        table.add_column(title, justify="right" if title in ("Sounds", "Held-out real sounds") else "left")
    colours = {"good": "green", "fair": "yellow", "poor": "red", "unsure": "cyan"}
    for figure in judged.evaluation.figures:
        verdict = figure.verdict
        table.add_row(
            figure.metric.label,
            f"{shown(figure.value)}  {shown_interval(figure.interval)}",
            f"{shown(figure.floor)}  {shown_interval(figure.floor_interval)}",
            f"[{colours[verdict.value]}]{verdict.value}[/]",
            figure.says,
        )
    console.print(table)
    for note in judged.notes:
        console.print(note, markup=False)
