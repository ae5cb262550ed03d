"""`engine info`: describes an instrument file or a preset."""

from __future__ import annotations

import argparse
from typing import Any

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument(
        "file", metavar="FILE|PRESET", help="an instrument (.onnx), a preset (.toml) or a bundled preset"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Prints what the file is."""
    from engine.describe import describe

    described = describe(arguments.file)
    if arguments.json:
        print_json(described)
    else:
        print("\n".join(_lines(described)))


def _lines(values: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for key, value in values.items():
        label = f"{indent}{key.replace('_', ' ')}:"
        if isinstance(value, dict) and value:
            lines += [label, *_lines(value, indent + "  ")]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            lines.append(label)
            for row in value:
                first, *rest = _lines(row, indent + "    ")
                lines += [f"{indent}  - {first.strip()}", *rest]
        elif value not in (None, "", [], {}):
            lines.append(f"{label} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    return lines
