"""Ten hours of audio: far more than the memory that preparing it and training on it may take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainer import checkpoint
from trainer.dataset import Dataset
from trainer.run_folder import Run

RATE = 44100
FILES, FILE_MINUTES = 40, 15
STEPS = 100
MOST_MEMORY = 1.5e9
NEEDED_DISK = 24e9
"""Bytes: 3.2 GB of audio, 12.7 GB of clips that overlap, and what `prepare` keeps beside them meanwhile."""
COMMAND = (sys.executable, "-c", "import sys; from trainer.cli import main; sys.exit(main())")


def write_song(path: Path, minutes: int, seed: int) -> None:
    """A mono file of 16 bits in a stream: two struck partials and noise each half second, never the same again."""
    random = np.random.default_rng(seed)
    beat = RATE // 2
    time = np.arange(beat) / RATE
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for _ in range(minutes * 120):
            pitches, decays = random.uniform(60, 3000, 2), random.uniform(1, 30, 3)
            tones = np.sin(2 * np.pi * pitches[:, None] * time) * np.exp(-decays[:2, None] * time)
            noise = random.standard_normal(beat) * np.exp(-decays[2] * time)
            file.write((0.3 * tones.sum(axis=0) + 0.1 * noise).astype(np.float32))


def peak_memory(*arguments: str) -> int:
    """Runs `trainer` with these arguments. Returns the bytes of its largest process, mapped files included."""
    process = subprocess.Popen([*COMMAND, *arguments], env={**os.environ, "OMP_NUM_THREADS": "1"})
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="the system does not tell how much memory a process took")
def test_ten_hours_are_prepared_and_trained_on_in_little_memory(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    if free < NEEDED_DISK:
        pytest.skip(f"{free / 1e9:.0f} GB of disk are free, and ten hours of audio need {NEEDED_DISK / 1e9:.0f}")
    songs, dataset, run = tmp_path / "songs", tmp_path / "dataset", tmp_path / "run"
    songs.mkdir()
    for number in range(FILES):
        write_song(songs / f"{number}.wav", FILE_MINUTES, number)
    try:
        prepared = peak_memory("prepare", str(songs), "-o", str(dataset), "--mode", "songs")
        clips = Dataset.open(dataset).clips
        assert clips.nbytes > 4 * FILES * FILE_MINUTES * 60 * RATE  # all of it, as float32
        trained = peak_memory("train", str(dataset), "-o", str(run), "--steps", str(STEPS))
        print(f"most memory: {prepared / 2**20:.0f} MiB to prepare, {trained / 2**20:.0f} MiB to train")
        assert max(prepared, trained) < MOST_MEMORY
        assert checkpoint.load_newest(Run.open(run).checkpoints)[0].step == STEPS
    finally:
        # Too much to be left to the next but two runs of the tests.
        for folder in (songs, dataset):
            shutil.rmtree(folder, ignore_errors=True)
