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
from engine.controls import Controls
from engine.generator import Generator
from engine.hands import Slot
from engine.preset import Preset
from engine.program import Values, send_changes
from engine.sound import Sound
from engine.supply import Supply

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

    `rings` are those of the MIDI input; the sampler reads the same. `generator` is warm. Methods: [control-thread].
    """

    def __init__(
        self,
        preset: Preset,
        generator: Generator,
        rings: Sequence[_native.EventRing],
        rate: int,
        block: int,
        draw: random.Random,
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
        self._block_seconds = block / rate
        self._supply = Supply(generator, self.sampler, rate)
        self._values = self.controls.values()
        self._actions: queue.SimpleQueue[Callable[[Controls], object]] = queue.SimpleQueue()
        self._running = True
        self._ready = threading.Event()
        self._turn = threading.Condition()
        self._wish: _Wish | None = None
        self._supply.load(preset, self._values, self.controls.sounds())
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

    @property
    def generated(self) -> int:
        """Sounds generated since the start. [thread-safe]"""
        return self._supply.generated

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
        values = self.controls.values()
        send_changes(self.sampler, self._values, values)
        self._values = values
        wish = _Wish(self.controls.preset, values, self.controls.sounds())
        with self._turn:
            self._wish = wish
            self._turn.notify()

    # ——— the supply's thread ———

    def _supplying(self) -> None:
        look_ahead = self._block_seconds
        while self._running:
            with self._turn:
                wish, self._wish = self._wish, None
            if wish is not None:
                self._supply.want(wish.preset, wish.values, wish.sounds)
            jobs = self._supply.jobs(self._supply.voices(), list(self.controls.recent), look_ahead)
            if jobs:
                begin = time.monotonic()
                self._supply.make(jobs)
                # A voice goes on while its blocks are made: begin where it will be then.
                taken = time.monotonic() - begin
                look_ahead = 0.8 * look_ahead + 0.2 * (taken + 2 * self._block_seconds)
            if not self._ready.is_set() and self._supply.playable():
                self._ready.set()
            if not jobs:
                with self._turn:
                    if self._running and self._wish is None:
                        self._turn.wait(SUPPLY_SECONDS)
