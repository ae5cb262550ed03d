"""The notice that goes wherever the sounds of a bundled instrument go: their licences ask for it."""

from __future__ import annotations

from engine.data import bundled_instruments
from engine.instrument import Instrument

FILE = "LICENCE.md"


def notice(instrument: Instrument) -> str:
    """The notice beside an instrument if it is a bundled one; "" for an instrument of the user's own."""
    for path in bundled_instruments().values():
        note = path.with_name("README.md")
        if path.resolve() == instrument.path.resolve() and note.is_file():
            return note.read_text(encoding="utf-8")
    return ""
