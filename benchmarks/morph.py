"""A held sound under a moving controller: `python benchmarks/morph.py [--json] [--seconds 30] [--audio null|jack]`.

The bundled drums and tones, each with one looping note whose macro a controller sweeps at 100 messages a second, so
that no sound is asked for twice. Times are from a message's arrival in the event ring to the frame that has a tenth of
the crossfade to the sound that it asked for. Every frame that is played is looked at for steps: at a swap there may be
what the sounds do by themselves and a 480th (the crossfade's frames at 48 kHz) of the largest difference between two.
Then a controller moves all 61 keys of the bare instrument's preset, and the time is taken until each has its new sound.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import jack_server  # noqa: E402  (the tests' helpers are found by the line above)
from tiny_instrument import tiny_model  # noqa: E402

from engine import _native, audio  # noqa: E402
from engine.bench_rig import BLOCK, LOOK_SECONDS, BenchRig  # noqa: E402
from engine.controls import Controls  # noqa: E402
from engine.data import bundled_instruments  # noqa: E402
from engine.generator import Generator  # noqa: E402
from engine.instrument import Instrument  # noqa: E402
from engine.morph_probe import KEY, MESSAGES_A_SECOND, measure_morph, morph_preset, sweep  # noqa: E402
from engine.platform import resident_bytes  # noqa: E402
from engine.preset import Preset  # noqa: E402
from engine.program import native_program  # noqa: E402
from engine.sound import Sound  # noqa: E402

INSTRUMENTS = ("drums", "tones")
RATE = 48000
ROOM_SECONDS = 10.0  # of the ring that every frame comes by
EARLY_SECONDS, FULL_SECONDS = 5.0, 15.0  # when memory is looked at: by the second the store of clips is full
ALL_KEYS_SECONDS = 2.0  # of the sweep before all keys are waited for
ALL_KEYS_DEADLINE = 60.0
ROUNDING = 1e-4
MIB = 1 << 20

P95_MS, CLIPS_A_SECOND, GROWTH_MIB, ALL_KEYS_BAR = 30.0, 30.0, 8.0, 1.0

Audio = NDArray[np.float32]


class Steps:
    """The largest difference from one frame to the next in all that was given, and the peak."""

    def __init__(self) -> None:
        self.largest = self.peak = 0.0
        self.frames = 0
        self._last = np.zeros((0, 2), np.float32)

    def add(self, frames: Audio) -> None:
        """The next frames, [frames, 2]."""
        whole = np.concatenate([self._last, frames])
        self.largest = max(self.largest, float(np.abs(np.diff(whole, axis=0)).max(initial=0.0)))
        self.peak = max(self.peak, float(np.abs(frames).max(initial=0.0)))
        self.frames += len(frames)
        self._last = whole[-1:]


def largest_step_allowed(preset: Preset, sounds: Sequence[Sound]) -> float:
    """What crossfades between these sounds may make of a step: each is held by itself, once round its loop and more."""
    instrument = preset.opened
    values = preset.parameters({})
    before = round(values[0, "loop_start"] * instrument.seconds * RATE)
    largest = peak = 0.0
    for start in range(0, len(sounds), 16):
        for clip_audio in instrument.generate([sound.z() for sound in sounds[start : start + 16]]):
            clip = _native.Clip(1, instrument.channels, instrument.clip_frames, instrument.sample_rate)
            clip.write(0, np.ascontiguousarray(clip_audio))
            program = native_program(preset, values)
            program.put(0, KEY, 0, clip)
            sampler = _native.Sampler()
            sampler.prepare(RATE)
            sampler.set_program(program)
            sampler.process([(0, bytes((0x90, KEY, 127)))], before)
            alone = Steps()
            alone.add(sampler.process([], round(instrument.seconds * RATE)))
            largest, peak = max(largest, alone.largest), max(peak, alone.peak)
    return largest + 2 * peak / (_native.SWAP_SECONDS * RATE) + ROUNDING


def measure_sweep(instrument: Instrument, generator: Generator, choice: audio.Choice, seconds: float) -> dict[str, Any]:
    """One held note, swept."""
    preset = morph_preset(instrument)
    moves = sweep(preset, seconds)
    first = preset.sounds({})[0, KEY, 0]
    steps, memory = Steps(), dict.fromkeys(("early", "full"), None)
    with BenchRig(preset, generator, choice) as rig:
        rig.player.wait_until_ready()
        ring = _native.RecordingRing(round(ROOM_SECONDS * RATE))

        def watch(passed: float) -> None:
            if not steps.frames:  # from the first move on: the note's own onset is over
                rig.player.callback.record(ring)
            steps.add(ring.read())
            for name, when in (("early", EARLY_SECONDS), ("full", FULL_SECONDS)):
                if memory[name] is None and passed >= when:
                    memory[name] = resident_bytes()

        figures, heard = measure_morph(rig, moves, watch)
        end = resident_bytes()
        rig.player.callback.record(None)
        steps.add(ring.read())
        dropped = ring.dropped
    mib = {f"memory_{name}_mib": None if value is None else value / MIB for name, value in memory.items()}
    allowed = largest_step_allowed(preset, [first, *heard])
    return {
        **figures,
        "frames_looked_at": steps.frames,
        "frames_missed": dropped,
        "largest_step": steps.largest,
        "largest_step_allowed": allowed,
        **mib,
        "memory_end_mib": None if end is None else end / MIB,
    }


def measure_all_keys(instrument: Instrument, generator: Generator, choice: audio.Choice) -> dict[str, Any]:
    """How long after a sweep's end every key of the bare instrument's preset has its new sound: its beginning, all."""
    preset = Preset.for_instrument(instrument.path)
    messages = [bytes((0xB0, 1, i * 5 % 128)) for i in range(round(ALL_KEYS_SECONDS * MESSAGES_A_SECOND))]
    controls = Controls(preset, random.Random(1))
    for message in messages:
        controls.handle(message)
    wanted = list(controls.sounds().values())
    result: dict[str, Any] = {"keys": len(wanted), "all_begun_s": None, "all_whole_s": None}
    with BenchRig(preset, generator, choice) as rig:
        rig.player.wait_until_ready()
        for message in messages:
            rig.push(message)
            time.sleep(1 / MESSAGES_A_SECOND)
        begin, ready = time.monotonic() - 1 / MESSAGES_A_SECOND, rig.player.store.ready
        goals = {"all_begun_s": 1, "all_whole_s": (1 << generator.block_total) - 1}
        while None in result.values() and (passed := time.monotonic() - begin) < ALL_KEYS_DEADLINE:
            rig.player.check()
            for name, blocks in goals.items():
                if result[name] is None and all(ready.get(sound, 0) & blocks == blocks for sound in wanted):
                    result[name] = passed
            time.sleep(LOOK_SECONDS)
    return result


def measure_paper(choice: audio.Choice, provider: str) -> dict[str, Any]:
    """How long all keys take with the paper's generator (d = 64, 16384 frames), its weights drawn at random."""
    import torch

    from trainer.wavegan.graph import build
    from trainer.wavegan.layers import Shape
    from trainer.wavegan.networks import Generator as Network

    torch.manual_seed(0)
    shape = Shape(16384, 1, 64, 100)
    told = {prop.key: prop.value for prop in tiny_model(latent_dim=100).metadata_props}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "paper.onnx"
        weights = {name: tensor.numpy() for name, tensor in Network(shape).state_dict().items()}
        path.write_bytes(build(shape, weights, told).SerializeToString())
        instrument = Instrument.open(path)
        generator = Generator(instrument, provider)
        generator.warm_up()
        return {"provider": generator.provider, **measure_all_keys(instrument, generator, choice)}


def measure(name: str, choice: audio.Choice, seconds: float, provider: str) -> dict[str, Any]:
    """One instrument, and which bars it reaches."""
    instrument = Instrument.open(bundled_instruments()[name])
    generator = Generator(instrument, provider)
    generator.warm_up()
    result = {
        "provider": generator.provider,
        **measure_sweep(instrument, generator, choice, seconds),
        **measure_all_keys(instrument, generator, choice),
    }
    full, end = result["memory_full_mib"], result["memory_end_mib"]
    result["bars"] = {
        f"p95 at most {P95_MS:g} ms": result["p95_ms"] is not None and result["p95_ms"] <= P95_MS,
        f"at least {CLIPS_A_SECOND:g} sounds a second": result["clips_a_second"] >= CLIPS_A_SECOND,
        "no underflow": result["underflows"] == 0,
        "never starved": result["starved"] == 0,
        "no step": result["largest_step"] <= result["largest_step_allowed"],
        f"memory flat, within {GROWTH_MIB:g} MiB": None if full is None or end is None else end - full <= GROWTH_MIB,
        f"all keys within {ALL_KEYS_BAR:g} s": result["all_begun_s"] is not None
        and result["all_begun_s"] <= ALL_KEYS_BAR,
    }
    return result


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=30.0, help="of the sweep (default: %(default)s)")
    parser.add_argument("--audio", choices=("null", "jack"), default="null", help="what plays (default: %(default)s)")
    parser.add_argument("--instrument", choices=INSTRUMENTS, action="append", help="only this one (both)")
    parser.add_argument("--provider", default="auto", help="what computes the sounds (default: %(default)s)")
    parser.add_argument("--paper", action="store_true", help="how long all keys take with the paper's generator, too")
    arguments = parser.parse_args()
    if not 0.1 <= arguments.seconds <= 3600:
        parser.error("--seconds must be from 0.1 to 3600")
    jack = arguments.audio == "jack"
    result: dict[str, Any] = {"rate": RATE, "block": BLOCK, "audio": arguments.audio, "seconds": arguments.seconds}
    with jack_server.running(RATE, BLOCK, realtime=True) if jack else contextlib.nullcontext():
        choice = audio.choose(arguments.audio, RATE, BLOCK)
        for name in arguments.instrument or INSTRUMENTS:
            result[name] = measure(name, choice, arguments.seconds, arguments.provider)
            if not arguments.json:
                print(f"{name}:")
                for key, value in result[name].items():
                    if key != "bars":
                        print(f"  {key:27} {round(value, 4) if isinstance(value, float) else value}")
                for bar, reached in result[name]["bars"].items():
                    word = {True: "reached", False: "missed", None: "not known"}[reached]
                    print(f"  {bar:33} {word}", flush=True)
        if arguments.paper:
            result["paper"] = measure_paper(choice, arguments.provider)
            if not arguments.json:
                print("the paper's generator, d = 64:", result["paper"])
    if arguments.json:
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
