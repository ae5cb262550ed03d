"""The README's table of knobs is what the bundled presets say."""

from __future__ import annotations

from pathlib import Path

from engine.data import bundled_presets
from engine.macro import source_name
from engine.preset import Preset

README = Path(__file__).resolve().parents[1] / "README.md"


def knob_table() -> str:
    """A row for each controller, a column for each preset."""
    presets = {name: Preset.read(path) for name, path in sorted(bundled_presets().items())}
    names: dict[int, dict[str, str]] = {}
    for preset, values in presets.items():
        for knob in values.macros:
            if knob.controller is not None and knob.targets:
                names.setdefault(knob.controller, {})[preset] = knob.name
    rows = [["", *(f"`{name}`" for name in presets)]]
    rows.append(["---"] * len(rows[0]))
    for controller in sorted(names):
        rows.append([source_name(controller), *(names[controller].get(name, "") for name in presets)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def test_the_readme_says_what_each_knob_does() -> None:
    table = knob_table()
    assert table in README.read_text(encoding="utf-8"), f"put this into the README:\n{table}"
