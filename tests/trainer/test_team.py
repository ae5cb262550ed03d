from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from team_rig import commands, train_in_float64
from tiny_run import tiny_dataset

from engine.errors import UserError
from trainer import checkpoint
from trainer.launch import Request, train
from trainer.run_folder import Run
from trainer.team import SOLO, Team, joined

SIZES = {
    "wavegan": ("dim=1", "batch=4", "latent_dim=3", "critic_steps=1"),
    "fast": ("dim=8", "batch=4", "latent_dim=3"),
}


def test_each_has_its_part_and_together_they_have_all() -> None:
    drawn = torch.arange(12).view(6, 2)
    parts = [Team(rank, 3).share(drawn) for rank in range(3)]
    assert [len(part) for part in parts] == [2, 2, 2]
    assert torch.equal(torch.cat(parts), drawn)
    assert Team(1, 3).share(np.arange(6)).tolist() == [2, 3]


def test_alone_nothing_is_shared_averaged_or_waited_for() -> None:
    with joined(torch.device("cpu")) as team:
        assert team is SOLO
    tensor = torch.arange(3.0)
    assert SOLO.share(tensor) is not None
    SOLO.average([tensor])
    assert tensor.tolist() == SOLO.share(tensor).tolist() == [0, 1, 2]
    assert SOLO.hear("word") == "word"
    assert SOLO.leads
    assert not Team(1, 2).leads


def test_a_batch_that_cannot_be_shared_equally_is_refused_before_there_is_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def three(_: torch.device) -> Iterator[Team]:
        yield Team(0, 3)

    monkeypatch.setattr("trainer.launch.joined", three)
    dataset = tiny_dataset(tmp_path / "dataset")
    with pytest.raises(UserError, match="A batch of 4 clips cannot be shared equally by 3 processes"):
        train(Request(dataset.path, tmp_path / "run", recipe="wavegan", overrides=("batch=4",)))
    # A stage of `fast` halves the batch, and each half is shared.
    with pytest.raises(UserError, match=r"A batch of 9 clips .* that 6 divides"):
        train(Request(dataset.path, tmp_path / "run", recipe="fast", overrides=("batch=9",)))
    assert not (tmp_path / "run").exists()


# Of `fast` a hundred, of which five at the least are of each stage.
@pytest.mark.parametrize(("recipe", "steps"), [("wavegan", 5), ("fast", 100)])
def test_two_processes_learn_what_one_learns(recipe: str, steps: int, tmp_path: Path) -> None:
    (alone,) = train_in_float64(1, steps, tmp_path, recipe)
    expected = load_file(alone)
    for path in train_in_float64(2, steps, tmp_path, recipe):
        found = load_file(path)
        assert found.keys() == expected.keys()
        for name, tensor in expected.items():
            assert float((found[name].double() - tensor.double()).abs().max()) < 1e-6, name
    kernels = [tensor for name, tensor in expected.items() if name.endswith("dense.weight")]
    assert kernels
    assert all(tensor.dtype == torch.float64 for tensor in kernels)


@pytest.mark.parametrize("recipe", SIZES)
def test_one_run_is_kept_by_the_leader_and_goes_on_after_another_process_died(recipe: str, tmp_path: Path) -> None:
    size = ["--recipe", recipe, *(word for override in SIZES[recipe] for word in ("--set", override))]
    dataset, run = tiny_dataset(tmp_path / "dataset").path, tmp_path / "run"
    leader, helper = commands(2, "train", str(dataset), "-o", str(run), "--steps", "2", *size)
    said, wrong = leader.communicate(timeout=300)
    assert leader.returncode == 0, wrong
    assert "2 processes" in said
    assert "after 2 steps" in said
    assert helper.communicate(timeout=60)[0] == ""
    assert helper.returncode == 0
    assert [row["step"] for row in Run.open(run).rows("report")][-1] == 2

    alone = tmp_path / "alone"
    train(Request(dataset, alone, recipe=recipe, overrides=SIZES[recipe], steps=2, device="cpu"))
    ours, theirs = (checkpoint.load_newest(Run.open(path).checkpoints)[1] for path in (run, alone))
    learnt = [name for name in theirs if name.startswith("generator.") and name.endswith((".weight", ".bias"))]
    assert len(learnt) > 4
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-4) for name in learnt)

    leader, helper = commands(2, "train", str(dataset), "-o", str(run), "--until-stopped")
    assert leader.stdout is not None
    for line in leader.stdout:
        if "step " in line:
            break
    helper.kill()
    _, wrong = leader.communicate(timeout=300)
    helper.communicate(timeout=60)
    assert leader.returncode == 1
    assert "Another process of this training has ended" in wrong
    assert "Traceback" not in wrong
    train(Request(dataset, run, steps=4, device="cpu"))
    assert checkpoint.listed(Run.open(run).checkpoints)[-1][0] == 4
