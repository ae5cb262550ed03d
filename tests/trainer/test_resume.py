"""A run of `fast` that was broken off, in whatever stage and way, comes to the same end, to the bit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_fast import tiny_fast_config, tiny_fast_dataset, without_extras

from trainer import checkpoint
from trainer.cli import main
from trainer.dataset import Dataset
from trainer.run_folder import Run

TESTS = Path(__file__).parents[1]
STEPS = 40
STAGES = {"representation": range(34), "density": range(34, 36), "adversarial": range(36, 40)}
# `trainer`, with a checkpoint after every step.
DRIVER = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
import trainer.training
from tiny_fast import without_extras
from trainer.cli import main

trainer.training.CHECK_SECONDS = 0.0
with without_extras():
    sys.exit(main())
"""


@pytest.fixture(autouse=True, scope="module")
def cheap() -> Iterator[None]:
    with without_extras():
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_fast_dataset(tmp_path_factory.mktemp("sounds") / "dataset").path


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was never interrupted."""
    config = replace(tiny_fast_config(steps=STEPS), dataset_digest=Dataset.open(dataset).digest)
    run = Run.create(tmp_path_factory.mktemp("whole") / "run", config)
    assert train(run, dataset) == 0
    return run


def train(run: Run, dataset: Path, steps: int = STEPS) -> int:
    """Goes on with a run. Returns the command's exit status."""
    return main(["train", str(dataset), "-o", str(run.path), "--steps", str(steps), "--device", "cpu"])


def assert_equal(run: Run, other: Run) -> None:
    (progress, found, _), (end, expected, _) = (checkpoint.load_newest(one.checkpoints) for one in (run, other))
    assert (progress.step, progress.drawn) == (end.step, end.drawn) == (STEPS, end.drawn)
    assert found.keys() == expected.keys()
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []


@pytest.mark.parametrize("stage", STAGES)
def test_steps_in_two_sittings_are_the_steps_in_one(stage: str, whole: Run, dataset: Path, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", whole.config)
    assert train(run, dataset, STAGES[stage][1]) == 0
    assert [row["stage"] for row in run.rows("report")][-1] == stage
    assert train(run, dataset) == 0
    assert_equal(run, whole)


def steps_saved(run: Run) -> int:
    """The step of the newest checkpoint, −1 if there is none."""
    return max((step for step, _ in checkpoint.listed(run.checkpoints)), default=-1)


def kill(run: Run, dataset: Path, step: int, share: float) -> None:
    """Trains in a process of its own, and kills it in the middle of the step that follows `step` or of its checkpoint.

    `share`, 0 to 1, is how far into it, judging by the one before.
    """
    arguments = ("train", str(dataset), "-o", str(run.path), "--device", "cpu")
    with subprocess.Popen([sys.executable, "-c", DRIVER, *arguments], stdout=subprocess.DEVNULL) as process:
        before = None
        while (saved := steps_saved(run)) < step:
            if saved == step - 1 and before is None:
                before = time.monotonic()
            assert process.poll() is None, "training ended before it could be killed"
            time.sleep(0.001)
        now = time.monotonic()
        time.sleep(share * (now - (before or now)))
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert step <= steps_saved(run) < STEPS


def kill_at_random(kills: int, whole: Run, dataset: Path, folder: Path) -> None:
    """Each kill in a run of its own, the stages in turn; all come to the same end."""
    random = np.random.default_rng(1)
    for number in range(kills):
        stage = list(STAGES)[number % len(STAGES)]
        # The very last step may be over before the signal is there.
        step = int(random.choice([step for step in STAGES[stage] if step < STEPS - 2]))
        run = Run.create(folder / f"run-{number}", whole.config)
        if step > 2:
            assert train(run, dataset, step - 2) == 0  # where checkpoints are few, and quickly
        kill(run, dataset, step, float(random.uniform()))
        assert train(run, dataset) == 0
        assert_equal(run, whole)


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_a_process_killed_at_a_random_moment_of_each_stage_goes_on_to_the_same_end(
    whole: Run, dataset: Path, tmp_path: Path
) -> None:
    kill_at_random(3, whole, dataset, tmp_path)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_twenty_kills_at_random_moments(whole: Run, dataset: Path, tmp_path: Path) -> None:
    kill_at_random(20, whole, dataset, tmp_path)


@pytest.mark.parametrize("stage", STAGES)
def test_a_disk_that_is_full_leaves_the_last_checkpoint_whole(
    stage: str, whole: Run, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    resource = pytest.importorskip("resource")
    run = Run.create(tmp_path / "run", whole.config)
    step = STAGES[stage][0]
    assert train(run, dataset, max(1, step)) == 0
    before = {path.name: path.read_bytes() for path in run.checkpoints.iterdir()}
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    # What the system does when a file has no more room, in the middle of the checkpoint.
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(map(len, before.values())) // 2, most))
    try:
        assert train(run, dataset, step + 2) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    said = capsys.readouterr().err
    assert "could not be written" in said
    assert said.count("\n") == 1
    assert {path.name: path.read_bytes() for path in run.checkpoints.iterdir()} == before
    assert train(run, dataset) == 0
    assert_equal(run, whole)
