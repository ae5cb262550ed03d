"""What voices cost, beside FluidSynth's on the same notes: `python benchmarks/voices.py [--json]`.

Mono clips at 44.1 kHz that loop, into 48 kHz in blocks of 128 frames, with and without a low-pass filter whose cutoff
an envelope moves all the while. FluidSynth (by ctypes) holds the same keys on a SoundFont of the same sample, written
here: 7th-order interpolation, one core, reverb and chorus off. Its filter runs in any case, moved by its modulation
envelope or wide open, so that its figures are to be compared with ours with the filter on. Rounds of ours and theirs
take turns; a figure is the least of them, since whatever else the machine does only adds. Each key has the clip at its
own pitch, which is how instruments are played here; the last case is an octave up, where our voices, unlike
FluidSynth's, keep aliases out.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import json
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import _native

CLIP_RATE, RATE, BLOCK = 44_100, 48_000, 128
BLOCK_US = BLOCK / RATE * 1e6
KEYS = 64  # a channel
BAR = 0.08  # of a block's time: 64 filtered voices
CUTOFF, OCTAVES, SWEEP_SECONDS = 800.0, 3.0, 20.0  # the filter opens by so many octaves, and falls that slowly
CASES = [(voices, filtered, 0) for voices in (16, 64, 256) for filtered in (False, True)] + [(64, True, 12)]

Render = Callable[[], object]  # a block


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=20, help="of ours and theirs (default: %(default)s)")
    parser.add_argument("--blocks", type=int, default=100, help="of a round (default: %(default)s)")
    arguments = parser.parse_args()
    if min(arguments.rounds, arguments.blocks) < 1:
        parser.error("--rounds and --blocks must be at least 1")
    result = measure(arguments.rounds, arguments.blocks)
    if arguments.json:
        json.dump(result, sys.stdout, indent=2)
        print()
        return
    print(f"blocks of {BLOCK} frames at {RATE} Hz ({BLOCK_US:.0f} µs), mono clips at {CLIP_RATE} Hz")
    print(f"voices filter  pitch {'µs a block':>11} {'of its time':>11} {'FluidSynth':>11}  ratio")
    for row in result["cases"]:
        theirs = "—" if row["fluidsynth_us"] is None else f"{row['fluidsynth_us']:.1f}"
        ratio = "—" if row["ratio"] is None else f"{row['ratio']:.2f}"
        print(
            f"{row['voices']:>6} {'on' if row['filter'] else 'off':>6} {row['semitones']:>+6} {row['us']:>11.1f} "
            f"{row['share']:>11.1%} {theirs:>11} {ratio:>6}"
        )
    if result["fluidsynth"]:
        print(f"no dearer than FluidSynth {result['fluidsynth']}: {'reached' if result['no_dearer'] else 'missed'}")
    else:
        print("FluidSynth is not installed (Debian: libfluidsynth3): only our side was measured.")
    print(f"bar: 64 filtered voices in {BAR:.0%} of the time; {'reached' if result['reached'] else 'missed'}")


def measure(rounds: int, blocks: int) -> dict[str, Any]:
    """Microseconds of a block in every case, ours and, where the library is there, FluidSynth's."""
    library = fluidsynth()
    sample = bright_sample()
    cases: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for voices, filtered, semitones in CASES:
            ours = our_voices(sample, voices, filtered, semitones)
            theirs = (
                None if library is None else their_voices(library, Path(folder), sample, voices, filtered, semitones)
            )
            us, their_us = least(ours, theirs, rounds, blocks)
            cases.append(
                {
                    "voices": voices,
                    "filter": filtered,
                    "semitones": semitones,
                    "us": us,
                    "share": us / BLOCK_US,
                    "us_a_voice": us / voices,
                    "fluidsynth_us": their_us,
                    "ratio": None if their_us is None else us / their_us,
                }
            )
    bar = next(case for case in cases if case["voices"] == 64 and case["filter"])
    ratios = [case["ratio"] for case in cases if case["filter"] and not case["semitones"]]
    return {
        "measured": f"a block of {BLOCK} frames at {RATE} Hz on one core, least of {rounds} rounds of {blocks} blocks",
        "fluidsynth": None if library is None else library.fluid_version_str().decode(),
        "cases": cases,
        "bar": BAR,
        "reached": bar["share"] <= BAR,
        "no_dearer": None if library is None else max(ratios) <= 1,  # filtered voices at their own pitch
    }


def least(ours: Render, theirs: Render | None, rounds: int, blocks: int) -> tuple[float, float | None]:
    """Microseconds a block of each, rounds in turn."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for i, render in enumerate((ours, theirs)):
            if render is None:
                continue
            began = time.perf_counter_ns()
            for _ in range(blocks):
                render()
            best[i] = min(best[i], (time.perf_counter_ns() - began) / blocks / 1000)
    return best[0], None if theirs is None else best[1]


def bright_sample() -> NDArray[np.float32]:
    """A second of partials up to 15 kHz, quiet enough for 256 of them."""
    turns = 110 * np.arange(CLIP_RATE) / CLIP_RATE
    partials = [np.sin(2 * np.pi * (n * turns + n * n / 7)) / n for n in range(1, 137)]
    return np.asarray(0.02 * np.sum(partials, axis=0), np.float32)


def keys_of(voices: int) -> list[tuple[int, int]]:
    """(channel, key) of so many notes."""
    return [(i // KEYS, 32 + i % KEYS) for i in range(voices)]


def our_voices(sample: NDArray[np.float32], voices: int, filtered: bool, semitones: int) -> Render:
    """A block of our sampler with so many voices held."""
    clip = _native.Clip(1, 1, len(sample), CLIP_RATE)
    clip.write(0, sample[None])
    parameters = {"mode": 2.0, "loop_start": 0.25, "loop_end": 0.75, "loop_crossfade": 0.0, "tune": float(semitones)}
    if filtered:
        parameters |= {"filter": 1.0, "cutoff": CUTOFF, "filter_envelope": OCTAVES, "filter_decay": SWEEP_SECONDS}
    keys = range(32, 32 + KEYS)
    zone = {"keys": list(keys), "shared": False, "root": 60, "siblings": 1, "parameters": parameters}
    program = _native.Program([zone], {"polyphony": 256.0, "master_gain_db": 0.0}, [])
    for key in keys:
        program.put(0, key, 0, clip)
    sampler = _native.Sampler()
    sampler.prepare(RATE)
    sampler.set_program(program)
    sampler.process([(0, bytes([0x90 | channel, key, 100])) for channel, key in keys_of(voices)], BLOCK)
    assert len(sampler.voices()[1]) == voices
    return lambda: sampler.process([], BLOCK)


# ---- FluidSynth --------------------------------------------------------------------------------------------------


def fluidsynth() -> Any:
    """The library, or None where it is not installed."""
    name = ctypes.util.find_library("fluidsynth")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    pointer, text, whole, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_double
    for function, result, arguments in (
        ("fluid_version_str", text, ()),
        ("new_fluid_settings", pointer, ()),
        ("new_fluid_synth", pointer, (pointer,)),
        ("fluid_settings_setnum", whole, (pointer, text, number)),
        ("fluid_settings_setint", whole, (pointer, text, whole)),
        ("fluid_synth_sfload", whole, (pointer, text, whole)),
        ("fluid_synth_set_interp_method", whole, (pointer, whole, whole)),
        ("fluid_synth_program_select", whole, (pointer, whole, whole, whole, whole)),
        ("fluid_synth_noteon", whole, (pointer, whole, whole, whole)),
        ("fluid_synth_get_active_voice_count", whole, (pointer,)),
        ("fluid_synth_write_float", whole, (pointer, whole, pointer, whole, whole, pointer, whole, whole)),
    ):
        declared = getattr(library, function)
        declared.restype, declared.argtypes = result, arguments
    return library


def their_voices(
    library: Any, folder: Path, sample: NDArray[np.float32], voices: int, filtered: bool, semitones: int
) -> Render:
    """A block of FluidSynth with so many voices held."""
    path = folder / "sample.sf2"
    path.write_bytes(soundfont(sample, filtered, semitones))
    settings = library.new_fluid_settings()
    library.fluid_settings_setnum(settings, b"synth.sample-rate", RATE)
    library.fluid_settings_setnum(settings, b"synth.gain", 1.0)
    for name, value in (("polyphony", 256), ("cpu-cores", 1), ("reverb.active", 0), ("chorus.active", 0)):
        library.fluid_settings_setint(settings, f"synth.{name}".encode(), value)
    synth = library.new_fluid_synth(settings)
    font = library.fluid_synth_sfload(synth, bytes(path), 0)
    assert font >= 0
    library.fluid_synth_set_interp_method(synth, -1, 7)
    for channel, key in keys_of(voices):
        library.fluid_synth_program_select(synth, channel, font, 0, 0)
        library.fluid_synth_noteon(synth, channel, key, 100)
    left, right = (ctypes.c_float * BLOCK)(), (ctypes.c_float * BLOCK)()

    def render() -> object:
        return library.fluid_synth_write_float(synth, BLOCK, left, 0, 1, right, 0, 1)

    for _ in range(50):
        render()
    assert library.fluid_synth_get_active_voice_count(synth) == voices
    assert any(left)
    return render


def soundfont(sample: NDArray[np.float32], filtered: bool, semitones: int) -> bytes:
    """A SoundFont 2 of one preset that plays one looped sample at one pitch on every key (SoundFont 2.04, §4 to §8)."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def listed(name: bytes, *chunks: bytes) -> bytes:
        return chunk(b"LIST", name + b"".join(chunks))

    def cents(ratio: float) -> int:
        return round(1200 * float(np.log2(ratio)))

    frames = len(sample)
    audio = (np.clip(sample, -1, 1) * 32767).astype("<i2").tobytes() + bytes(2 * 46)  # and the 46 zeros that are asked
    generators = [(56, 0), (51, semitones), (54, 1)]  # scaleTuning, coarseTune, sampleModes: looped
    if filtered:  # initialFilterFc, modEnvToFilterFc, decayModEnv, sustainModEnv (a fall to nothing)
        generators += [(8, cents(CUTOFF / 8.176)), (11, round(1200 * OCTAVES)), (28, cents(SWEEP_SECONDS)), (29, 1000)]
    generators.append((53, 0))  # sampleID, always the last
    zone_end = struct.pack("<HH", 0, 0)
    header = struct.pack("<20sIIIIIBbHH", b"sample", 0, frames, frames // 4, 3 * frames // 4, CLIP_RATE, 60, 0, 0, 1)
    info = listed(
        b"INFO", chunk(b"ifil", struct.pack("<HH", 2, 4)), chunk(b"isng", b"EMU8000\0"), chunk(b"INAM", b"b\0")
    )
    data = listed(b"sdta", chunk(b"smpl", audio))
    preset = [
        chunk(
            b"phdr", b"".join(struct.pack("<20sHHHIII", n, 0, 0, bag, 0, 0, 0) for n, bag in ((b"b", 0), (b"EOP", 1)))
        ),
        chunk(b"pbag", zone_end + struct.pack("<HH", 1, 0)),
        chunk(b"pmod", bytes(10)),
        chunk(b"pgen", struct.pack("<HhHh", 41, 0, 0, 0)),  # instrument
        chunk(b"inst", struct.pack("<20sH20sH", b"b", 0, b"EOI", 1)),
        chunk(b"ibag", zone_end + struct.pack("<HH", len(generators), 0)),
        chunk(b"imod", bytes(10)),
        chunk(b"igen", b"".join(struct.pack("<Hh", *generator) for generator in generators) + bytes(4)),
        chunk(b"shdr", header + struct.pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)),
    ]
    return chunk(b"RIFF", b"sfbk" + info + data + listed(b"pdta", *preset))


if __name__ == "__main__":
    main()
