"""How soon and how often a held sound follows a controller: a sweep at 100 messages a second on a looping note."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine import _native
from engine.bench_rig import LOOK_SECONDS, BenchRig, spread
from engine.controls import Controls
from engine.instrument import Instrument
from engine.macro import AXIS, MORPH_X, Macro, Target
from engine.preset import Preset, eight
from engine.sound import Sound
from engine.zone import Path, Zone

MESSAGES_A_SECOND = 100
KEY = 60
LOOP = {"mode": 2.0, "loop_start": 0.05, "loop_end": 0.5}  # where a drum still sounds
SWEEP, SHIFT = 1, 16  # controllers: the one that is swept, and the one that moves where it turns
HEARD_SHARE = 0.1  # of the crossfade: by then a new sound is heard
SETTLE_SECONDS = 0.5  # before the sweep and after it
LOOKED_BACK = 400  # moves among which the one is looked for that asked for a clip


def morph_preset(instrument: Instrument) -> Preset:
    """One looping key on the way between two of the instrument's sounds; a second knob moves both of them."""
    ends = (*(favourite.seed for favourite in instrument.favourites[:2]), 1, 2)[:2]
    zone = Zone("held", (KEY,), Path(ends), LOOP)
    knobs = (
        Macro(1, "Morph", 0.0, SWEEP, (Target(MORPH_X, 0.0, 1.0),)),
        Macro(2, "Shift", 0.0, SHIFT, (Target(f"{AXIS}1", 0.0, 3.0),)),
    )
    play = {"limiter": 0.0, "master_gain_db": 0.0}
    return Preset("Morph", str(instrument.path), (zone,), eight(knobs), play, instrument=instrument)


@dataclass(frozen=True)
class Move:
    """Messages that arrive together, and the sound that the held key should have from then on."""

    messages: tuple[bytes, ...]
    sound: Sound


def sweep(preset: Preset, seconds: float) -> list[Move]:
    """A controller swept up and down. Where it turns another one moves on, so that no sound is asked for twice."""
    controls = Controls(preset, random.Random(1))
    moves = []
    for index in range(round(seconds * MESSAGES_A_SECOND)):
        turn, place = divmod(index, 127)
        value = place if turn % 2 else 127 - place
        messages = [bytes((0xB0, SWEEP, value))]
        if place == 0:
            messages.append(bytes((0xB0, SHIFT, (turn + 1) % 128)))
        for message in messages:
            controls.handle(message)
        moves.append(Move(tuple(messages), controls.sounds()[0, KEY, 0]))
    return moves


def measure_morph(
    rig: BenchRig, moves: list[Move], watch: Callable[[float], object] = lambda seconds: None
) -> tuple[dict[str, Any], list[Sound]]:
    """Holds the key, makes the moves and tells when what was heard of them, and which sounds; the key sounds on.

    `rig` plays `morph_preset`. `watch` is called at every look with the seconds since the first move. Times are from a
    message's arrival to the frame that has a tenth of the crossfade to the clip that it asked for.
    """
    before = rig.player.sampler.counters()
    rig.push(bytes((0x90, KEY, 127)))
    rig.wait(SETTLE_SECONDS)
    arrived: list[int] = []
    heard: dict[int, float] = {}  # move → ms
    seen: set[int] = set()  # clips
    begin = time.monotonic()
    looked, longest = begin, 0.0

    def look() -> None:
        nonlocal looked, longest
        now = time.monotonic()
        looked, longest = now, max(longest, now - looked)
        watch(now - begin)
        frame, voices = rig.look()
        for voice in voices:
            if voice.incoming and voice.incoming not in seen:
                seen.add(voice.incoming)
                at = _asked_for(rig, moves[: len(arrived)], voice.incoming)
                tenth = frame - voice.faded + HEARD_SHARE * _native.SWAP_SECONDS * rig.choice.rate
                if at is not None:
                    heard[at] = (rig.time_of(tenth) - arrived[at]) / 1e6

    for index, move in enumerate(moves):
        due = begin + index / MESSAGES_A_SECOND
        while (left := due - time.monotonic()) > 0:
            look()
            time.sleep(min(LOOK_SECONDS, max(0.0, left)))
        arrived.append(rig.push(*move.messages))
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end:
        look()
        time.sleep(LOOK_SECONDS)
    rig.player.check()
    after = rig.player.sampler.counters()
    figures = {
        "messages": len(moves),
        "clips": len(heard),
        "clips_a_second": len(heard) * MESSAGES_A_SECOND / len(moves),
        **spread(list(heard.values()), 50, 95),
        **{name: after[name] - before[name] for name in ("underflows", "starved", "late_events")},
        "longest_without_a_look_ms": 1000 * longest,  # beyond a crossfade, clips may be missing in these figures
    }
    return figures, [moves[at].sound for at in sorted(heard)]


def _asked_for(rig: BenchRig, moves: list[Move], clip: int) -> int | None:
    """The newest move that asked for this clip; None if none did."""
    for at in range(len(moves) - 1, max(-1, len(moves) - 1 - LOOKED_BACK), -1):
        try:
            if rig.player.store.clip(moves[at].sound).id == clip:
                return at
        except KeyError:  # nothing was made of it, or it is given up already
            continue
    return None
