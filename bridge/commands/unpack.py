"""`bridge unpack`: a shared preset becomes a folder that plays."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("archive", metavar="FILE.zip", type=Path, help="what `bridge pack` wrote")
    parser.add_argument(
        "-o", "--output", metavar="DIR", type=Path, help="the new folder; one named after the file unless said"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Checks, unpacks, and says how to play it."""
    from bridge.unpack import unpack

    path, preset = unpack(arguments.archive, arguments.output)
    if arguments.json:
        licence, digest = preset.opened.licence, preset.opened.digest
        print_json({"preset": str(path), "name": preset.name, "instrument_digest": digest, "licence": licence})
        return
    print(f"{path}: {preset.about or preset.name}")
    print(f"Licence of the sounds: {preset.opened.licence}")
    print(f"Play it with: engine play {path}")
