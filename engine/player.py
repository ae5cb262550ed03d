"""Plays live: MIDI events to the controls and the sampler, wishes to the supply, clips to the sampler."""

from __future__ import annotations

import queue
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine import _native
from engine.clip_store import ClipStore
from engine.controls import Controls
from engine.generator import Generator
from engine.hands import Slot
from engine.plan import Job
from engine.preset import Preset
from engine.program import Values, send_changes
from engine.sound import Sound
from engine.supply import Supply
from engine.trouble import Trouble

MAX_LATENCY = 0.010  # seconds from a MIDI event to its place in the audio, at most
DELIVERY_SECONDS = 0.004  # what the port process, its polling and the scheduler take, worst of all usual cases
CONTROL_SECONDS = 0.001  # how often the control thread looks at the event rings
SUPPLY_SECONDS = 0.02  # how often the supply looks for voices that need blocks when nobody tells it
SWITCH_SECONDS = 1e-4  # Python's own 5 ms would let one busy thread hold up the others for two audio blocks


def event_latency(rate: int, block: int) -> float:
    """Seconds from a MIDI event's arrival to the frame where it is played: one block and the way there."""
    return min(MAX_LATENCY, block / rate + DELIVERY_SECONDS)


@dataclass
class _Wish:
    """What the control thread wants of the supply: the newest counts."""

    preset: Preset
    values: Values
    sounds: dict[Slot, Sound]


class Player:
    """Two threads beside the audio: one reads events and moves the controls, one keeps the supply going.

    `rings` are those of the MIDI input; the sampler reads the same. `generator` is warm. `on_program` is called with
    the number of a program change, in the control thread. Methods: [control-thread], those so marked [thread-safe].
    """

    def __init__(
        self,
        preset: Preset,
        generator: Generator,
        rings: Sequence[_native.EventRing],
        rate: int,
        block: int,
        draw: random.Random,
        on_program: Callable[[int], None] = lambda number: None,
    ) -> None:
        self.sampler = _native.Sampler()
        self.sampler.prepare(float(rate))
        self.latency = event_latency(rate, block)
        self.callback = _native.AudioCallback(self.sampler, float(rate), self.latency)
        self._readers = []
        for ring in rings:
            self.callback.add_ring(ring)
            self._readers.append(ring.reader())
        self.controls = Controls(preset, draw)
        self.notices: queue.SimpleQueue[str] = queue.SimpleQueue()  # sentences for the player
        self.trouble = Trouble(self.notices.put, time.monotonic)
        self._rate, self._draw, self._on_program = rate, draw, on_program
        self._block_seconds = block / rate
        self._values: Values = self.controls.values()
        self._claimed = preset.claimed_controllers
        self._actions: queue.SimpleQueue[Callable[[Controls], object]] = queue.SimpleQueue()
        self._running = True
        self._ready = threading.Event()
        self._turn = threading.Condition()
        self._wish: _Wish | None = None
        self._coming: tuple[ClipStore, _Wish] | None = None  # another preset, for the supply thread to take up
        self._changing = False  # another preset is on its way: the sampler still plays the one before
        self._supply = Supply(ClipStore(generator), self.sampler, rate)
        self._next: Supply | None = None  # of the preset that is on its way
        self._leaving: list[Supply] = []  # of presets whose voices still sound
        self._supply.want(preset, self._values, self.controls.sounds())
        self._supply.begin()
        self._sounding: set[Slot] = set()
        self._odd = False  # whose turn it is while a preset changes
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
            for work, name in ((self._control, "control"), (self._supplying, "supply"))
        ]

    def start(self) -> None:
        """Starts both threads; `wait_ready` tells when every key has its sound."""
        sys.setswitchinterval(SWITCH_SECONDS)
        for thread in self._threads:
            thread.start()

    def wait_ready(self, timeout: float) -> bool:
        """Waits until every key can be played; False if that takes longer."""
        return self._ready.wait(timeout)

    def close(self) -> None:
        """Ends the threads. Close the output first."""
        self._running = False
        with self._turn:
            self._turn.notify()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def do(self, action: Callable[[Controls], object]) -> None:
        """Runs an action on the controls, in the control thread; what it changes is heard. [thread-safe]"""
        self._actions.put(action)

    def load(self, preset: Preset, store: ClipStore) -> None:
        """Plays another preset as soon as its keys are there; what sounds goes on to its end. [thread-safe]

        `store` is its instrument's, with a generator that is warm; its clips may be there already.
        """
        self._actions.put(lambda _: self._change(preset, store))

    @property
    def store(self) -> ClipStore:
        """The clips of the instrument that is played. [thread-safe]"""
        return self._supply.store

    @property
    def changing(self) -> bool:
        """Whether a loaded preset is still on its way. [thread-safe]"""
        return self._changing

    @property
    def generated(self) -> int:
        """Sounds generated since the start. [thread-safe]"""
        return self._supply.store.generated

    @property
    def failure(self) -> BaseException | None:
        """What ended a thread that should go on. [thread-safe]"""
        return self._failure

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # told by whoever runs the player: a thread has nobody to tell
            self._failure = error

    # ——— the control thread ———

    def _control(self) -> None:
        version = self.controls.version
        while self._running:
            heard = False
            for reader in self._readers:
                for _, _, message in reader.read():
                    heard = True
                    self.controls.handle(message)
            if self.controls.program is not None:
                number, self.controls.program = self.controls.program, None
                self._on_program(number)
            while not self._actions.empty():
                self._actions.get()(self.controls)
            if self.controls.version != version:
                version = self.controls.version
                self._apply()
            elif heard:
                with self._turn:
                    self._turn.notify()
            time.sleep(CONTROL_SECONDS)

    def _apply(self) -> None:
        preset, values = self.controls.preset, self.controls.values()
        wish = _Wish(preset, values, self.controls.sounds())
        with self._turn:
            if not self._changing:
                self._send(preset, values)
            self._wish = wish
            self._turn.notify()

    def _send(self, preset: Preset, values: Values) -> None:
        send_changes(self.sampler, self._values, values)
        if preset.claimed_controllers != self._claimed:
            self.sampler.set_claimed(sorted(preset.claimed_controllers))
        self._values, self._claimed = values, preset.claimed_controllers

    def _change(self, preset: Preset, store: ClipStore) -> None:
        """The controls are the new preset's from now on; the sampler plays it once its keys are there."""
        version = self.controls.version
        self.controls = Controls(preset, self._draw)
        self.controls.version = version  # whoever compares versions has nothing to apply yet
        wish = _Wish(preset, self.controls.values(), self.controls.sounds())
        with self._turn:
            self._changing = True
            self._coming, self._wish = (store, wish), None
            self._turn.notify()

    # ——— the supply's thread ———

    def _supplying(self) -> None:
        look_ahead = self._block_seconds
        while self._running:
            self._take_wishes()
            supply, jobs = self._most_urgent(look_ahead)
            if supply is not None:
                taken = self._make(supply, jobs)
                # A voice goes on while its blocks are made: begin where it will be then.
                look_ahead = 0.8 * look_ahead + 0.2 * (taken + 2 * self._block_seconds)
            self._begin_next()
            if not self._ready.is_set() and self._supply.playable():
                self._ready.set()
            if supply is None:
                with self._turn:
                    if self._running and self._wish is None and self._coming is None:
                        self._turn.wait(SUPPLY_SECONDS)

    def _take_wishes(self) -> None:
        with self._turn:
            coming, self._coming = self._coming, None
            wish, self._wish = self._wish, None
        if coming is not None:
            store, first = coming
            self._next = Supply(store, self.sampler, self._rate)
            self._next.want(first.preset, first.values, first.sounds)
        if wish is not None:
            (self._next or self._supply).want(wish.preset, wish.values, wish.sounds)

    def _most_urgent(self, look_ahead: float) -> tuple[Supply | None, list[Job]]:
        """Whose turn it is, and what it is to make: voices of presets that are leaving, those that play, what comes."""
        if self.trouble.waiting:
            return None, []
        for leaving in list(self._leaving):
            voices = leaving.voices()
            if not voices:
                self._leaving.remove(leaving)
            elif jobs := leaving.jobs(voices, (), look_ahead):
                return leaving, jobs
        voices = self._supply.voices()
        self._renew({voice.slot for voice in voices})
        self._odd = not self._odd
        if self._next is not None and (self._odd or not voices) and (jobs := self._next.jobs(())):
            return self._next, jobs
        jobs = self._supply.jobs(voices, list(self.controls.recent) if self._next is None else (), look_ahead)
        return (self._supply, jobs) if jobs else (None, [])

    def _make(self, supply: Supply, jobs: list[Job]) -> float:
        """Makes them; the seconds it took."""
        begin = time.monotonic()
        self.trouble.begin()
        try:
            supply.make(jobs)
        except Exception as error:  # whatever onnxruntime raises, out of memory among it: the old sounds go on
            self.trouble.failed(str(error).splitlines()[0] if str(error) else type(error).__name__)
        else:
            if supply.store.bad():
                self.trouble.failed("they are no numbers", wait=False)  # others may be
            else:
                self.trouble.worked()
        return time.monotonic() - begin

    def _begin_next(self) -> None:
        """The preset that was loaded is played once its keys are there."""
        if self._next is None or not self._next.playable():
            return
        with self._turn:
            if self._wish is not None or self._coming is not None or not self._next.begin():
                return  # something newer is wanted, or the sampler is busy: the next round
            self._supply.leave()
            self._leaving.append(self._supply)
            self._supply, self._next = self._next, None
            self._values, self._claimed = self._supply.values, self._supply.preset.claimed_controllers
            self._sounding = set()
            self._changing = False

    def _renew(self, sounding: set[Slot]) -> None:
        """Slots that were played and are silent again: those of a fresh zone get another clip."""
        ended, self._sounding = self._sounding - sounding, sounding
        zones = self._supply.preset.zones
        if used := [slot for slot in ended if zones[slot[0]].fresh]:
            supply = self._supply
            self.do(lambda controls: controls.used(used) if supply is self._supply and not self._changing else None)
