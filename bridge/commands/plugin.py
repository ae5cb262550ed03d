"""`bridge plugin`: puts the plugin where hosts look for it, and says where it is."""

from __future__ import annotations

import argparse

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument(
        "action",
        choices=("install", "path"),
        help="install: copy what `make plugin` built to where this user's hosts look; path: print where it is",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Installs, or prints a path a line: of what is installed, else of what is built."""
    from bridge.plugin_files import FORMATS, built, check_built, install, installed

    if arguments.action == "install":
        install(say=lambda sentence: None if arguments.json else print(sentence))
    rows = [
        {
            "format": format.name,
            "built": None if (path := built(format)) is None else str(path),
            "installed": None if (place := installed(format)) is None else str(place),
        }
        for format in FORMATS
    ]
    rows = [row for row in rows if row["built"] or row["installed"]]
    if not rows:
        check_built()
    if arguments.json:
        print_json({"plugin": rows})
    elif arguments.action == "path":
        for row in rows:
            print(row["installed"] or row["built"])
