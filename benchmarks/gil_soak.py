"""Thirty-two voices beside two busy Python threads: the engine, and a mixer and MIDI input as plain Python makes them.

A JACK client sends notes to a real MIDI port and records what is played; every sound begins with a click of one frame,
so that lost and late notes can be counted. Both ways get the same notes, block, number of voices, busy threads and a
generator at work. The engine is `engine play`; the plain way is a callback of `sounddevice.OutputStream` that mixes the
same clips with NumPy, fed by a callback of python-rtmidi, all in one process with Python's own switch interval.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import jack_server  # noqa: E402  (the tests' helpers are found by the line above)
from click_instrument import CLICK, HEARD_CLICK, onsets, write_click_preset  # noqa: E402
from engine_process import EngineProcess, be_busy  # noqa: E402
from jack_probe import Event, Probe, Take  # noqa: E402

RATE, PERIOD, VOICES = 48000, 128, 32
KEYS = range(36, 36 + VOICES)
CLIP_SECONDS = 1.0
LEAD_FRAMES = 4800
KNOB_SECONDS = 0.05  # between two moves of the knob that keeps the generator at work
LATE_MS = 20.0  # a note this long after it was sent is called late
TAIL_SECONDS = 5.0  # how long a note may take to be counted at all
PLAIN_AUDIO = "PortAudio"  # what PortAudio calls itself in JACK
PLAIN_CLIENT, PLAIN_PORT = "Plain-MIDI", "in"
PLAIN_READY = "plain: ready"


def schedule(seconds: float) -> tuple[list[int], list[Event]]:
    """(frames of the notes, all events): VOICES notes a second, each a second long, at random offsets, and the knob."""
    draw = np.random.default_rng(2)
    gap = round(CLIP_SECONDS * RATE / VOICES)
    count = round(seconds * RATE / gap)
    frames = [LEAD_FRAMES + i * gap + int(draw.integers(0, gap // 2)) for i in range(count)]
    events = [(frame, bytes((0x90, KEYS[i % VOICES], 127))) for i, frame in enumerate(frames)]
    knob_gap = round(KNOB_SECONDS * RATE)
    events += [
        (LEAD_FRAMES + i * knob_gap, bytes((0xB0, 1, i * 5 % 128))) for i in range(round(seconds / KNOB_SECONDS))
    ]
    return frames, events


def compare(take: Take, frames: list[int], unit: float) -> dict[str, Any]:
    """What became of the notes."""
    heard = onsets(take.audio[:, 0], unit)
    result: dict[str, Any] = {"notes": len(frames), "heard": len(heard), "jack_xruns": take.xruns}
    result["lost"] = max(0, len(frames) - len(heard))
    if len(heard) == len(frames):  # with notes lost nobody knows which onset is whose
        latency = (np.array(heard) - np.array(frames)) / RATE * 1000
        p50, p99 = np.percentile(latency, [50, 99])
        result |= {"latency_p50_ms": round(float(p50), 2), "latency_p99_ms": round(float(p99), 2)}
        result["late"] = int((latency > LATE_MS).sum())
    return result


def soak_engine(preset: Path, seconds: float, busy: int) -> dict[str, Any]:
    """The engine."""
    frames, events = schedule(seconds)
    arguments = ("play", str(preset), "--audio", "jack", "--connect", "Keyboard:in")
    with Probe() as probe, EngineProcess(*arguments, busy=busy) as engine:
        engine.wait_ready()
        probe.wait_connected()
        before = engine.counters()
        take = probe.take(events, frames[-1] + round(CLIP_SECONDS * RATE))
        after = engine.counters()
    result = compare(take, frames, HEARD_CLICK)
    names = ("blocks", "underflows", "late_events", "dropped_events", "steals", "starved", "notes", "generated")
    counted = {name: after[name] - before[name] for name in names}
    counted["worst_block_ms"] = round(after["worst_block_ns"] / 1e6, 3)
    return {**result, "missed_blocks": counted["underflows"], "counters": counted}


def soak_plain(preset: Path, seconds: float, busy: int, environment: dict[str, str]) -> dict[str, Any]:
    """The plain way."""
    frames, events = schedule(seconds)
    with tempfile.TemporaryFile("w+") as output, Probe("Keyboard") as probe:
        command = [sys.executable, __file__, "--plain", str(preset), "--busy", str(busy)]
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            said = _wait_for(process, output, PLAIN_READY)
            import jack

            with jack.Client("Patch", no_start_server=True) as patch:
                for i in (1, 2):
                    patch.connect(f"{PLAIN_AUDIO}:out_{i - 1}", f"Keyboard:in_{i}")
                patch.connect("Keyboard:keys", f"{PLAIN_CLIENT}:{PLAIN_PORT}")
            take = probe.take(events, frames[-1] + round(TAIL_SECONDS * RATE))
            process.send_signal(signal.SIGTERM)
            result = compare(take, frames, CLICK / 2)
            try:
                said = _wait_for(process, output, "counters ")
            except RuntimeError:  # JACK throws out a client that holds it up for too long, and some take that badly
                return {**result, "missed_blocks": None, "counters": {}, "gave_no_account": True}
        finally:
            process.kill()
            process.wait()
    counted = json.loads(said.rpartition("counters ")[2].splitlines()[0])
    return {**result, "missed_blocks": counted["underflows"], "counters": counted}


def _wait_for(process: subprocess.Popen[bytes], output: Any, text: str, deadline_s: float = 60.0) -> str:
    end = time.monotonic() + deadline_s
    while True:
        output.seek(0)
        said: str = output.read()
        if text in said:
            return said
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the plain way did not get to {text!r}:\n{said}")
        time.sleep(0.05)


def play_plain(preset_path: Path, busy: int) -> None:
    """The process of the plain way: mixes until SIGTERM, then prints what it has counted."""
    import rtmidi
    import sounddevice

    from engine.generator import Generator
    from engine.preset import Preset

    preset = Preset.open(preset_path)
    assert preset.instrument is not None
    generator = Generator(preset.instrument)
    generator.warm_up()
    sounds = preset.sounds(preset.positions)
    clips = {
        key: generator.generate(sound.z(), 0, generator.block_total)[0, 0] for (_, key, _), sound in sounds.items()
    }
    voices: list[list[Any]] = []  # [clip, position], the oldest first
    counted = {"blocks": 0, "underflows": 0, "notes": 0}

    def hear(event: tuple[list[int], float], data: object) -> None:
        message = event[0]
        if message[0] == 0x90 and message[1] in clips:
            counted["notes"] += 1
            voices.append([clips[message[1]], 0])
            del voices[:-VOICES]

    def mix(out: Any, frames: int, when: object, status: sounddevice.CallbackFlags) -> None:
        counted["blocks"] += 1
        counted["underflows"] += bool(status.output_underflow)
        out.fill(0)
        for voice in list(voices):
            clip, position = voice
            part = clip[position : position + frames]
            out[: len(part), 0] += 0.5 * part
            out[: len(part), 1] += 0.5 * part
            voice[1] += frames
        voices[:] = [voice for voice in voices if voice[1] < len(voice[0])]

    latent_dim = preset.instrument.latent_dim

    def generate() -> None:
        draw = np.random.default_rng(3)
        while True:
            generator.generate(draw.uniform(-1, 1, (16, latent_dim)), 0, 2)
            time.sleep(0.02)

    device = next(api for api in sounddevice.query_hostapis() if "JACK" in api["name"])["default_output_device"]
    stream = sounddevice.OutputStream(
        samplerate=RATE, blocksize=PERIOD, device=device, channels=2, dtype="float32", latency="low", callback=mix
    )
    keys = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, name=PLAIN_CLIENT)
    keys.open_virtual_port(PLAIN_PORT)
    keys.set_callback(hear)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: ended.set())
    stream.start()
    print(PLAIN_READY, flush=True)
    be_busy(busy)
    threading.Thread(target=generate, daemon=True).start()
    while not ended.is_set():
        time.sleep(0.05)
    print("counters", json.dumps(counted), flush=True)
    signal.pause()


def measure(seconds: float, busy: int, work: int, realtime: bool, plain: bool = True) -> dict[str, Any]:
    """Both ways, one after the other, each on a server of its own; without `plain` the engine alone."""
    result: dict[str, Any] = {"rate": RATE, "block": PERIOD, "voices": VOICES, "seconds": seconds}
    result |= {"busy_threads": busy, "realtime": realtime, "late_means_ms": LATE_MS}
    with tempfile.TemporaryDirectory() as folder:
        preset = write_click_preset(
            Path(folder), sample_rate=RATE, frames=round(CLIP_SECONDS * RATE), work=work, polyphony=2 * VOICES
        )
        with jack_server.running(RATE, PERIOD, realtime):
            if plain:
                with Probe("Alone") as probe:
                    alone = probe.take([], round(seconds * RATE))
                result["server_alone"] = {"jack_xruns": alone.xruns}
            result["engine"] = soak_engine(preset, seconds, busy)
        if plain:
            with jack_server.running(RATE, PERIOD, realtime) as server:
                result["plain_python"] = soak_plain(preset, seconds, busy, server.environment)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="32 voices beside busy Python threads, the engine and plain Python.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each way (default: %(default)s)")
    parser.add_argument("--busy", type=int, default=2, help="busy threads in the process (default: %(default)s)")
    parser.add_argument(
        "--work", type=int, default=2, help="matrix products that a run of the generator makes (default: %(default)s)"
    )
    parser.add_argument("--no-realtime", action="store_true", help="run jackd without real-time scheduling")
    parser.add_argument("--plain", type=Path, metavar="PRESET", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.plain is not None:
        play_plain(arguments.plain, arguments.busy)
        return
    result = measure(arguments.seconds, arguments.busy, arguments.work, not arguments.no_realtime)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(
        f"{RATE} Hz, {PERIOD} frames, {VOICES} voices, {arguments.seconds} s, {arguments.busy} busy threads, "
        f"{'real-time' if result['realtime'] else 'ordinary'} scheduling; late: over {LATE_MS} ms"
    )
    print(f"xruns of the JACK server with the recording client alone: {result['server_alone']['jack_xruns']}")
    for name in ("engine", "plain_python"):
        figures = {key: value for key, value in result[name].items() if key != "counters"}
        print(f"{name:13}", "  ".join(f"{key} {value}" for key, value in figures.items()))
        print(" " * 13, "  ".join(f"{key} {value}" for key, value in result[name]["counters"].items()))


if __name__ == "__main__":
    main()
