import json
import shutil
from pathlib import Path

import pytest
import torch
from tiny_run import Clock, Memory, tiny_config, tiny_dataset, train_tiny

from engine.errors import UserError
from trainer import checkpoint, training
from trainer.run_folder import Run
from trainer.training import Limits, Training


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", tiny_config())


def newest(run: Run) -> dict[str, torch.Tensor]:
    return checkpoint.load_newest(run.checkpoints)[1]


def test_twenty_and_twenty_steps_give_the_weights_of_forty(tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    whole = Run.create(tmp_path / "whole", tiny_config())
    train_tiny(whole, dataset, 40)
    parts = Run.create(tmp_path / "parts", tiny_config())
    train_tiny(parts, dataset, 20)
    train_tiny(parts, dataset, 40)
    expected, found = newest(whole), newest(parts)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    other = Run.create(tmp_path / "other", tiny_config(seed=5))
    train_tiny(other, dataset, 1)
    assert not torch.equal(newest(other)["generator.dense.weight"], expected["generator.dense.weight"])


def test_a_run_goes_on_after_its_folder_was_moved(run: Run, tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    train_tiny(run, dataset, 2)
    shutil.move(run.path, tmp_path / "moved")
    moved = Run.open(tmp_path / "moved")
    assert train_tiny(moved, dataset, 3).progress.step == 3
    assert not run.path.exists()


def test_previews_are_made_at_step_nought_by_the_clock_and_at_the_end(run: Run, tmp_path: Path) -> None:
    train_tiny(run, tiny_dataset(tmp_path / "dataset"), 5, Clock(tick=training.PREVIEW_SECONDS / 3.5))
    pictures = sorted(path.stem for path in run.previews.glob("*.png"))
    assert pictures[0] == "step-00000000"
    assert pictures[-1] == "step-00000005"
    assert 2 < len(pictures) < 6
    for picture in pictures:
        assert (run.previews / f"{picture}.png").read_bytes().startswith(b"\x89PNG")
        assert len(list((run.previews / picture).glob("seed-*.wav"))) == 8
    assert list(run.tensorboard.glob("events.*"))


def test_checkpoints_are_saved_by_the_clock(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []
    save = checkpoint.save
    monkeypatch.setattr(checkpoint, "save", lambda *args: (saved.append(args[1].step), save(*args))[1])
    train_tiny(run, tiny_dataset(tmp_path / "dataset"), 6, Clock(tick=training.CHECKPOINT_SECONDS / 2))
    assert saved[0] == 0
    assert saved[-1] == 6
    assert len(saved) > 3


def test_figures_are_reported_and_kept(run: Run, tmp_path: Path) -> None:
    display = Memory()
    train_tiny(run, tiny_dataset(tmp_path / "dataset"), 4, Clock(tick=0.5), display)
    assert [report.step for report in display.reports] == [1, 2, 3, 4]
    assert display.reports[1].steps_per_second == pytest.approx(2)
    assert display.reports[1].remaining == pytest.approx(1)
    lines = [json.loads(line) for line in run.metrics.read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert all(line["critic_distance"] == report.critic_distance for line, report in zip(lines, display.reports))  # noqa: B905


def test_figures_after_the_checkpoint_are_not_kept_twice(run: Run, tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    train_tiny(run, dataset, 2)
    with run.metrics.open("a") as file:
        file.write('{"step": 3}\n{"step": 4}\n{"ste')  # a run that was killed on its way to the next checkpoint
    train_tiny(run, dataset, 4)
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == [1, 2, 3, 4]


def test_hours_end_a_run_however_many_sittings_it_had(run: Run, tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    for seconds in (3.0, 6.0):
        going = Training(run, dataset.clips, torch.device("cpu"), Memory(), Clock(tick=1))
        going.run_until(Limits(seconds=seconds), lambda: False)
        assert going.progress.seconds == pytest.approx(seconds, abs=1)


def test_being_told_to_stop_saves(run: Run, tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    going = Training(run, dataset.clips, torch.device("cpu"), Memory(), Clock())
    path = going.run_until(Limits(), lambda: going.progress.step == 3)
    assert checkpoint.load(path)[0].step == 3


def test_a_damaged_checkpoint_is_passed_over_and_named(run: Run, tmp_path: Path) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    train_tiny(run, dataset, 1)
    train_tiny(run, dataset, 2)
    path = checkpoint.listed(run.checkpoints)[-1][1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    display = Memory()
    assert train_tiny(run, dataset, 3, display=display).progress.step == 3
    assert display.reports[0].step == 2
    assert str(path) in display.notes[0]
    assert "step 1" in display.notes[0]


@pytest.mark.parametrize("where", ["loss", "weight"])
def test_losses_that_are_no_numbers_stop_it_and_the_last_good_checkpoint_stays(
    run: Run, tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    train_tiny(run, dataset, 2)
    going = Training(run, dataset.clips, torch.device("cpu"), Memory(), Clock())
    adversary = going._adversary
    if where == "loss":
        monkeypatch.setattr(adversary, "penalty_weight", float("nan"))
    else:
        with torch.no_grad():
            adversary.generator.dense.bias.fill_(float("inf"))
    with pytest.raises(UserError, match=r"no longer numbers after step 3.*step-00000002.safetensors is the last good"):
        going.run_until(Limits(steps=20), lambda: False)
    assert checkpoint.load_newest(run.checkpoints)[0].step == 2
