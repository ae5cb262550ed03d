"""From a note's arrival to the frame at which it begins to sound, and how far that spreads."""

from __future__ import annotations

import random
import time
from typing import Any

from engine.bench_rig import LOOK_SECONDS, BenchRig, spread
from engine.morph_probe import KEY

GAP_SECONDS = 0.03  # between notes, and as much again at random


def measure_notes(rig: BenchRig, count: int) -> dict[str, Any]:
    """Strikes the key `count` times at random moments. `rig` plays `morph_preset`, whose sounds begin at their front.

    What it knows without a sound card: from the arrival in the event ring to the audio that the callback gives out.
    Ports and devices come on top; `benchmarks/note_latency.py` measures them from outside.
    """
    draw = random.Random(1)
    before = rig.player.sampler.counters()["late_events"]
    rig.wait(GAP_SECONDS)
    seen = {voice.voice for voice in rig.look()[1]}
    found = []
    for _ in range(count):
        arrived = rig.push(bytes((0x80, KEY, 0)), bytes((0x90, KEY, 127)))
        end = time.monotonic() + GAP_SECONDS * (1 + draw.random())
        while time.monotonic() < end:
            frame, voices = rig.look()
            for voice in voices:
                if voice.voice not in seen:
                    seen.add(voice.voice)
                    found.append((rig.time_of(frame - voice.position / voice.step) - arrived) / 1e6)
            time.sleep(LOOK_SECONDS)
    rig.push(bytes((0x80, KEY, 0)))
    rig.player.check()
    return {
        "notes": count,
        "heard": len(found),
        "constant_ms": 1000 * rig.player.latency,
        **spread(found, 1, 50, 99),
        "late_events": rig.player.sampler.counters()["late_events"] - before,
    }
