"""How good a recipe's sounds are after the same time: `python benchmarks/recipes.py [--json] [--minutes 30]`.

The audio is that of two Debian packages, hydrogen-drumkits and sonic-pi-samples (or --audio FOLDER …), prepared at
44.1 kHz with 32768 frames, a tenth of it held out by whole folders. Every recipe (or --variant of one) trains on the
same clips for the same time; 500 sounds of its best checkpoint are measured by the training clips. Beside them stand
the held-out sounds, and shaped noise: white noise that decays.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer import dataset
from trainer.cutting import Mode
from trainer.dataset import Dataset
from trainer.launch import Request, train
from trainer.measure.split import split
from trainer.measure.yardstick import Yardstick
from trainer.prepare import Settings, prepare
from trainer.source import Source
from trainer.spectrogram import save_grid

AUDIO = (Path("/usr/share/hydrogen/data/drumkits"), Path("/usr/share/sonic-pi/samples"))
RATE, FRAMES = 44_100, 32_768
SOUNDS = 500
VARIANTS = ("fast:fast", "wavegan:wavegan:dim=16,batch=32")
SHOWN = ("mmd", "coverage", "recall", "density", "peakiness_50", "peakiness_75", "peakiness_90", "artefacts", "copies")
PICTURED = 32


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--minutes", type=float, default=30.0, help="training time of each (default: 30)")
    parser.add_argument("--audio", type=Path, nargs="+", default=list(AUDIO), help="folders of audio")
    parser.add_argument("--counts", type=int, nargs="+", default=[0], help="clips to train on, 0: all (default)")
    parser.add_argument(
        "--variant",
        action="append",
        metavar="NAME:RECIPE[:KEY=VALUE,…]",
        help=f"what to train (default: {' and '.join(VARIANTS)})",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the runs, and pictures of their sounds, here")
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        whole = prepared(arguments.audio, folder / "audio")
        rows = [
            row
            for count in arguments.counts
            for row in measure(whole, count, arguments.variant or VARIANTS, arguments.minutes, arguments.seed, folder)
        ]
    if arguments.json:
        print(json.dumps({"minutes": arguments.minutes, "rows": rows}))
    else:
        show(rows)


def prepared(audio: list[Path], path: Path) -> Dataset:
    """The dataset of all the audio, made unless it is there."""
    missing = [folder for folder in audio if not folder.exists()]
    if missing:
        sys.exit(f"{missing[0]} is missing; install the Debian packages hydrogen-drumkits and sonic-pi-samples.")
    if not path.exists():
        prepare(audio, path, Settings(RATE, 1, FRAMES, Mode.ONE_SHOTS))
    return Dataset.open(path)


def measure(
    whole: Dataset, count: int, variants: list[str] | tuple[str, ...], minutes: float, seed: int, folder: Path
) -> list[dict[str, Any]]:
    """Trains each variant on `count` of the clips that are not held out, and measures it; a row each."""
    sources = whole.sources()
    held = split(sources, seed).held
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(np.flatnonzero(~held))[: count or None])
    clips, unheard = np.array(whole.clips[chosen]), np.array(whole.clips[held])
    place = folder / f"clips-{len(chosen)}"
    if not place.exists():
        dataset.write(place, clips, RATE, [sources[i] for i in chosen])
    yardstick = Yardstick(clips, RATE, [sources[i] for i in chosen], seed)
    noise = shaped_noise(random)
    rows = [row_of("shaped noise", yardstick, noise), row_of("held-out folders", yardstick, unheard)]
    floor = yardstick.floors(SOUNDS)["mmd"]
    rows[1] |= {"mmd_interval": [float(edge) for edge in np.percentile(floor, (5, 95))]}
    for variant in variants:
        name, recipe, *settings = variant.split(":")
        run = folder / f"{name}-{len(chosen)}"
        overrides = tuple(settings[0].split(",")) if settings else ()
        began = time.monotonic()
        with contextlib.redirect_stdout(sys.stderr):
            train(Request(place, run, recipe, overrides, hours=minutes / 60, seed=seed))
        seconds = time.monotonic() - began
        source = Source.open(run)
        sounds = np.concatenate([source.sounds(range(first, first + 50)) for first in range(0, SOUNDS, 50)])
        titles = [str(number) for number in range(PICTURED)]
        save_grid(folder / f"{run.name}.png", sounds[:PICTURED], RATE, titles, f"{name}: sounds by seed")
        rows.append({**row_of(name, yardstick, sounds), "step": source.step, "seconds": seconds})
    titles = [""] * PICTURED
    real = clips[np.sort(random.permutation(len(clips))[:PICTURED])]
    save_grid(folder / f"real-{len(chosen)}.png", real, RATE, titles[: len(real)], "Real clips")
    for row in rows:
        row |= {"clips": len(chosen), "of_noise": row["mmd"] / rows[0]["mmd"]}
    return rows


def row_of(name: str, yardstick: Yardstick, sounds: NDArray[np.float32]) -> dict[str, Any]:
    """The figures of some sounds."""
    figures = yardstick.measure(lambda first, number: sounds[first : first + number], len(sounds))
    return {"name": name, **figures}


def shaped_noise(random: np.random.Generator) -> NDArray[np.float32]:
    """White noise with exponential decays of 20 to 400 ms: [SOUNDS, 1, FRAMES]."""
    decays = RATE * np.exp(random.uniform(np.log(0.02), np.log(0.4), (SOUNDS, 1, 1)))
    noise = random.standard_normal((SOUNDS, 1, FRAMES), np.float32)
    return np.asarray(0.5 * noise * np.exp(-np.arange(FRAMES) / decays), np.float32)


def show(rows: list[dict[str, Any]]) -> None:
    """A readable table."""
    print(f"{'':<18}{'clips':>6}{'of noise':>10}" + "".join(f"{name:>14}" for name in SHOWN))
    for row in rows:
        figures = "".join(f"{row[name]:>14.3f}" for name in SHOWN)
        print(f"{row['name']:<18}{row['clips']:>6}{100 * row['of_noise']:>9.2f}%{figures}")
        if "mmd_interval" in row:
            low, high = row["mmd_interval"]
            print(f"    MMD² of held-out folders, 90 % of 20 ways of holding out: {low:.1f} to {high:.1f}")
    real = {name: value for name, value in rows[0].items() if name.endswith("_real")}
    print("real clips: " + ", ".join(f"{name.removesuffix('_real')} {value:.1f}" for name, value in real.items()))


if __name__ == "__main__":
    main()
