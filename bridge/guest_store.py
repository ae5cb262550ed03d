"""The clips of an instrument as one client needs them: what it has whole is not made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from bridge.clip_sender import ClipSender
from engine import _native
from engine.clip_store import ClipStore
from engine.sound import Sound


class GuestStore(ClipStore):
    """A view of a store that several clients share. [guests-thread]"""

    def __init__(self, shared: ClipStore, sender: ClipSender) -> None:
        self.shared, self.sender = shared, sender
        self.generator, self.trouble = shared.generator, shared.trouble
        self.there = _Blocks(self._there)  # what the client has of each sound
        self._made_or_there = _Blocks(lambda sound: self._there(sound) | shared.ready.get(sound, 0))

    @property
    def ready(self) -> Mapping[Sound, int]:
        """What was made, or need not be."""
        return self._made_or_there

    def need(self, owner: object, sounds: Iterable[Sound]) -> None:
        self.shared.need(owner, [sound for sound in sounds if not self.sender.is_whole(sound.name)])

    def clip(self, sound: Sound) -> _native.Clip:
        """The clip, or of what is not here an empty one that has its name."""
        if self.shared.ready.get(sound):
            return self.shared.clip(sound)
        instrument = self.generator.instrument
        return _native.Clip(0, instrument.channels, 1, instrument.sample_rate, sound.name)

    def make(self, sounds: Sequence[Sound], first: int, blocks: int) -> list[Sound]:
        return self.shared.make(sounds, first, blocks)

    def bad(self) -> set[Sound]:
        return self.shared.bad()

    def forget(self) -> None:
        self.shared.forget()

    def send(self, sound: Sound, blocks: int = -1) -> bool:
        """Sends those blocks (all unless said) that were made and that the client lacks; False for want of room."""
        made = self.shared.ready.get(sound, 0) & blocks
        return not made or self.sender.send(self.shared.clip(sound), self.generator.instrument, made)

    def _there(self, sound: Sound) -> int:
        return self.sender.blocks(sound.name, self.generator.block_total)


class _Blocks(Mapping[Sound, int]):
    """Bits of blocks by sound, each worked out when it is asked for."""

    def __init__(self, blocks: Callable[[Sound], int]) -> None:
        self._blocks = blocks

    def __getitem__(self, sound: Sound) -> int:
        if blocks := self._blocks(sound):
            return blocks
        raise KeyError(sound)

    def get(self, sound: Sound, default: Any = None) -> Any:  # the planning asks this of every sound
        return self._blocks(sound) or default

    def __iter__(self) -> Iterator[Sound]:
        raise TypeError("there is no list of what a client has")

    def __len__(self) -> int:
        raise TypeError("there is no list of what a client has")
