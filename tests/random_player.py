"""Plays an engine at random, from within its process: notes, controllers, pressure, pedals, bends, programs."""

from __future__ import annotations

import random
import time

from engine import _native
from engine.clip_store import CACHE_BYTES
from engine.platform import resident_bytes
from engine.player import Player

PRESETS = 5
EVENTS = 200  # a second
WARM_UP_SWEEPS = 400  # at most, until the cache is full
KEYS = range(30, 100)


def play(player: Player, ring: _native.EventRing, seconds: float) -> None:
    """Prints `soak begins RSS` once every preset was played and its caches are full, and `soak over RSS` at the end."""

    def push(*message: int) -> None:
        ring.push(_native.now_ns(), bytes(message), 0)

    player.wait_ready(600)
    for number in range(PRESETS):
        push(0xC0, number)
        time.sleep(1.0)
        for step in range(WARM_UP_SWEEPS):
            store = player.store
            instrument = store.generator.instrument
            if 4 * instrument.channels * instrument.clip_frames * (len(store.ready) + 1) > CACHE_BYTES and step > 20:
                break
            for controller in (1, 16):
                push(0xB0, controller, step * 37 % 128)
            for key in (48, 55, 60, 64):
                push(0x90, key, 100)
            time.sleep(0.05)
            for key in (48, 55, 60, 64):
                push(0x80, key, 0)
    print("soak begins", resident_bytes(), flush=True)
    draw = random.Random(3)
    held: set[tuple[int, int]] = set()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        channel = draw.choice((0, 0, 0, 1, 9))
        kind = draw.random()
        if kind < 0.35:
            key = draw.choice(KEYS)
            push(0x90 | channel, key, draw.randrange(1, 128))
            held.add((channel, key))
        elif kind < 0.65 and held:
            channel, key = draw.choice(sorted(held))
            held.discard((channel, key))
            push(0x80 | channel, key, draw.randrange(128))
        elif kind < 0.9:
            controllers = (1, 7, 10, 11, 16, 17, 18, 19, 22, 23, 24, 64, 66, 71, 72, 73, 74, 121, 123)
            controller = draw.choice(controllers)
            push(0xB0 | channel, controller, draw.randrange(64 if controller == 72 else 128))  # no release of minutes
        elif kind < 0.95:
            push(*draw.choice(((0xD0 | channel, draw.randrange(128)), (0xA0 | channel, 60, draw.randrange(128)))))
        elif kind < 0.995:
            push(0xE0 | channel, draw.randrange(128), draw.randrange(128))
        else:
            push(0xC0, draw.randrange(PRESETS))
        time.sleep(draw.expovariate(EVENTS))
    for channel, key in held:
        push(0x80 | channel, key, 0)
    for channel in range(16):
        for message in ((64, 0), (66, 0), (7, 100), (10, 64), (11, 127), (74, 64), (73, 64), (72, 64), (71, 64)):
            push(0xB0 | channel, *message)
        push(0xE0 | channel, 0, 64)
        push(0xD0 | channel, 0)
    push(0xC0, 1)
    time.sleep(12.0)  # the longest release of any knob
    voices = len(player.sampler.voices()[1])
    print("soak over", resident_bytes(), voices, flush=True)
