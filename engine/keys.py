"""Keys as text: "36", "36-51", "C2-C5", "42, 44, 46". C4 is 60."""

from __future__ import annotations

import re
from collections.abc import Sequence

KEYS = 128
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_KEY = r"\d+|[A-Ga-g][#b]?-?\d+"
_RANGE = re.compile(rf"\s*({_KEY})\s*(?:-\s*({_KEY})\s*)?")


def parse_key(text: str) -> int:
    """The MIDI note of "60", "C4", "F#3" or "Bb2". Raises ValueError with the reason."""
    if not re.fullmatch(_KEY, text):
        raise ValueError(f"{text!r} is no key; write a number such as 60 or a note such as C4")
    if text.isdigit():
        key = int(text)
    else:
        accidental = {"#": 1, "b": -1}.get(text[1], 0)
        key = _STEPS[text[0].upper()] + accidental + 12 * (int(text[1:].lstrip("#b")) + 1)
    if not 0 <= key < KEYS:
        raise ValueError(f"the key {text} is not from 0 to 127")
    return key


def parse_keys(text: str) -> tuple[int, ...]:
    """The MIDI notes of keys and ranges divided by commas, ascending. Raises ValueError with the reason."""
    keys: set[int] = set()
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            raise ValueError(f"{part.strip()!r} is no key or range of keys; write for example 36, 36-51 or C2-C5")
        low, high = parse_key(match[1]), parse_key(match[2] or match[1])
        if low > high:
            raise ValueError(f"the range {part.strip()} runs backwards; write {match[2]}-{match[1]}")
        keys.update(range(low, high + 1))
    return tuple(sorted(keys))


def format_keys(keys: Sequence[int]) -> str:
    """The shortest text of ascending keys that `parse_keys` reads: "36-51, 60"."""
    runs: list[list[int]] = []
    for key in keys:
        if runs and key == runs[-1][1] + 1:
            runs[-1][1] = key
        else:
            runs.append([key, key])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in runs)


def key_name(key: int) -> str:
    """The note's name, with sharps: 60 is "C4"."""
    return f"{_NAMES[key % 12]}{key // 12 - 1}"
