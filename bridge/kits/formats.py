"""The kit formats: one row each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.kits import decent_sampler, sfz
from bridge.kits.kit import Kit


@dataclass(frozen=True)
class Format:
    """A row. `text` writes the map, which lies beside the folder of samples; `says` are ids of `left_out.FEATURES`."""

    name: str
    label: str
    ending: str
    text: Callable[[Kit], str]
    says: frozenset[str]


FORMATS = {
    row.name: row
    for row in (
        Format("sfz", "SFZ", ".sfz", sfz.text, sfz.SAYS),
        Format("decentsampler", "DecentSampler", ".dspreset", decent_sampler.text, decent_sampler.SAYS),
    )
}
