"""What the beginnings of many clips cost beside the whole clips: `python benchmarks/window_cost.py [--json]`.

A key map's first 1,024 frames must come long before the rest. The generator is that of --instrument (a bundled one's
name, or a file), or a recipe's at its full size unless said (the paper's, of 16384 frames) without trained weights,
written as an instrument file. It is run by the engine's own Generator: batches of 16, whole blocks. Milliseconds are
the least of several runs, beginnings and whole clips in turn, since whatever else the machine does only adds.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine._native import BLOCK_FRAMES
from engine.data import bundled_instruments
from engine.errors import UserError
from engine.generator import Generator
from engine.instrument import Instrument
from engine.latent import from_seeds
from engine.session import default_threads
from trainer.learner import part
from trainer.recipes import RECIPES, find_recipe
from trainer.run_folder import RunConfig

BAR = 0.25  # of the cost of the whole clips, in batches
SAMPLE_RATE = 44_100
CLIP_COUNT = 2000  # of the dataset that there might have been


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--instrument", metavar="NAME|FILE.onnx", help="measure this one (default: one made up)")
    parser.add_argument("--recipe", choices=[row.name for row in RECIPES], default="wavegan")
    parser.add_argument("--dim", type=int, help="d of the generator (default: the recipe's)")
    parser.add_argument("--channels", type=int, choices=(1, 2), default=1)
    parser.add_argument("--frames", type=int, default=16384, help="of a clip (default: %(default)s)")
    parser.add_argument("--clips", type=int, default=61, help="how many, one a key (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=default_threads(), help="of onnxruntime (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="of each; the fastest counts (default: %(default)s)")
    arguments = parser.parse_args()
    if min(arguments.clips, arguments.threads, arguments.runs) < 1:
        parser.error("--clips, --threads and --runs must be at least 1")
    if arguments.instrument:
        path = bundled_instruments().get(arguments.instrument, Path(arguments.instrument))
        try:
            result = measure(Instrument.open(path), arguments.clips, arguments.threads, arguments.runs)
        except UserError as error:
            parser.error(str(error))
        show({"recipe": path.name, **result}, arguments.json)
        return
    overrides = [] if arguments.dim is None else [f"dim={arguments.dim}"]
    try:
        settings = find_recipe(arguments.recipe).values(overrides)
        config = RunConfig(
            arguments.recipe, settings, 0, SAMPLE_RATE, arguments.channels, arguments.frames, "", CLIP_COUNT, None
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "random.onnx")
            write_random_instrument(path, config)
            result = measure(Instrument.open(path), arguments.clips, arguments.threads, arguments.runs)
    except UserError as error:
        parser.error(str(error))
    show({"recipe": config.recipe, "dim": settings["dim"], **result}, arguments.json)


def show(result: dict[str, Any], as_json: bool) -> None:
    """Prints the result, as JSON or as a table."""
    if as_json:
        json.dump(result, sys.stdout, indent=2)
        print()
        return
    print(
        f"{result['recipe']}: {result['clips']} clips of {result['clip_frames']} frames, "
        f"{result['bytes'] / 1e6:.1f} MB, {result['threads']} thread(s)"
    )
    print(f"{'':>34}{'first 1,024':>12}{'whole clip':>12}{'share':>8}")
    for name, row in result["cases"].items():
        print(f"{name:>34}{row['beginning_ms']:>9.1f} ms{row['whole_ms']:>9.1f} ms{row['share']:>8.1%}")
    print(f"bar: {BAR:.0%} in batches; {'reached' if result['reached'] else 'missed'}")


def measure(instrument: Instrument, clips: int, threads: int, runs: int) -> dict[str, Any]:
    """The costs of beginnings and whole clips: all in batches of 16, all in one batch, and of a single clip."""
    generator = Generator(instrument, "cpu", threads)
    together = Generator(instrument, "cpu", threads, batches=(clips,))
    z = from_seeds(range(clips), instrument.latent_dim, instrument.prior)
    cases = {
        f"{clips} clips in batches of {generator.batches[-1]}": compare(generator, z, runs),
        f"{clips} clips in one batch": compare(together, z, runs),
        "1 clip": compare(generator, z[:1], runs),
    }
    return {
        "measured": f"the first {BLOCK_FRAMES} frames beside whole clips, onnxruntime on the CPU, least of {runs} runs",
        "clips": clips,
        "channels": instrument.channels,
        "clip_frames": instrument.clip_frames,
        "bytes": len(instrument.model),
        "threads": threads,
        "cores": os.cpu_count(),
        "cases": cases,
        "bar": BAR,
        "reached": next(iter(cases.values()))["share"] < BAR,
    }


def compare(generator: Generator, z: np.ndarray[Any, Any], runs: int) -> dict[str, float]:
    """Milliseconds of the first block and of the whole, and their ratio."""
    generator.generate(z, 0, 1)
    generator.generate(z, 0, generator.block_total)
    beginning, whole = [], []
    for _ in range(runs):
        beginning.append(milliseconds(lambda: generator.generate(z, 0, 1)))
        whole.append(milliseconds(lambda: generator.generate(z, 0, generator.block_total)))
    return {"beginning_ms": min(beginning), "whole_ms": min(whole), "share": min(beginning) / min(whole)}


def milliseconds(work: Callable[[], object]) -> float:
    """How long the work takes."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def write_random_instrument(path: Path, config: RunConfig) -> None:
    """Writes an untrained generator as an instrument file."""
    torch.manual_seed(0)
    network = part(config.row.generator)(config)
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    fields = {
        "producergan.format": "1",
        "name": "Random weights",
        "sample_rate": str(SAMPLE_RATE),
        "channels": str(config.channels),
        "clip_frames": str(config.clip_frames),
        "latent_dim": str(config.latent_dim),
        "prior": config.row.prior,
        "directions": "{}",
        "favourites": "[]",
        "provenance": "{}",
        "licence": "none needed",
    }
    path.write_bytes(part(config.row.graph)(config, weights, fields).SerializeToString())


if __name__ == "__main__":
    main()
