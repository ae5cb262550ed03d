"""`bridge pack`: a preset and its instrument as one file."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("preset", metavar="PRESET|FILE.onnx", help="what to share")
    parser.add_argument("-o", "--output", metavar="FILE.zip", type=Path, required=True, help="the file to write")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Packs and says what is in the file."""
    from bridge.pack import pack
    from engine.preset import Preset

    manifest = pack(Preset.open(arguments.preset), arguments.output)
    if arguments.json:
        print_json({"output": str(arguments.output), **manifest})
        return
    names = ", ".join(row["name"] for row in manifest["files"])
    print(f"{arguments.output}: {names}; {arguments.output.stat().st_size / 1e6:.1f} MB.")
    print(f"Licence of the sounds: {manifest['licence']}")
