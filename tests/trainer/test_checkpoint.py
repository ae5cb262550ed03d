from pathlib import Path

import pytest
import torch

from engine.errors import UserError
from trainer import checkpoint
from trainer.checkpoint import Progress


def save(folder: Path, step: int) -> Path:
    tensors = {"generator.a": torch.full((3,), float(step)), "random": torch.arange(4, dtype=torch.uint8)}
    return checkpoint.save(folder, Progress(step, 2 * step, step / 3), tensors)


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_what_was_saved_is_read_again_to_the_bit(tmp_path: Path) -> None:
    progress, tensors = checkpoint.load(save(tmp_path, 7))
    assert progress == Progress(7, 14, 7 / 3)
    assert tensors["generator.a"].tolist() == [7, 7, 7]
    assert tensors["random"].dtype == torch.uint8


def test_only_the_asked_for_tensors_are_read(tmp_path: Path) -> None:
    assert set(checkpoint.load(save(tmp_path, 7), ("generator.",))[1]) == {"generator.a"}


def test_the_last_few_are_kept_and_milestones(tmp_path: Path) -> None:
    steps = [0, 4000, 9000, 10_400, 11_000, 20_000, 21_000, 22_000, 23_000]
    for step in steps:
        save(tmp_path, step)
    assert [step for step, _ in checkpoint.listed(tmp_path)] == [10_400, 20_000, 21_000, 22_000, 23_000]


def test_nothing_half_written_is_left_when_saving_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 1)

    def fail(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises(OSError, match="No space"):
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


def test_a_step_is_chosen_by_its_number(tmp_path: Path) -> None:
    save(tmp_path, 1)
    save(tmp_path, 2)
    assert checkpoint.load_chosen(tmp_path, "1", ("",))[0].step == 1
    assert checkpoint.load_chosen(tmp_path, "best", ("",))[0].step == 2
    assert checkpoint.load_chosen(tmp_path, "last", ("",))[0].step == 2
    for wrong in ("3", "first"):
        with pytest.raises(UserError, match="best, last or one of these steps: 1, 2"):
            checkpoint.load_chosen(tmp_path, wrong, ("",))


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no checkpoint"):
        checkpoint.load_newest(tmp_path)
