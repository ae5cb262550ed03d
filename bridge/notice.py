"""The notice that goes wherever the sounds of a bundled instrument go: their licences ask for it."""

from __future__ import annotations

from engine.data import bundled_instruments
from engine.instrument import Instrument

FILE = "LICENCE.md"


def notice(instrument: Instrument) -> str:
    """The notice of an instrument that is a bundled one, wherever it lies; "" for an instrument of the user's own."""
    for path in bundled_instruments().values():
        note = path.with_name("README.md")
        same = path.stat().st_size == len(instrument.model) and path.read_bytes() == instrument.model
        if same and note.is_file():
            return note.read_text(encoding="utf-8")
    return ""
