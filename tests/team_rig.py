"""Processes that train together, as `torchrun` would start them."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tiny_fast import tiny_clips, tiny_fast_config
from tiny_run import SETTINGS, tiny_config

from trainer.clips import ClipOrder, Clips
from trainer.learner import make_learner
from trainer.plan import Progress
from trainer.team import joined
from trainer.training import make_step

COMMAND = (sys.executable, "-c", "import sys; from trainer.cli import main; sys.exit(main())")


def places(size: int) -> list[dict[str, str]]:
    """The environment variables that tell each process its place."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(size),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        for rank in range(size)
    ]


def commands(size: int, *arguments: str) -> list[subprocess.Popen[str]]:
    """`trainer` with these arguments, in so many processes at once."""
    return [
        subprocess.Popen(
            [*COMMAND, *arguments],
            env={**os.environ, **place},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for place in places(size)
    ]


def train_in_float64(size: int, steps: int, folder: Path, recipe: str = "wavegan") -> list[Path]:
    """Trains a recipe in so many processes. Returns the file of each one's state after the last step."""
    context = multiprocessing.get_context("spawn")
    paths = [folder / f"{rank}-of-{size}.safetensors" for rank in range(size)]
    processes = [
        context.Process(target=_train_in_float64, args=(place, steps, path, recipe))
        for place, path in zip(places(size), paths, strict=True)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    return paths


def _train_in_float64(place: dict[str, str], steps: int, path: Path, recipe: str) -> None:
    os.environ.update(place)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    cpu = torch.device("cpu")
    if recipe == "fast":
        config, clips = tiny_fast_config(count=8, channels=2, steps=steps, batch=8), tiny_clips(8, 2)
    else:
        config = tiny_config(settings={**SETTINGS, "batch": 6}, channels=2)
        clips = np.random.default_rng(0).standard_normal((8, 2, 16384)).astype(np.float32)
    with joined(cpu) as team:
        learner = make_learner(config, Clips(clips, cpu), cpu, team)
        order, progress = ClipOrder(len(clips), config.seed), Progress()
        for step in range(1, steps + 1):
            drawn = make_step(learner, order, config, progress)
            progress = config.plan.advance(replace(progress, step=step, drawn=drawn))
        figures = torch.tensor(list(learner.figures().values()))
        save_file({**learner.state(), "figures": figures}, path)
