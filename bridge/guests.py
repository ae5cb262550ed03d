"""All clients of an engine: one thread that generates for them in turn, and one that opens what they ask for."""

from __future__ import annotations

import os
import queue
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from bridge.guest import Guest, Opened
from bridge.link_connection import Connection, fit
from bridge.link_table import LONGEST_NAME
from bridge.preset_rows import PresetRows
from engine.clip_store import ClipStore
from engine.data import find_preset
from engine.errors import UserError, reason
from engine.generator import Generator
from engine.generators import KEPT, Generators
from engine.preset import Preset

MOST_CLIP_BYTES = 1 << 30  # of one preset: of 61 keys with four siblings of 12 s each
LOOK_SECONDS = 0.05  # between two looks at what only time changes


class Guests:
    """Serves clients with the engine's generators. `about` tells on what the engine itself plays, and which preset.

    `draw` is where new seeds come from; `clock` gives seconds.
    """

    def __init__(
        self,
        generators: Generators,
        about: Callable[[], tuple[str, str]],
        draw: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.preset_rows = PresetRows()
        self._generators, self._about, self._draw, self._clock = generators, about, draw, clock
        self._guests: list[Guest] = []
        self._stores: WeakValueDictionary[str, ClipStore] = WeakValueDictionary()
        self._exact: WeakValueDictionary[str, ClipStore] = WeakValueDictionary()
        self._exact_kept: ClipStore | None = None  # between one render's needs
        self._kept: deque[ClipStore] = deque(maxlen=KEPT)  # when no guest has them any more
        self._come: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._asked: queue.SimpleQueue[tuple[Guest, Mapping[str, Any]] | None] = queue.SimpleQueue()
        self._since = clock()  # nobody is there, or not
        self._turn = threading.Condition()
        self._woken = False
        self._running = True
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for work, name in ((self._work, "guests"), (self._opening, "guest presets"))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def count(self) -> int:
        """How many clients there are. [thread-safe]"""
        return len(self._guests) + self._come.qsize()

    @property
    def idle_seconds(self) -> float:
        """For how long there has been none. [thread-safe]"""
        return 0.0 if self.count else self._clock() - self._since

    def join(self, connection: Connection) -> None:
        """A client was welcomed. [link-thread]"""
        self._since = self._clock()  # between the queue and the list nobody counts it
        self._come.put(connection)
        self.wake()

    def leave(self, connection: Connection) -> None:
        """It is gone. [link-thread]"""
        self.wake()  # the connection itself says that it is closed

    def wake(self) -> None:
        """There is something to do. [thread-safe]"""
        with self._turn:
            self._woken = True
            self._turn.notify()

    def close(self) -> None:
        """Ends both threads, once what is being made or opened is."""
        self._running = False
        self._asked.put(None)
        self.wake()
        for thread in self._threads:
            thread.join()

    # ——— the guests' thread ———

    def _work(self) -> None:
        while self._running:
            with self._turn:
                if not self._woken:
                    self._turn.wait(LOOK_SECONDS if self._guests else None)
                self._woken = False
            if self._round():
                self.wake()

    def _round(self) -> bool:
        """Everyone's turn; True if there is more to do for any of them."""
        while not self._come.empty():
            self._guests.append(Guest(self._come.get(), self, self._draw, self._clock))
        more = False
        for guest in list(self._guests):
            if guest.connection.gone or not self._running:
                continue
            try:
                made = guest.step()
            except Exception as error:  # one client's trouble is not the others'
                guest.connection.refuse(f"The engine failed at what it was asked for ({_name(error)}).")
                continue
            more |= made or guest.waits
            if made:
                for other in self._guests:
                    if other is not guest and other.store is guest.store:
                        other.made_elsewhere()
        self._say_troubles()
        self._see_off()
        return more

    def _see_off(self) -> None:
        for guest in [guest for guest in self._guests if guest.connection.gone]:
            self._since = self._clock()
            self._guests.remove(guest)
            guest.leave()

    def _say_troubles(self) -> None:
        """What a store's generator has to be excused for, everyone hears who plays from it."""
        for store in {id(guest.store): guest.store for guest in self._guests}.values():
            if store is None:
                continue
            store.trouble.look()
            while not store.trouble.notices.empty():
                sentence = store.trouble.notices.get()
                for guest in self._guests:
                    if guest.store is store:
                        guest.connection.send("notice", text=fit(sentence))

    def open(self, guest: Guest, fields: Mapping[str, Any]) -> None:
        """Has a preset opened beside; `guest.opened` is set then. [guests-thread]"""
        self._asked.put((guest, fields))

    def exact(self, store: ClipStore) -> ClipStore:
        """Clips of the same instrument, made each by itself on the CPU, as a render makes them. [guests-thread]"""
        generator = store.generator
        exact = self._exact.get(generator.instrument.digest)
        if exact is None:
            if generator.provider != "cpu":
                generator = Generator(generator.instrument, "cpu", batches=(1,))
            exact = self._exact[generator.instrument.digest] = ClipStore(generator)
        self._exact_kept = exact
        return exact

    def report(self, asking: Guest) -> dict[str, Any]:
        """The fields of `report`. [guests-thread]"""
        audio, preset = self._about()
        clients = [
            {
                "client": guest.connection.client,
                "pid": guest.connection.pid,
                "preset": fit(guest.preset_name, LONGEST_NAME),
                "pending": guest.pending(),
                "sent": guest.connection.sent_bytes,
            }
            for guest in self._guests
            if guest is not asking
        ]
        names = {"audio": fit(audio, LONGEST_NAME), "preset": fit(preset, LONGEST_NAME)}
        return {"pid": os.getpid(), **names, "clients": clients}

    # ——— the thread that opens presets ———

    def _opening(self) -> None:
        while (asked := self._asked.get()) is not None and self._running:
            guest, fields = asked
            if guest.connection.gone:
                continue
            try:
                guest.opened = self._open(fields)
            except UserError as error:
                guest.opened = str(error)
            except Exception as error:  # a file that no check has foreseen
                guest.opened = f"{fields['name']} cannot be opened ({_name(error)})."
            self.wake()

    def _open(self, fields: Mapping[str, Any]) -> Opened:
        name, opened = fields["name"], self._generators.instrument
        if fields["text"]:
            folder = Path(fields["folder"])
            preset = Preset.of_text(fields["text"], name or "The preset", folder, opened)
        else:
            path = find_preset(name)
            folder = path.absolute().parent
            preset = Preset.open(path, opened)
        _check_size(preset)
        return Opened(preset, self._store(preset), str(folder))

    def _store(self, preset: Preset) -> ClipStore:
        digest = preset.opened.digest
        store = self._stores.get(digest)
        if store is None:
            store = self._stores[digest] = ClipStore(self._generators.generator(preset.opened))
        if store in self._kept:
            self._kept.remove(store)
        self._kept.append(store)
        return store


def _check_size(preset: Preset) -> None:
    """Raises UserError if all clips of a preset together are more than an engine can keep for one of many clients."""
    instrument = preset.opened
    clips = sum(len(zone.slots()) for zone in preset.zones)
    if (size := clips * 4 * instrument.channels * instrument.clip_frames) > MOST_CLIP_BYTES:
        raise UserError(
            f"The preset {preset.name} has {clips} sounds of {instrument.seconds:.1f} s, {size >> 20} MiB in all; "
            f"a plugin takes {MOST_CLIP_BYTES >> 20} MiB: use fewer keys, siblings or layers."
        )


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {reason(error)}"
