import math
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_fast import FRAMES, tiny_clips, tiny_fast_config, tiny_fast_dataset, tiny_learner
from tiny_run import Clock, Memory

from engine.errors import UserError
from trainer import checkpoint
from trainer.clips import ClipOrder
from trainer.fast.envelopes import varied
from trainer.plan import Limits
from trainer.recipes import find_recipe
from trainer.run_folder import Run
from trainer.training import Training

STEPS = 20  # 17 of representation, 1 of density, 2 adversarial
INSIDE = {"representation": 5, "density": 17, "adversarial": 19}


def train(run: Run, path: Path, steps: int, channels: int = 1) -> Training:
    torch.set_num_threads(1)
    clips = tiny_fast_dataset(path, channels=channels).clips if not path.exists() else np.load(path / "clips.npy")
    training = Training(run, clips, torch.device("cpu"), Memory(), Clock())
    training.run_until(Limits(steps=steps), lambda: False)
    return training


def newest(run: Run) -> dict[str, torch.Tensor]:
    return checkpoint.load_newest(run.checkpoints)[1]


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run = Run.create(folder / "run", tiny_fast_config(steps=STEPS))
    train(run, folder / "dataset", STEPS)
    return run


def test_the_stages_follow_each_other(whole: Run) -> None:
    moments = [whole.config.plan.stages[i][0] for i in range(3)]
    assert moments == ["representation", "density", "adversarial"]
    stages = {row["stage"] for row in whole.rows("report")}
    assert stages == set(moments)
    told = {key for row in whole.rows("report") for key in row}
    assert {"copy distance", "divergence", "unevenness", "made", "real"} <= told


@pytest.mark.parametrize("stage", INSIDE)
def test_a_run_that_was_interrupted_in_a_stage_ends_the_same_to_the_bit(stage: str, whole: Run, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_fast_config(steps=STEPS))
    train(run, tmp_path / "dataset", INSIDE[stage])
    train(run, tmp_path / "dataset", STEPS)
    assert same(newest(run), newest(whole))


DRIVER = """
import sys, torch
sys.path.insert(0, {tests!r})
torch.set_num_threads(1)
from trainer import training
training.CHECK_SECONDS = 0.0
from tiny_run import Memory
from trainer.plan import Limits
from trainer.run_folder import Run
from trainer.dataset import Dataset
import time
run = Run.open({run!r})
t = training.Training(run, Dataset.open({dataset!r}).clips, torch.device("cpu"), Memory(), time.monotonic)
t.run_until(Limits(steps={steps}), lambda: False)
"""


def kill_at(run: Run, dataset: Path, step: int, steps: int, delay: float) -> None:
    """Trains in a process of its own, and kills it a moment after the checkpoint of a step is there."""
    text = DRIVER.format(tests=str(Path(__file__).parents[2]), run=str(run.path), dataset=str(dataset), steps=steps)
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(text)]) as process:
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            there = checkpoint.listed(run.checkpoints)
            if there and there[-1][0] >= step:
                time.sleep(delay)  # a random moment of whatever comes next
                break
            time.sleep(0.005)
        process.kill()


def killed_anywhere(whole: Run, tmp_path: Path, kills: int) -> None:
    random = np.random.default_rng(1)
    dataset = tiny_fast_dataset(tmp_path / "dataset").path
    for number in range(kills):
        run = Run.create(tmp_path / f"run-{number}", tiny_fast_config(steps=STEPS))
        stage = list(INSIDE)[number % len(INSIDE)]
        kill_at(run, dataset, INSIDE[stage] - 1, STEPS, float(random.uniform(0, 0.3)))
        train(run, dataset, STEPS)
        assert same(newest(run), newest(whole)), (number, stage)


def test_a_process_killed_at_a_random_moment_of_each_stage_goes_on_to_the_same_end(whole: Run, tmp_path: Path) -> None:
    killed_anywhere(whole, tmp_path, 3)


@pytest.mark.long
def test_twenty_kills_at_random_moments(whole: Run, tmp_path: Path) -> None:
    killed_anywhere(whole, tmp_path, 20)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_generator_can_be_heard_at_any_time_and_fits_the_recipes(channels: int, tmp_path: Path) -> None:
    config = tiny_fast_config(channels=channels)
    learner = tiny_learner(config, tiny_clips(channels=channels))
    z = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    for weights in ("raw", "ema"):
        audio = learner.generator(weights)(z)
        assert audio.shape == (2, channels, FRAMES)
        assert audio.isfinite().all()
        assert audio.abs().max() <= 1
    from trainer.learner import part

    generator = part(find_recipe("fast").generator)(config)
    tensors = learner.state()
    for prefix in ("generator.", "ema."):
        generator.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    torch.testing.assert_close(generator(z), learner.generator("ema")(z))


def test_copies_come_nearer_to_the_clips() -> None:
    config = tiny_fast_config(steps=400)
    learner = tiny_learner(config, tiny_clips())
    order, drawn, told = ClipOrder(12, 4), 0, []
    from trainer.plan import Progress

    progress = Progress()
    for _ in range(150):

        def take(count: int, at: int = drawn) -> np.ndarray:
            return order.take(at, count)

        learner.step(take, config.plan.moment(progress))
        drawn += 4
        from dataclasses import replace

        progress = config.plan.advance(replace(progress, step=progress.step + 1))
        told.append(learner.figures()["copy distance"])
    assert np.mean(told[-10:]) < 0.5 * np.mean(told[:10])


def test_new_clips_take_over_what_was_learnt_but_lend_carriers_of_their_own() -> None:
    old = tiny_learner(tiny_fast_config(), tiny_clips())
    new_config = tiny_fast_config(count=16)
    new = tiny_learner(new_config, tiny_clips(16, seed=7))
    own = new.state()
    new.restore_weights(old.state())
    state, given = new.state(), old.state()
    assert torch.equal(state["ema.decoder.dense.weight"], given["ema.decoder.dense.weight"])
    assert torch.equal(state["encoder.dense.weight"], given["encoder.dense.weight"])
    assert state["ema.carriers"].shape == own["ema.carriers"].shape
    assert state["ema.density.codes"].shape[0] == 16
    with pytest.raises(UserError, match="does not fit"):
        tiny_learner(tiny_fast_config(dim=16), tiny_clips()).restore_weights(given)


def test_no_number_stops_training_with_a_sentence_and_a_good_checkpoint(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_fast_config(steps=STEPS))
    training = train(run, tmp_path / "dataset", 2)
    with torch.no_grad():
        training._learner._raw.decoder.dense.bias.fill_(math.nan)
    with pytest.raises(UserError, match=r"no longer numbers"):
        training.run_until(Limits(steps=8), lambda: False)
    assert all(tensor.isfinite().all() for name, tensor in newest(run).items() if name.startswith("ema."))


def test_small_sets_are_varied_and_large_ones_are_not() -> None:
    random = torch.randn(64, 6, generator=torch.Generator().manual_seed(0))
    envelope = torch.zeros(64, 20, 4)
    changed = varied(envelope, random, 0.6).abs().sum(dim=(1, 2)) > 0
    assert 0.4 < changed.float().mean() < 0.8
    assert not varied(envelope, random, 0.0).any()


def test_the_state_can_be_written_and_read(whole: Run) -> None:
    path = checkpoint.listed(whole.checkpoints)[-1][1]
    assert load_file(path)["stage"] == 2
