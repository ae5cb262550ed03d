"""`trainer sample`: writes sounds of a run or an instrument as WAV files."""

from __future__ import annotations

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("source", metavar="RUN|FILE.onnx", type=Path, help="a run's folder or an instrument file")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="folder for the WAV files")
    parser.add_argument("--seeds", default="0-15", help="a range, or a list of ranges (default: 0-15)")
    parser.add_argument("--checkpoint", metavar="best|last|STEP", help="of a run (default: best)")


def run(arguments: argparse.Namespace) -> None:
    """Writes the sounds."""
    from trainer.sampling import parse_seeds, sample

    paths = sample(arguments.source, arguments.output, parse_seeds(arguments.seeds), arguments.checkpoint)
    print(f"{len(paths)} sounds in {arguments.output}")
