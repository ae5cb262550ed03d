"""From a note to its onset, in frames of a JACK server without a sound card, and how far that spreads.

A client with real-time priority sends note-ons at random offsets within JACK's period to the engine's MIDI port and
records the engine's audio in the same process callback; every sound begins with a click of one frame. Measured with
the engine at rest, while a knob is swept at 100 messages a second, and with busy threads of pure Python in its process
besides; and for events that are put into the engine's ring with known times, which is what a port that stamps by a
clock delivers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import jack_server  # noqa: E402  (the tests' helpers are found by the line above)
from click_instrument import HEARD_CLICK, onsets, write_click_preset  # noqa: E402
from engine_process import STRIKE_AHEAD_NS, STRIKE_GAP_NS, STRIKES, EngineProcess  # noqa: E402
from jack_probe import Event, Probe  # noqa: E402

from engine.player import event_latency  # noqa: E402

KEYS = range(36, 68)
LEAD_SECONDS = 1.5  # before the first note: the engine's clock is back in step by then if JACK was late before
GAP_SECONDS = 0.025  # between notes, and as much again at random
SWEEP = 100  # messages a second of the knob
SWEEP_MARGIN_MS = 0.5  # by which the 99th percentile may grow while it is swept
MARGIN_MS = 0.5  # beyond one JACK period for notes through a port; in all for those of known times


def notes_and_knob(count: int, rate: int, seed: int, knob: bool) -> tuple[list[int], list[Event], int]:
    """(frames of the notes, all events, frames in all): note-ons at random offsets, and a knob swept between them."""
    draw = np.random.default_rng(seed)
    gap, lead = round(GAP_SECONDS * rate), round(LEAD_SECONDS * rate)
    frames = [lead + i * gap + int(draw.integers(0, gap // 2)) for i in range(count)]
    events = [(frame, bytes((0x90, KEYS[i % len(KEYS)], 127))) for i, frame in enumerate(frames)]
    if knob:
        moves = range((count * gap * SWEEP) // rate)
        events += [(lead + i * rate // SWEEP, bytes((0xB0, 1, i * 5 % 128))) for i in moves]
        events.sort(key=lambda event: event[0])
    return frames, events, frames[-1] + rate // 2


def summary(latency_ms: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, float]:
    """The percentiles that are reported."""
    p1, p50, p99 = (float(value) for value in np.percentile(latency_ms, [1, 50, 99]))
    figures = {"p1_ms": p1, "p50_ms": p50, "p99_ms": p99, "max_ms": float(latency_ms.max()), "spread_ms": p99 - p1}
    return {name: round(value, 3) for name, value in figures.items()}


def through_the_port(probe: Probe, engine: EngineProcess, count: int, rate: int, knob: bool) -> dict[str, Any]:
    """Notes through the engine's MIDI port."""
    frames, events, total = notes_and_knob(count, rate, 1, knob)
    before = engine.counters()
    take = probe.take(events, total)
    after = engine.counters()
    heard = onsets(take.audio[:, 0], HEARD_CLICK)
    result: dict[str, Any] = {"notes": count, "heard": len(heard), "jack_xruns": take.xruns}
    result |= {name: after[name] - before[name] for name in ("underflows", "late_events", "generated")}
    if len(heard) == count:
        result |= summary((np.array(heard) - np.array(frames)) / rate * 1000)
    return result


def from_the_ring(probe: Probe, engine: EngineProcess, rate: int) -> dict[str, Any]:
    """Notes of known times, pushed ahead."""
    seconds = (STRIKE_AHEAD_NS + STRIKES * STRIKE_GAP_NS) / 1e9 + 0.3
    probe.begin([], round(seconds * rate))
    times = engine.strike()
    take = probe.finish()
    heard = onsets(take.audio[:, 0], HEARD_CLICK)
    result: dict[str, Any] = {"notes": len(times), "heard": len(heard), "jack_xruns": take.xruns}
    if len(heard) == len(times):
        result |= summary((np.array([take.time_ns(frame) for frame in heard]) - np.array(times)) / 1e6)
    return result


@contextlib.contextmanager
def running_engine(
    rate: int, period: int, busy: int, work: int, realtime: bool
) -> Iterator[tuple[Probe, EngineProcess]]:
    """A probe and the engine, connected to each other on a JACK server of their own."""
    with tempfile.TemporaryDirectory() as folder, jack_server.running(rate, period, realtime):
        preset = write_click_preset(Path(folder), sample_rate=rate, frames=rate // 2, work=work)
        arguments = ("play", str(preset), "--audio", "jack", "--connect", "Keyboard:in")
        with Probe() as probe, EngineProcess(*arguments, busy=busy) as engine:
            engine.wait_ready()
            probe.wait_connected()
            yield probe, engine


def measure(rate: int, period: int, count: int, busy: int, work: int, realtime: bool) -> dict[str, Any]:
    """All cases."""
    result: dict[str, Any] = {
        "rate": rate,
        "period": period,
        "period_ms": round(1000 * period / rate, 3),
        "realtime": realtime,
        "constant_ms": round(1000 * event_latency(rate, period), 3),
        "busy_threads": busy,
        "bar_port_ms": round(1000 * period / rate + MARGIN_MS, 3),
        "bar_ring_ms": MARGIN_MS,
    }
    with running_engine(rate, period, 0, work, realtime) as (probe, engine):
        for name, knob in (("at_rest", False), ("swept", True)):
            result[f"port_{name}"] = through_the_port(probe, engine, count, rate, knob)
        result["ring_at_rest"] = from_the_ring(probe, engine, rate)
    with running_engine(rate, period, busy, work, realtime) as (probe, engine):
        result["port_busy"] = through_the_port(probe, engine, count, rate, knob=True)
        result["ring_busy"] = from_the_ring(probe, engine, rate)
    if all("p99_ms" in result[name] for name in ("port_at_rest", "port_swept")):
        result["sweep_adds_ms"] = round(result["port_swept"]["p99_ms"] - result["port_at_rest"]["p99_ms"], 3)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="From a note to its onset through JACK, and the spread of it.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--notes", type=int, default=400, help="through the port, per case (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=48000, help="Hz (default: %(default)s)")
    parser.add_argument("--period", type=int, default=128, help="frames (default: %(default)s)")
    parser.add_argument("--busy", type=int, default=2, help="busy threads in the engine (default: %(default)s)")
    parser.add_argument(
        "--work", type=int, default=2, help="matrix products that a run of the generator makes (default: %(default)s)"
    )
    parser.add_argument("--no-realtime", action="store_true", help="run jackd without real-time scheduling")
    arguments = parser.parse_args()
    result = measure(
        arguments.rate, arguments.period, arguments.notes, arguments.busy, arguments.work, not arguments.no_realtime
    )
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(
        f"{result['rate']} Hz, {result['period']} frames ({result['period_ms']} ms); the engine's constant of "
        f"{result['constant_ms']} ms is in every figure; bars for the spread p99 − p1: {result['bar_port_ms']} ms "
        f"through the port, {result['bar_ring_ms']} ms from the ring"
    )
    print(f"a sweep adds {result.get('sweep_adds_ms')} ms to the 99th percentile; bar: {SWEEP_MARGIN_MS}")
    for name in ("port_at_rest", "port_swept", "port_busy", "ring_at_rest", "ring_busy"):
        print(f"{name:13}", "  ".join(f"{key} {value}" for key, value in result[name].items()))


if __name__ == "__main__":
    main()
