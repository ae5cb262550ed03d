"""`trainer find`: the sound of a run or an instrument that is most like a recording."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from engine.command import SEED, print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("sound", metavar="SOUND.wav", type=Path, help="what to look for: any audio file")
    parser.add_argument("source", metavar="RUN|FILE.onnx", type=Path, help="a run's folder or an instrument file")
    parser.add_argument(
        "-o", "--output", metavar="FILE.wav", type=Path, help="what was found (default: SOUND.found.wav, here)"
    )
    parser.add_argument("--checkpoint", metavar="best|last|STEP", help="of a run (default: best)")
    parser.add_argument("--seed", type=SEED, default=0, help="of the search (default: 0)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> None:
    """Searches and prints the sound string."""
    from trainer.find import find

    found = find(arguments.sound, arguments.source, arguments.output, arguments.checkpoint, arguments.seed)
    if arguments.json:
        print_json(asdict(found))
        return
    print(found.sound)
    print(
        f"{found.distance:.1f} dB from the recording; of a hundred random pairs of sounds {found.percentile:.0f} are "
        f"nearer to each other. To compare: {found.wav}"
    )
