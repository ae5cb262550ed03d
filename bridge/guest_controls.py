"""The controls of a client's preset: seeds, locks and undo are kept here, where the hands stand is what it told."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from engine.controls import Controls
from engine.errors import UserError
from engine.hands import Hands, Slot
from engine.keys import key_name
from engine.preset import Preset


class GuestControls(Controls):
    """`told` are the client's hands; until it says where they stand, they stand where the preset puts them."""

    def __init__(self, preset: Preset, draw: random.Random) -> None:
        super().__init__(preset, draw)
        self.told = Hands(preset.positions)

    @property
    def hands(self) -> Hands:
        return self.told

    def hear(self, hands: Hands) -> None:
        """Takes in where the hands stand."""
        self.told, self.turns = hands, dict(hands.turns)

    def values(self) -> dict[tuple[int | None, str], float]:
        return self.preset.parameters(self.told.positions)

    def slot(self, key: int, variant: int = 0) -> Slot:
        """The slot of a key, in the first zone that has it. Raises UserError if there is none."""
        for index, zone in enumerate(self.preset.zones):
            if key in zone.keys and variant < zone.variants:
                return index, key, variant
        raise UserError(f"The preset {self.preset.name} has no sound on {key_name(key)}.")


def hands_of(fields: Mapping[str, Any]) -> Hands:
    """What `hands` and `need` say."""
    touches: dict[int, dict[int, float]] = {}
    for key, macro, position in fields["touches"]:
        touches.setdefault(key, {})[macro] = position
    turns = {(zone, key, variant): turn for zone, key, variant, turn in fields["turns"]}
    x, y = fields["morph"]
    return Hands(dict(enumerate(fields["positions"], 1)), touches, turns, (x, y))
