import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "recipes.py"
RATE = 44_100


def kits(folder: Path, count: int = 12, sounds: int = 8) -> Path:
    """Folders of one-shots, every sound another: a partial and noise that decay."""
    random = np.random.default_rng(0)
    time = np.arange(RATE // 2) / RATE
    for kit in range(count):
        place = folder / f"kit-{kit}"
        place.mkdir(parents=True)
        for number in range(sounds):
            partial = np.sin(2 * np.pi * random.uniform(60, 4000) * time)
            noise = random.standard_normal(len(time))
            audio = (0.5 * partial + random.uniform(0, 0.2) * noise) * np.exp(-time / random.uniform(0.02, 0.3))
            soundfile.write(place / f"{number}.wav", np.clip(audio, -1, 1), RATE)
    return folder


@pytest.mark.long
def test_after_the_same_short_time_fast_is_nearer_to_the_audio_than_wavegan(tmp_path: Path) -> None:
    variants = ("fast:fast:dim=32,batch=8", "wavegan:wavegan:dim=4,batch=8")
    done = subprocess.run(
        [
            *(sys.executable, SCRIPT, "--json", "--minutes", "0.4", "--audio", kits(tmp_path / "audio")),
            *(word for variant in variants for word in ("--variant", variant)),
            *("--counts", "50", "--keep", tmp_path / "kept"),
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    rows = {row["name"]: row for row in json.loads(done.stdout)["rows"]}
    print(*(f"{name}: {row['mmd']:.1f}, coverage {row['coverage']:.2f}" for name, row in rows.items()), sep="\n")
    assert set(rows) == {"shaped noise", "held-out folders", "fast", "wavegan"}
    assert {row["clips"] for row in rows.values()} == {50}
    assert rows["fast"]["mmd"] < rows["wavegan"]["mmd"] / 3
    assert rows["fast"]["coverage"] > rows["wavegan"]["coverage"]
    assert len(rows["held-out folders"]["mmd_interval"]) == 2
    assert (tmp_path / "kept" / "fast-50.png").stat().st_size > 10_000
