"""`bridge kit`: a preset's sounds for other samplers."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.command import print_json

NAMES = ("sfz", "decentsampler")  # of bridge.kits.formats.FORMATS, which --help is too quick to import


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("preset", metavar="PRESET|FILE.onnx", help="what to take along")
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="the new folder of the kit")
    parser.add_argument(
        "--formats",
        metavar="NAMES",
        type=_formats,
        default=NAMES,
        help=f"the maps to write beside the WAV files, divided by commas ({','.join(NAMES)})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Writes the kit and says what each format leaves out."""
    from bridge.folders import check_new
    from bridge.kits.export import export, leaves_out
    from engine.preset import Preset

    check_new(arguments.output)
    written = export(Preset.open(arguments.preset), arguments.output, arguments.formats)
    if arguments.json:
        print_json(written)
        return
    print(f"{arguments.output}: {written['samples']} sounds at {written['sample_rate']} Hz, 24 bits.")
    print(f"Licence of the sounds: {written['licence']}")
    for name, row in written["formats"].items():
        print(f"{arguments.output / row['file']}: {leaves_out(name, row)}")


def _formats(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in NAMES:
            raise argparse.ArgumentTypeError(f"there is no format {name!r}; there are {', '.join(NAMES)}")
    return names
