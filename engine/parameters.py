"""The sampler's parameters as Python sees them: the native layer's one table, and how a preset writes a value of it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from engine._native import PARAMETERS


@dataclass(frozen=True)
class Parameter:
    """A row of the table. `scope` is "zone" or "play"; a value is a float whatever the parameter.

    `smoothed`: it follows while a voice sounds, else from the next note; `main`: a host may automate it beside macros.
    """

    id: str
    label: str
    unit: str
    minimum: float
    maximum: float
    default: float
    curve: str  # "linear", "exponential", "integer" or "choice"
    choices: tuple[str, ...]
    smoothed: bool
    main: bool
    scope: str

    def read(self, value: object) -> float:
        """The value that a preset's text means: a number, or a word of a choice. Raises ValueError with the reason."""
        if self.choices:
            # TOML has its own words for a switch.
            word = {True: "on", False: "off"}.get(value) if isinstance(value, bool) else value
            if word not in self.choices:
                raise ValueError(f"must be {' or '.join(repr(choice) for choice in self.choices)}, not {value!r}")
            return float(self.choices.index(str(word)))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"must be a number, not {value!r}")
        if not self.minimum <= value <= self.maximum:
            unit = f" {self.unit}" if self.unit else ""
            raise ValueError(f"must be from {self.minimum:g} to {self.maximum:g}{unit}, not {value!r}")
        if self.curve == "integer" and value != int(value):
            raise ValueError(f"must be a whole number, not {value!r}")
        return float(value)

    def written(self, value: float) -> float | int | str | bool:
        """The value as a preset's text has it: the inverse of `read`."""
        if self.choices == ("off", "on"):
            return bool(value)
        if self.choices:
            return self.choices[int(value)]
        return int(value) if self.curve == "integer" else value


@functools.cache
def table() -> tuple[Parameter, ...]:
    """Every parameter, in the native layer's order, those of a zone first."""
    return tuple(_row(row) for row in PARAMETERS)


@functools.cache
def of_scope(scope: str) -> dict[str, Parameter]:
    """Id → parameter, of the scope "zone" or "play"."""
    return {row.id: row for row in table() if row.scope == scope}


def _row(row: dict[str, Any]) -> Parameter:
    return Parameter(**{**row, "choices": tuple(row["choices"])})
