"""docs/presets.md lists every parameter as the native table has it."""

from __future__ import annotations

from pathlib import Path

from engine import macro, parameters
from engine.parameters import Parameter

PAGE = Path(__file__).resolve().parents[1] / "docs" / "presets.md"


def parameter_table(scope: str) -> str:
    """A row for each parameter of a scope."""
    rows = ["| key | what | values | unless said | follows |", "|---|---|---|---|---|"]
    for row in parameters.of_scope(scope).values():
        follows = "at once" if row.smoothed else "from the next note" if scope == "zone" else ""
        rows.append(f"| `{row.id}` | {row.label} | {_values(row)} | {_value(row, row.default)} | {follows} |")
    return "\n".join(rows)


def _values(row: Parameter) -> str:
    if row.choices:
        return ", ".join(_value(row, float(place)) for place in range(len(row.choices)))
    return f"{row.minimum:g} to {row.maximum:g} {row.unit}".rstrip()


def _value(row: Parameter, value: float) -> str:
    written = row.written(value)
    return f"`{str(written).lower()}`" if isinstance(written, bool) else f"`{written}`" if row.choices else f"{value:g}"


def test_every_parameter_is_listed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for scope in ("zone", "play"):
        assert parameter_table(scope) in text, f"put this into {PAGE.name}:\n{parameter_table(scope)}"


def test_every_target_and_source_is_named() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in (*macro.LATENT_RANGES, *macro.SOURCES, macro.DIRECTION + "NAME", macro.AXIS + "SEED"):
        assert name in text
