"""The sampler at the other end of a link, as a supply sees one: what it is told goes out, what it reports came in."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bridge.clip_sender import ClipSender
from bridge.link_connection import Connection
from bridge.preset_messages import program_fields
from engine.hands import Slot
from engine.preset import Preset
from engine.program import Values

FASTEST_STEP = 64.0  # frames of a clip a frame of the output: six octaves up
OLDEST_SECONDS = 0.25  # a report older than that says little; an output that stands still sends the same again
CLOCKS_APART = 1e-3  # by this share two clocks' speeds may differ, far more than they do

# No two programs of engines that run share one, so that a client can tell voices of another connection's apart.
_serials = count(os.getpid() << 24 | 1)


@dataclass
class RemoteProgram:
    """A program that is to be sent: `put` fills its clip table."""

    preset: Preset
    id: int = field(default_factory=lambda: next(_serials))
    table: dict[Slot, str] = field(default_factory=dict)  # → name of the sound

    def put(self, zone: int, key: int, variant: int, clip: Any) -> None:
        self.table[zone, key, variant] = clip.name


@dataclass(frozen=True)
class Report:
    """A row of `voices`: what `VoiceReport` is for a sampler here."""

    voice: int
    program: int
    zone: int
    key: int
    slot_key: int
    variant: int
    channel: int
    position: float
    step: float
    loop_start: int
    loop_end: int
    loop_fade: int
    looping: bool
    reverse: bool
    released: bool


class RemoteSampler:
    """`version` is that of the hands that `set` answers; `folder` is from where the preset names its instrument.

    `clock` gives seconds. [guests-thread]
    """

    def __init__(self, connection: Connection, sender: ClipSender, clock: Callable[[], float]) -> None:
        self.version = 0
        self.folder = ""
        self.refused = False  # something was, for want of room, since this was set to False
        self._connection, self._sender, self._clock = connection, sender, clock
        self._program: RemoteProgram | None = None
        self._heard: tuple[int, list[Any]] = (0, [])
        self._heard_at = 0.0
        self._behind = 0.0  # seconds by which the output's clock is behind ours, of the reports that came quickest
        self._late = 0.0  # by which the newest came later than that

    @staticmethod
    def program(preset: Preset, values: Values) -> RemoteProgram:
        """A program to fill and to set; the client works out the values of its parameters itself."""
        return RemoteProgram(preset)

    def set_program(self, program: RemoteProgram) -> bool:
        """Sends a program and its clip table."""
        if not self._has_room():
            return False
        self._connection.send("program", **program_fields(program.preset, self.folder, program.id))
        self._program = program
        table, program.table = program.table, {}
        for slot, name in table.items():
            self._set(slot, name)
        return True

    def set_clip(self, zone: int, key: int, variant: int, clip: Any) -> bool:
        """Sends the clip-table message, unless the client was told the same."""
        assert self._program is not None
        if self._program.table.get((zone, key, variant)) == clip.name:
            return True
        if not self._has_room():
            return False
        self._set((zone, key, variant), clip.name)
        return True

    def _set(self, slot: Slot, name: str) -> None:
        assert self._program is not None
        self._sender.begin(name, self._program.preset.opened)
        zone, key, variant = slot
        self._connection.send(
            "set", serial=self._program.id, version=self.version, zone=zone, key=key, variant=variant, sound=name
        )
        self._program.table[slot] = name

    def hear(self, clock: int, rows: Sequence[Sequence[Any]], rate: float) -> None:
        """Takes in a report of what sounds at a frame of an output of `rate` Hz."""
        now = self._clock()
        behind = now - clock / rate
        self._behind += CLOCKS_APART * (now - self._heard_at)
        if not 0 <= behind - self._behind <= OLDEST_SECONDS:
            self._behind = behind  # the quickest of all, or the output's clock has jumped
        self._late = behind - self._behind
        self._heard_at = now
        self._heard = clock, [_report(row) for row in rows]

    def age(self) -> float:
        """Seconds since the voices stood where they were last reported, as far as that can be known."""
        if not self._heard[1]:
            return 0.0
        return min(OLDEST_SECONDS, self._clock() - self._heard_at + self._late)

    def voices(self) -> tuple[int, list[Any]]:
        """The clock and voices of the newest report."""
        return self._heard

    def collect(self) -> int:
        """Nothing: the client frees what is its own."""
        return 0

    def _has_room(self) -> bool:
        self.refused |= not self._connection.has_room
        return self._connection.has_room


def _report(row: Sequence[Any]) -> Report:
    report = Report(*row)
    step = min(FASTEST_STEP, max(-FASTEST_STEP, report.step))
    looping = report.looping and report.loop_start < report.loop_end
    return Report(**{**report.__dict__, "step": step, "looping": looping})
