"""`engine presets`: lists the bundled presets."""

from __future__ import annotations

import argparse

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Prints each bundled preset: its name, what it is, its instrument and its file."""
    from engine.data import bundled_presets
    from engine.preset import Preset

    presets = [
        {"name": name, "about": preset.about, "instrument": preset.instrument_name, "path": str(path)}
        for name, path in bundled_presets().items()
        for preset in [Preset.read(path)]
    ]
    if arguments.json:
        print_json({"presets": presets})
        return
    for row in presets:
        print(f"{row['name']:<12} {row['about']}  (instrument {row['instrument']}, {row['path']})")
    if not presets:
        print("There are no bundled presets; give 'engine play' an instrument or preset of your own.")
