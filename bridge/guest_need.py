"""What a client waits for to render offline: clips made as `engine render` makes them, sent whole, told by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.clip_sender import ClipSender
from bridge.guest_controls import hands_of
from engine.clip_store import ClipStore
from engine.errors import UserError
from engine.hands import Hands
from engine.plan import MOST_BLOCKS, runs
from engine.preset import Preset
from engine.sound import Sound

FEW_SLOTS = 16  # so many are worked out one by one; all of a preset at once cost about as much


class Need:
    """One `need`. Raises UserError where it cannot be answered. [guests-thread]

    `store` has clips that were made each by itself, on the CPU. In a batch, or on a GPU, a clip comes out another in
    its last bits, so that what the client has of one by playing it is not good enough.
    """

    def __init__(self, fields: Mapping[str, Any], preset: Preset, store: ClipStore, sender: ClipSender) -> None:
        self.id = int(fields["id"])
        self._store, self._sender = store, sender
        self._sounds = _sounds(preset, hands_of(fields), [(z, k, v) for z, k, v in fields["slots"]])
        self._left = [sound for sound in dict.fromkeys(self._sounds) if not sender.is_exact(sound.name)]
        store.need(self, self._left)

    @property
    def names(self) -> list[str]:
        """Of the sounds, in the order of the slots."""
        return [sound.name for sound in self._sounds]

    def make(self) -> bool:
        """Makes the next blocks that are missing; False if there are none."""
        total = self._store.generator.block_total
        full = (1 << total) - 1
        for sound in self._left:
            for first, count in runs(full & ~self._store.ready.get(sound, 0), MOST_BLOCKS):
                if not self._store.make([sound], first, count):
                    name = self._store.generator.instrument.name
                    raise UserError(f"The instrument {name} made a sound that is no numbers; export it again.")
                return True
        return False

    def send(self) -> bool:
        """Sends what was made; True if the client has all of it."""
        while self._left:
            if not self._sender.send_exact(self._store.clip(self._left[0]), self._store.generator.instrument):
                return False
            del self._left[0]
        return True

    def end(self) -> None:
        """Nobody waits for it any more."""
        self._store.need(self, ())
        self._store.forget()


def _sounds(preset: Preset, hands: Hands, slots: list[tuple[int, int, int]]) -> list[Sound]:
    if len(slots) > FEW_SLOTS:
        everything = preset.sounds(hands)
        found = [everything.get(slot) for slot in slots]
    else:
        found = [preset.sound(*slot, hands) if slot[0] < len(preset.zones) else None for slot in slots]
    sounds = [sound for sound in found if sound is not None]
    if len(sounds) < len(slots):
        raise UserError(f"The preset {preset.name} has no sound in the slot {slots[found.index(None)]}.")
    return sounds
