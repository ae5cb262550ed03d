"""One client of the engine: its preset under its hands, the supply of its clips, and what it asks for."""

from __future__ import annotations

import contextlib
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.clip_sender import ClipSender
from bridge.guest_controls import GuestControls, hands_of
from bridge.guest_need import Need
from bridge.guest_store import GuestStore
from bridge.link_connection import Connection, fit
from bridge.link_frame import Received
from bridge.link_table import LinkError
from bridge.preset_messages import edited_fields
from bridge.preset_rows import Listing, PresetRows
from bridge.remote_sampler import RemoteSampler
from engine.clip_store import ClipStore, GenerationError
from engine.errors import UserError
from engine.plan import Job
from engine.preset import Preset
from engine.supply import Supply

TURN_SECONDS = 0.005  # after which what a client said waits for its next turn
STATUS_SECONDS = 0.25
MOST_LEAVING = 4  # presets whose voices still sound are looked after, the newest
MOST_NEEDS = 64  # that wait; the messages after them wait too


@dataclass(frozen=True)
class Opened:
    """What `open` named: a preset with its instrument's clips, and the folder from which it names its instrument."""

    preset: Preset
    store: ClipStore
    folder: str


class House(Protocol):
    """What a guest asks of whoever it is a guest of. [guests-thread]"""

    preset_rows: PresetRows

    def open(self, guest: Guest, fields: Mapping[str, Any]) -> None:
        """Has a preset opened beside; `guest.opened` is set to it, or to a sentence."""

    def exact(self, store: ClipStore) -> ClipStore:
        """Clips of the same instrument, made each by itself on the CPU, as a render makes them. Raises UserError."""

    def report(self, asking: Guest) -> dict[str, Any]:
        """The fields of `report`."""


class GuestSupply(Supply):
    """A supply whose clips go to a client."""

    store: GuestStore


class Guest:
    """`step` does what there is to do, a little at a time. `clock` gives seconds. [guests-thread]"""

    def __init__(
        self,
        connection: Connection,
        house: House,
        draw: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connection = connection
        self.opened: Opened | str | None = None  # set by whoever opened it
        self.sender = ClipSender(connection)
        self._house, self._draw, self._clock = house, draw, clock
        self._sampler = RemoteSampler(connection, self.sender, clock)
        self._messages: deque[Received] = deque()
        self._turn_ends = 0.0
        self._listing: Listing | None = None  # of presets, that was begun
        self.waits = False  # for its next turn, with something that came
        self._opening = 0.0  # the output's rate, while a preset is being opened
        self._controls: GuestControls | None = None  # of the preset that was opened last
        self._version = 0  # of the hands
        self._rate = 0.0
        self._supply: GuestSupply | None = None  # of the preset that is played
        self._next: GuestSupply | None = None  # of one that is on its way, and the folder it names its instrument from
        self._folder = ""
        self._leaving: list[GuestSupply] = []
        self._needs: deque[Need] = deque()
        self._wanted = False  # the sounds that are wanted may be others than the supply knows
        self._busy = False  # there may be something to make
        self._unsent = False  # there may be something to send
        self._settled = True
        self._odd = False
        self._look_ahead = 0.0
        self._status_at = 0.0

    @property
    def preset_name(self) -> str:
        """What it plays; empty before there is anything."""
        return self._controls.preset.name if self._controls is not None else ""

    @property
    def store(self) -> ClipStore | None:
        """The shared store that it plays from."""
        supply = self._next or self._supply
        return supply.store.shared if supply is not None else None

    def pending(self) -> int:
        """Sounds that are wanted and that it has not whole."""
        supply = self._next or self._supply
        if supply is None:
            return 0
        return sum(not self.sender.is_whole(sound.name) for sound in set(supply.sounds.values()))

    def made_elsewhere(self) -> None:
        """Another client of the same store had something made."""
        self._unsent = True

    def step(self) -> bool:
        """Hears what came, makes one batch, sends what there is room for; True if something was made.

        What it does not get to in `TURN_SECONDS` it hears the next time: then `waits` is true.
        """
        self._hear()
        if self._wanted:
            self._want()
        made = self._make()
        if self._unsent and self.connection.has_room:
            self._send()
        self._begin_next()
        self._tell()
        return made

    def leave(self) -> None:
        """It is gone: it needs nothing any more."""
        for supply in self._supplies():
            supply.drop()
        for need in self._needs:
            need.end()

    # ——— what it says ———

    def _hear(self) -> None:
        self._turn_ends = self._clock() + TURN_SECONDS
        if self._opening and self.opened is not None:
            self._take_opened(self.opened)
        if not self._messages:
            self._messages.extend(self.connection.take())
        if self._opening:  # what sounds goes on; everything else is meant for what is being opened
            told = [message for message in self._messages if message.type == "voices"]
            self._messages = deque(message for message in self._messages if message.type != "voices")
            if told:  # the newest counts
                self._voices(told[-1].fields)
        while self._can_hear:
            self._hear_one(self._messages.popleft())
            if self._is_over():
                break
        self.waits = self._can_hear

    @property
    def _can_hear(self) -> bool:
        # Who does not read its answers is not answered any more.
        has_room = len(self._needs) < MOST_NEEDS and self.connection.has_room
        return bool(self._messages) and not self._opening and has_room

    def _is_over(self) -> bool:
        return self._clock() >= self._turn_ends

    def _hear_one(self, message: Received) -> None:
        try:
            HEAR[message.type](self, message.fields)
        except UserError as error:
            self._problem(str(error))
        except LinkError as error:  # an answer that is too long for the link
            self._problem(f"That cannot be answered: {error}")
        if self._listing is not None:
            self._messages.appendleft(message)

    def _problem(self, reason: str) -> None:
        self.connection.send("problem", reason=fit(reason))

    def _open(self, fields: Mapping[str, Any]) -> None:
        kinds = [message.type for message in self._messages]
        if "open" in kinds and "need" not in kinds[: kinds.index("open")]:
            return  # the newest counts
        self._opening, self.opened = fields["rate"], None
        self._house.open(self, fields)

    def _take_opened(self, opened: Opened | str) -> None:
        rate, self._opening, self.opened = self._opening, 0.0, None
        if isinstance(opened, str):
            self._problem(opened)
            return
        self._rate = rate
        self._controls = GuestControls(opened.preset, self._draw)
        store = GuestStore(opened.store, self.sender)
        supply = GuestSupply(store, self._sampler, rate, program=RemoteSampler.program)
        if self._next is not None:
            self._next.drop()
        self._next, self._folder = supply, opened.folder
        self._hear_hands()
        self._want()

    def _hear_hands(self) -> None:
        """Hands that wait already are those that the preset begins under."""
        self._messages.extend(self.connection.take())
        told = next((message for message in self._messages if message.type in ("hands", "open")), None)
        if told is not None and told.type == "hands":
            self._messages.remove(told)
            self._hands(told.fields)

    def _rate_is(self, fields: Mapping[str, Any]) -> None:
        self._rate = fields["rate"]
        for supply in self._supplies():
            supply.rate = self._rate

    def _hands(self, fields: Mapping[str, Any]) -> None:
        self._version = fields["version"]
        if self._controls is not None:
            self._controls.hear(hands_of(fields))
            self._wanted = True

    def _voices(self, fields: Mapping[str, Any]) -> None:
        if self._rate:
            self._sampler.hear(fields["clock"], fields["voices"], self._rate)
            self._busy |= bool(self._leaving)

    def _have(self, fields: Mapping[str, Any]) -> None:
        self.sender.keep(fields["sounds"])
        self._wanted = True

    def _lost(self, fields: Mapping[str, Any]) -> None:
        self.sender.lose(fields["sounds"])
        self._wanted = True

    def _need(self, fields: Mapping[str, Any]) -> None:
        try:
            if self._controls is None or self.store is None:
                raise UserError("No preset is open, so there is nothing to render.")
            self._needs.append(Need(fields, self._controls.preset, self._house.exact(self.store), self.sender))
        except UserError as error:
            self._done(fields["id"], [], str(error))

    def _reroll(self, fields: Mapping[str, Any]) -> None:
        controls, key = self._open_controls(), fields["key"]
        _ = controls.new_all() if key < 0 else controls.new_seed(key)
        self._edited(controls)

    def _lock(self, fields: Mapping[str, Any]) -> None:
        controls = self._open_controls()
        controls.lock(fields["key"], fields["on"])
        self._edited(controls)

    def _undo(self, fields: Mapping[str, Any]) -> None:
        controls = self._open_controls()
        controls.undo()
        self._edited(controls)

    def _paste(self, fields: Mapping[str, Any]) -> None:
        controls = self._open_controls()
        said = controls.paste(fields["text"], controls.slot(fields["key"]))
        self._edited(controls)
        self.connection.send("notice", text=fit(said))

    def _copy(self, fields: Mapping[str, Any]) -> None:
        controls = self._open_controls()
        string = controls.copy(controls.slot(fields["key"], fields["variant"]))
        self.connection.send("sound", key=fields["key"], text=str(string))

    def _presets(self, fields: Mapping[str, Any]) -> None:
        """A folder of very many presets takes several turns, in which it is heard again."""
        listing = self._listing or Listing(self._house.preset_rows, self._folder)
        self._listing = None if listing.go_on(self._is_over) else listing
        if self._listing is None:
            self.connection.send("presets", presets=listing.rows)

    def _ask(self, fields: Mapping[str, Any]) -> None:
        self.connection.send("report", **self._house.report(self))

    def _open_controls(self) -> GuestControls:
        if self._controls is None:
            raise UserError("No preset is open yet; choose one first.")
        return self._controls

    def _edited(self, controls: GuestControls) -> None:
        self._wanted = True
        self.connection.send("edited", **edited_fields(controls.preset))

    # ——— what is made for it, and sent ———

    def _want(self) -> None:
        self._wanted = False
        supply, controls = self._next or self._supply, self._controls
        if supply is None or controls is None:
            return
        self._sampler.version = self._version
        supply.want(controls.preset, controls.values(), controls.sounds())
        self._busy = self._unsent = True
        self._settled = False

    def _supplies(self) -> list[GuestSupply]:
        """All of them, those first whose voices may wait."""
        return [supply for supply in (*self._leaving, self._supply, self._next) if supply is not None]

    def _make(self) -> bool:
        if self._needs:
            return self._make_need()
        if self._sampler.refused and self.connection.has_room:
            self._sampler.refused, self._busy = False, True
        if not self._busy:
            return False
        supply, jobs = self._most_urgent()
        if supply is None:
            # What cannot be made now, or was not told for want of room, is looked at again.
            waits = any(each.store.trouble.waiting or each.store.bad() for each in self._supplies())
            self._busy = waits
            return False
        begin = self._clock()
        with contextlib.suppress(GenerationError):  # the store's trouble has told it
            supply.make(jobs)
        self._look_ahead = 0.8 * self._look_ahead + 0.2 * (self._clock() - begin)
        self._unsent = True
        return True

    def _most_urgent(self) -> tuple[GuestSupply | None, list[Job]]:
        self._leaving = [leaving for leaving in self._leaving if not leaving.over()]
        age = self._look_ahead + self._sampler.age()
        self._odd = not self._odd
        playing = [self._supply, self._next] if self._odd else [self._next, self._supply]
        for supply in (*self._leaving, *playing):
            if supply is None or supply.store.trouble.waiting:
                continue
            if jobs := supply.jobs(supply.voices(), (), age):
                return supply, jobs
        return None, []

    def _make_need(self) -> bool:
        need = self._needs[0]
        try:
            if need.make():
                return True
            if not need.send():
                return False
            reason, names = "", need.names
        except UserError as error:
            reason, names = str(error), []
        need.end()
        self._needs.popleft()
        self._done(need.id, names, reason)
        return True

    def _done(self, number: int, names: list[str], reason: str) -> None:
        self.connection.send("done", id=number, sounds=names, reason=fit(reason))

    def _send(self) -> None:
        """Sends what was made and it lacks, the most urgent first, while there is room."""
        age = self._sampler.age()
        for supply in self._supplies():
            for job in supply.line(supply.store.there, supply.voices(), (), age):
                if not supply.store.send(job.sound, ((1 << job.block_count) - 1) << job.first_block):
                    return
        self._unsent = False

    def _begin_next(self) -> None:
        """The preset that was opened is played once the client has what its keys begin with; the first one at once."""
        if self._next is not None and (self._supply is None or self._next.playable(self._next.store.there)):
            self._begin()

    def _begin(self) -> None:
        assert self._next is not None
        self._sampler.folder = self._folder
        try:
            if not self._next.begin():
                return  # no room: the next round
        except LinkError as error:
            self._problem(f"The preset cannot be sent: {error}")
            self._next.drop()
            self._next = None
            return
        if self._supply is not None:
            self._supply.leave()
            self._leaving.append(self._supply)
            for left in self._leaving[:-MOST_LEAVING]:
                left.drop()
            self._leaving = self._leaving[-MOST_LEAVING:]
        self._supply, self._next = self._next, None
        self._busy = self._unsent = True

    def _tell(self) -> None:
        """How far it is, now and then; and when everything is there."""
        if self._settled or self._supply is None:
            return
        now = self._clock()
        done = not (self._busy or self._unsent or self._next or self._sampler.refused)
        pending = self.pending() if done or now >= self._status_at else -1
        if pending == 0 or now >= self._status_at:
            self._status_at = now + STATUS_SECONDS
            self.connection.send("status", pending=max(0, pending), generated=self._supply.store.shared.generated)
        if done and pending == 0:
            self.connection.send("settled", version=self._version)
            self._settled = True


HEAR: dict[str, Callable[[Guest, Mapping[str, Any]], None]] = {
    "open": Guest._open,
    "rate": Guest._rate_is,
    "hands": Guest._hands,
    "voices": Guest._voices,
    "have": Guest._have,
    "lost": Guest._lost,
    "need": Guest._need,
    "reroll": Guest._reroll,
    "lock": Guest._lock,
    "undo": Guest._undo,
    "paste": Guest._paste,
    "copy": Guest._copy,
    "presets": Guest._presets,
    "ask": Guest._ask,
}
