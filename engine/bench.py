"""How fast this machine makes and plays sounds: what `engine bench` prints, part by part."""

from __future__ import annotations

import functools
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from engine import _native
from engine.bench_rig import BLOCK, BenchRig
from engine.errors import UserError
from engine.generator import Generator
from engine.instrument import Instrument
from engine.latent import from_seeds
from engine.morph_probe import measure_morph, morph_preset, sweep
from engine.note_probe import measure_notes
from engine.platform import available_cores, resident_bytes
from engine.preset import Preset
from engine.session import present_providers

RATE = 48000
VOICES = (16, 64, 256)
KEYS = 64  # a channel
BATCHES = (1, 16)
RUNS = 9  # of which the median is told
WARM_RUNS = 2
BLOCKS = 50  # of a run of the sampler
NOTES = 60


def bench(text: str | os.PathLike[str], provider: str | None = None, seconds: float = 5.0) -> Iterator[tuple[str, Any]]:
    """Yields the parts by name, each as plain values, when it is measured.

    `text` is a preset or an instrument. The generator is measured on `provider`, or on each that is present; all the
    rest on `provider`, or the fastest. `seconds` is how long a controller is swept. Raises UserError if the preset or
    the provider is not there.
    """
    start, preset, generator = measure_start(text, provider or "auto")
    instrument = preset.opened
    yield "machine", describe_machine(preset, generator)
    yield "start", start
    names = [provider] if provider else present_providers()
    yield "generator", [row for name in names for row in measure_generator(instrument, name, provider is not None)]
    yield "sampler", [measure_sampler(instrument, voices) for voices in VOICES]
    morphing = morph_preset(instrument)
    with BenchRig(morphing, generator) as rig:
        rig.player.wait_until_ready()
        yield "notes", measure_notes(rig, NOTES)
        yield "morph", measure_morph(rig, sweep(morphing, seconds))[0]


def describe_machine(preset: Preset, generator: Generator) -> dict[str, Any]:
    """What the figures hold for."""
    import onnxruntime

    instrument = preset.opened
    return {
        "system": platform.platform(),
        "cores": available_cores(),
        "onnxruntime": onnxruntime.__version__,
        "provider": generator.provider,
        "preset": preset.name,
        "instrument": instrument.name,
        "sample_rate": instrument.sample_rate,
        "channels": instrument.channels,
        "clip_frames": instrument.clip_frames,
    }


def measure_start(text: str | os.PathLike[str], provider: str) -> tuple[dict[str, Any], Preset, Generator]:
    """From opening a preset until all its keys can be played, and the memory before and after; what was opened."""
    memory = resident_bytes()
    begin = time.monotonic()
    preset = Preset.open(text)
    generator = Generator(preset.opened, provider)
    generator.warm_up()
    with BenchRig(preset, generator) as rig:
        rig.player.wait_until_ready()
        seconds = time.monotonic() - begin
        return {"seconds": seconds, "bytes_before": memory, "bytes_after": resident_bytes()}, preset, generator


def measure_generator(instrument: Instrument, provider: str, must: bool) -> list[dict[str, Any]]:
    """Milliseconds a clip and its beginning, in each batch size; a provider that does not start gives no rows.

    Raises UserError in its stead if it `must` start.
    """
    try:
        generator = Generator(instrument, provider)
    except UserError:
        if must:
            raise
        return []
    z = from_seeds(range(max(BATCHES)), instrument.latent_dim, instrument.prior)
    rows = []
    for batch in BATCHES:
        whole, beginning = (
            median_seconds(functools.partial(generator.generate, z[:batch], 0, blocks))
            for blocks in (generator.block_total, generator.lengths[0])
        )
        rows.append(
            {
                "provider": provider,
                "batch": batch,
                "clip_ms": 1000 * whole / batch,
                "beginning_ms": 1000 * beginning / batch,
                "beginning_frames": min(instrument.clip_frames, generator.lengths[0] * _native.BLOCK_FRAMES),
            }
        )
    return rows


def measure_sampler(instrument: Instrument, voices: int) -> dict[str, Any]:
    """Microseconds of a block with so many held, looping voices, and the share of the time that a block lasts."""
    audio = instrument.generate(from_seeds([1], instrument.latent_dim, instrument.prior))[0]
    clip = _native.Clip(1, instrument.channels, instrument.clip_frames, instrument.sample_rate)
    clip.write(0, np.ascontiguousarray(audio))
    keys = range(32, 32 + KEYS)
    zone = {"keys": list(keys), "shared": False, "root": 60, "siblings": 1, "parameters": {"mode": 2.0}}
    program = _native.Program([zone], {"polyphony": 256.0}, [])
    for key in keys:
        program.put(0, key, 0, clip)
    sampler = _native.Sampler()
    sampler.prepare(RATE)
    sampler.set_program(program)
    notes = [(0, bytes((0x90 | voice // KEYS, keys[voice % KEYS], 100))) for voice in range(voices)]
    sampler.process(notes, BLOCK)
    assert len(sampler.voices()[1]) == voices

    def blocks() -> None:
        for _ in range(BLOCKS):
            sampler.process([], BLOCK)

    seconds = median_seconds(blocks) / BLOCKS
    return {"voices": voices, "block_us": 1e6 * seconds, "share": seconds * RATE / BLOCK}


def median_seconds(run: Callable[[], object]) -> float:
    """The median of some runs, after others to warm up."""
    taken = []
    for _ in range(WARM_RUNS + RUNS):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken[WARM_RUNS:])
