"""Whether recordings that an instrument never heard find their kind in it: `python benchmarks/find_kicks.py [--json]`.

The bass drums of the Debian package hydrogen-drumkits, none of which the bundled drums were trained on, are looked for
in these. A sound counts as a kick if most of its energy lies below KICK_HZ, as a kick's does; how many of the
recordings and of the instrument's seeds are one, by that measure, is printed beside.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.data import bundled_instruments
from trainer.find import find, read
from trainer.source import Source

AUDIO = Path("/usr/share/hydrogen/data/drumkits")
NAMES = ("kick", "bd", "bass")
KICK_HZ = 200.0
SEEDS = 256


def main() -> None:
    """Searches and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--audio", type=Path, default=AUDIO, help="folder with kicks")
    parser.add_argument("--count", type=int, default=12, help="how many of them (default: %(default)s)")
    arguments = parser.parse_args()
    result = measure(arguments.audio, arguments.count)
    if arguments.json:
        print(json.dumps(result))
        return
    for row in result["sounds"]:
        print(f"{row['low']:>6.0%} low → {row['found_low']:>4.0%} {row['distance']:>6.1f} dB  {row['sound']}")
    print(f"{result['kicks']} of {len(result['sounds'])} found a kick; of seeds {result['seeds']:.0%} are one")


def measure(audio: Path, count: int) -> dict[str, Any]:
    """The share of energy below KICK_HZ, of some recordings spread over the kits and of what each of them finds."""
    source = Source.open(bundled_instruments()["drums"])
    files = sorted(
        path for path in audio.rglob("*") if path.is_file() and path.stem.lower().startswith(NAMES) and path.suffix
    )
    if not files:
        sys.exit(f"There are no kicks in {audio}; install the Debian package hydrogen-drumkits.")
    chosen = [files[index] for index in np.unique(np.linspace(0, len(files) - 1, count).astype(int))]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in chosen:
            found = find(path, source.path, Path(folder) / "found.wav")
            clips = np.concatenate([read(path, source), source.render(np.array([found.z], np.float32))])
            low, found_low = low_share(clips, source.sample_rate)
            rows.append(
                {
                    "sound": str(path.relative_to(audio)),
                    "low": float(low),
                    "found_low": float(found_low),
                    "distance": found.distance,
                }
            )
    seeds = low_share(
        np.concatenate([source.sounds(range(i, i + 64)) for i in range(0, SEEDS, 64)]), source.sample_rate
    )
    return {
        "sounds": rows,
        "kicks": sum(row["found_low"] > 0.5 for row in rows),
        "recordings_that_are": float(np.mean([row["low"] > 0.5 for row in rows])),
        "seeds": float((seeds > 0.5).mean()),
    }


def low_share(clips: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """The share of the energy of clips [n, channels, frames] below KICK_HZ."""
    power = np.square(np.abs(np.fft.rfft(clips.mean(axis=1))))
    low = np.fft.rfftfreq(clips.shape[-1], 1 / rate) < KICK_HZ
    return np.asarray(power[:, low].sum(axis=1) / power.sum(axis=1).clip(1e-12))


if __name__ == "__main__":
    main()
