from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from tiny_run import tiny_config

from engine.errors import UserError
from trainer import checkpoint
from trainer.plan import Progress
from trainer.run_folder import Run


def save(folder: Path, step: int, ranking: Sequence[int] = ()) -> Path:
    tensors = {"generator.a": torch.full((3,), float(step)), "random": torch.arange(4, dtype=torch.uint8)}
    return checkpoint.save(folder, Progress(step, 2 * step, step / 3, 1, step // 2), tensors, ranking)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_what_was_saved_is_read_again_to_the_bit(tmp_path: Path) -> None:
    progress, tensors = checkpoint.load(save(tmp_path, 7))
    assert progress == Progress(7, 14, 7 / 3, 1, 3)
    assert tensors["generator.a"].tolist() == [7, 7, 7]
    assert tensors["random"].dtype == torch.uint8


def test_only_the_asked_for_tensors_are_read(tmp_path: Path) -> None:
    assert set(checkpoint.load(save(tmp_path, 7), ("generator.",))[1]) == {"generator.a"}


def test_the_last_few_are_kept_and_milestones(tmp_path: Path) -> None:
    steps = [0, 4000, 9000, 10_400, 11_000, 20_000, 21_000, 22_000, 23_000]
    for step in steps:
        save(tmp_path, step)
    assert [step for step, _ in checkpoint.listed(tmp_path)] == [10_400, 20_000, 21_000, 22_000, 23_000]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("No space left on device")])
def test_nothing_half_written_is_left_when_saving_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    save(tmp_path, 1)

    def fail(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise error

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises((OSError, UserError), match="No space"):
        save(tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001.safetensors"]


def test_a_checkpoint_cut_in_half_is_named(tmp_path: Path) -> None:
    path = save(tmp_path, 1)
    cut_in_half(path)
    with pytest.raises(UserError, match=r"step-00000001\.safetensors is damaged"):
        checkpoint.load(path)
    with pytest.raises(UserError, match=r"No checkpoint .* can be read"):
        checkpoint.load_newest(tmp_path)


def test_the_previous_one_is_read_instead_of_a_damaged_one(tmp_path: Path) -> None:
    save(tmp_path, 1)
    cut_in_half(save(tmp_path, 2))
    progress, _, damaged = checkpoint.load_newest(tmp_path)
    assert progress.step == 1
    assert [path.name for path in damaged] == ["step-00000002.safetensors"]


def test_the_best_are_kept_beside_the_newest(tmp_path: Path) -> None:
    for step in range(1, 10):
        save(tmp_path, step, (2, 4, 3, 5, 1))
    assert [step for step, _ in checkpoint.listed(tmp_path)] == [2, 3, 4, 7, 8, 9]


def test_a_step_is_chosen_by_its_number(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_config())
    save(run.checkpoints, 1)
    save(run.checkpoints, 2)
    assert checkpoint.load_chosen(run, "1")[0].step == 1
    assert checkpoint.load_chosen(run, "last")[0].step == 2
    for wrong in ("3", "first"):
        with pytest.raises(UserError, match="best, last or one of these steps: 1, 2"):
            checkpoint.load_chosen(run, wrong)


def test_the_best_is_the_nearest_to_real_sounds_that_can_be_read_and_has_learnt(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_config())
    for step in (0, 1, 2, 3):
        save(run.checkpoints, step, (0,))
    assert checkpoint.load_chosen(run, "best")[0].step == 3  # nothing was measured
    for step, distance in ((0, 1.0), (1, 5.0), (2, 4.0), (3, 6.0)):
        run.record("metrics", {"step": step, "seconds": 0.0, "mmd": distance})
    assert checkpoint.load_chosen(run, "best")[0].step == 2
    cut_in_half(run.checkpoints / "step-00000002.safetensors")
    assert checkpoint.load_chosen(run, "best")[0].step == 1
    assert checkpoint.load_chosen(run, "last")[0].step == 3


def test_the_weights_that_a_run_began_with_may_stay_its_best(tmp_path: Path) -> None:
    config = replace(tiny_config(), started_from={"recipe": "wavegan", "seed": 0, "step": 9})
    run = Run.create(tmp_path / "run", config)
    for step, distance in ((0, 1.0), (1, 5.0)):
        run.record("metrics", {"step": step, "seconds": 0.0, "mmd": distance})
        save(run.checkpoints, step)
    assert run.ranking() == [0, 1]
    assert checkpoint.load_chosen(run, "best")[0].step == 0


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no checkpoint"):
        checkpoint.load_newest(tmp_path)
