"""From a controller to the first frame that it changed, in a held, looping note, through JACK.

Every sound of the instrument is one level, so that the first frame that differs is the first of the new sound.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import jack_server  # noqa: E402  (the tests' helpers are found by the line above)
from click_instrument import write_level_instrument  # noqa: E402
from engine_process import EngineProcess  # noqa: E402
from jack_probe import Event, Probe  # noqa: E402

RATE, PERIOD = 48000, 128
KEY = 60
HELD_FRAMES = RATE // 2  # before the first move
GAP_FRAMES = RATE // 4  # between moves, and a tenth of it more at random
PRESET = """
format = 1
name = "Levels"
instrument = "levels.onnx"

[[zone]]
name = "keys"
keys = "60"
source = "path"
corners = [1, 2]
mode = "loop"

[[macro]]
id = 1
name = "Level"
position = 0
controller = 1
targets = [{ to = "direction:pitch", range = [-0.5, 0.5] }]
"""


def write_level_preset(folder: Path, work: int) -> Path:
    """A looping note whose level controller 1 moves."""
    write_level_instrument(folder / "levels.onnx", work, sample_rate=RATE, frames=RATE)
    preset = folder / "levels.toml"
    preset.write_text(PRESET)
    return preset


def moves(count: int) -> tuple[list[int], list[Event], int]:
    """(frames of the moves, all events, frames in all): a note held, the knob always moved to a new sound."""
    draw = np.random.default_rng(4)
    frames = [HELD_FRAMES + i * GAP_FRAMES + int(draw.integers(0, GAP_FRAMES // 10)) for i in range(count)]
    events = [(1000, bytes((0x90, KEY, 127)))]
    events += [(frame, bytes((0xB0, 1, (i + 1) * 37 % 128))) for i, frame in enumerate(frames)]
    return frames, events, frames[-1] + GAP_FRAMES


def first_changes(audio: np.ndarray[Any, np.dtype[np.float32]], frames: list[int]) -> list[float]:
    """Milliseconds from each move to the first frame whose level is not what it was."""
    found = []
    for frame in frames:
        part = audio[frame : frame + GAP_FRAMES * 9 // 10]
        (changed,) = np.nonzero(np.abs(part - part[0]) > 1e-5)
        if len(changed):
            found.append(float(changed[0]) / RATE * 1000)
    return found


def measure_case(count: int, busy: int, work: int) -> dict[str, Any]:
    """One engine, on the JACK server of the environment."""
    frames, events, total = moves(count)
    with tempfile.TemporaryDirectory() as folder:
        preset = write_level_preset(Path(folder), work)
        arguments = ("play", str(preset), "--audio", "jack", "--connect", "Keyboard:in")
        with Probe() as probe, EngineProcess(*arguments, busy=busy) as engine:
            engine.wait_ready()
            probe.wait_connected()
            take = probe.take(events, total)
    changes = first_changes(take.audio[:, 0], frames)
    result: dict[str, Any] = {"busy_threads": busy, "work": work, "moves": count, "heard": len(changes)}
    if changes:
        p50, p95 = np.percentile(changes, [50, 95])
        result |= {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2), "max_ms": round(max(changes), 2)}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="From a controller to the first frame that it changed.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--moves", type=int, default=40, help="of the knob, per case (default: %(default)s)")
    arguments = parser.parse_args()
    result: dict[str, Any] = {"rate": RATE, "period": PERIOD}
    with jack_server.running(RATE, PERIOD, realtime=True):
        for name, busy, work in (("at_rest", 0, 0), ("slow_generator", 0, 8), ("busy", 2, 8)):
            result[name] = measure_case(arguments.moves, busy, work)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{RATE} Hz, {PERIOD} frames; work: matrix products of 1024 × 1024 that a run of the generator makes")
    for name in ("at_rest", "slow_generator", "busy"):
        print(f"{name:15}", "  ".join(f"{key} {value}" for key, value in result[name].items()))


if __name__ == "__main__":
    main()
