import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from tiny_recipe import STAGES, TINY, TinyLearner
from tiny_run import Clock, Memory, Ruler, tiny_config, tiny_dataset, train_tiny

from engine.errors import UserError
from trainer import checkpoint, recipes
from trainer.dataset import Dataset, write
from trainer.plan import Limits, Plan
from trainer.run_folder import Run, RunConfig
from trainer.training import CHECK_SECONDS, Training


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny recipe is there, and spectrograms, which cost more than all the rest, are not drawn."""
    monkeypatch.setattr(recipes, "RECIPES", (*recipes.RECIPES, TINY))
    monkeypatch.setattr("trainer.previews.save_grid", lambda path, *_: path.write_bytes(b"picture"))


def config(**changes: object) -> RunConfig:
    plan = Plan(STAGES, steps=20)
    return tiny_config(**{"recipe": "tiny", "settings": TINY.values(), "plan": plan, **changes})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", config())


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return tiny_dataset(tmp_path / "dataset")


def newest(run: Run) -> dict[str, torch.Tensor]:
    return checkpoint.load_newest(run.checkpoints)[1]


def steps_saved(run: Run) -> list[int]:
    return [step for step, _ in checkpoint.listed(run.checkpoints)]


def assert_equal(one: Run, other: Run) -> None:
    expected, found = newest(one), newest(other)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.parametrize("recipe", ["wavegan", "tiny"])
def test_parts_give_the_weights_of_the_whole(tmp_path: Path, dataset: Dataset, recipe: str) -> None:
    made = config if recipe == "tiny" else tiny_config
    whole, parts, other = (
        Run.create(tmp_path / name, made(seed=seed)) for name, seed in (("whole", 4), ("parts", 4), ("other", 5))
    )
    train_tiny(whole, dataset, 20)
    for steps in (3, 10, 15, 20):  # in every stage, and at a border of two
        train_tiny(parts, dataset, steps, yardstick=Ruler(5.0))
    assert_equal(whole, parts)
    train_tiny(other, dataset, 1)
    assert not torch.equal(newest(other)["generator.dense.weight"], newest(whole)["generator.dense.weight"])


@pytest.mark.parametrize("after", [1, 7, 12, 18])
def test_a_kill_at_any_moment_is_made_good(tmp_path: Path, dataset: Dataset, after: int) -> None:
    whole = Run.create(tmp_path / "whole", config())
    train_tiny(whole, dataset, 20, yardstick=Ruler(5.0))
    killed = Run.create(tmp_path / "killed", config())
    going = Training(
        killed, dataset.clips, torch.device("cpu"), Memory(), Clock(CHECK_SECONDS / 8), yardstick=Ruler(5.0)
    )

    def kill() -> bool:
        if going.progress.step == after:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        going.run_until(Limits(steps=20), kill)
    (killed.checkpoints / ".step-00000099.1.part.safetensors").write_bytes(b"half")
    train_tiny(killed, dataset, 20, yardstick=Ruler(5.0))
    assert_equal(whole, killed)
    for kind in ("report", "metrics"):
        steps = [row["step"] for row in killed.rows(kind)]
        assert steps == sorted(set(steps))
        assert steps[-1] == 20


def test_a_run_goes_on_after_its_folder_was_moved(run: Run, dataset: Dataset, tmp_path: Path) -> None:
    train_tiny(run, dataset, 2)
    shutil.move(run.path, tmp_path / "moved")
    moved = Run.open(tmp_path / "moved")
    assert train_tiny(moved, dataset, 3).progress.step == 3
    assert not run.path.exists()


def test_the_learner_is_told_where_it_stands(run: Run, dataset: Dataset) -> None:
    display = Memory()
    going = train_tiny(run, dataset, 25, display=display)
    learner = going._learner
    assert isinstance(learner, TinyLearner)
    assert [moment.step for moment in learner.moments] == list(range(25))
    assert [moment.stage for moment in learner.moments] == ["sketch"] * 10 + ["fit"] * 4 + ["polish"] * 11
    assert [moment.done for moment in learner.moments[-6:]] == pytest.approx([5 / 6, 1, 1, 1, 1, 1])
    assert display.notes == ["Stage 2 of 3 begins: fit.", "Stage 3 of 3 begins: polish."]
    assert [report.stage for report in display.reports] == [moment.stage for moment in learner.moments]


def test_a_check_is_a_checkpoint_previews_and_metrics_at_the_beginning_by_the_clock_and_at_the_end(
    run: Run, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    save = checkpoint.save
    monkeypatch.setattr(checkpoint, "save", lambda *args: (saved.append(args[1].step), save(*args))[1])
    train_tiny(run, dataset, 20, Clock(tick=CHECK_SECONDS / 4.5), yardstick=Ruler(5.0))
    assert saved[0] == 0
    assert saved[-1] == 20
    assert 4 < len(saved) < 8
    assert sorted(path.stem for path in run.previews.glob("*.png")) == [f"step-{step:08d}" for step in saved]
    for step in saved:
        assert len(list((run.previews / f"step-{step:08d}").glob("seed-*.wav"))) == 8
    assert [row["step"] for row in run.rows("metrics")] == saved
    assert list(run.tensorboard.glob("events.*"))
    assert "step-00000020/" in (run.path / "index.html").read_text()


def test_what_a_kill_kept_from_being_measured_is_measured_next_time(run: Run, dataset: Dataset) -> None:
    train_tiny(run, dataset, 5)
    shutil.rmtree(run.previews)
    train_tiny(run, dataset, 5, yardstick=Ruler(7.0))
    assert run.scores() == {5: 7.0}
    assert [path.name for path in run.previews.glob("*.png")] == ["step-00000005.png"]


def test_the_best_checkpoints_stay_and_the_best_is_taken(run: Run, dataset: Dataset) -> None:
    ruler = Ruler(90.0, 9.0, 5.0, 6.0, 7.0, 20.0)
    train_tiny(run, dataset, 20, Clock(tick=CHECK_SECONDS), yardstick=ruler)
    best = sorted(run.scores().items(), key=lambda row: row[1])[:3]
    assert [distance for _, distance in best] == [5.0, 6.0, 7.0]
    assert {step for step, _ in best} < set(steps_saved(run))
    assert len(steps_saved(run)) == 6
    assert checkpoint.load_chosen(run, "best")[0].step == best[0][0]


def test_metrics_are_rows_of_their_own_with_the_floor_and_said_in_words(run: Run, dataset: Dataset) -> None:
    display = Memory()
    train_tiny(run, dataset, 20, Clock(tick=CHECK_SECONDS / 4), display, Ruler(90.0, 18.0, 12.0, copies=0.5))
    rows = run.rows("metrics")
    assert [row["mmd"] for row in rows[:3]] == [90.0, 18.0, 12.0]
    assert rows[1]["floor"]["mmd"] == 4.0
    assert rows[1]["stage"] == "sketch"
    assert display.notes[0].startswith(
        "Distance of the sounds from your audio (less is closer): 90; held-out sounds score 4"
    )
    assert any("closer to your audio than 5 minutes ago: 90 → 18" in note for note in display.notes)
    assert sum("are copies of your clips. More" in note for note in display.notes) == 1
    assert sum(note.startswith("Alarm") for note in display.notes) == 1
    assert {row["text"] for row in run.rows("note")} <= set(display.notes)
    assert all("mmd" not in row for row in run.rows("report"))


def test_fewer_sounds_of_a_slow_generator_are_measured(run: Run, dataset: Dataset) -> None:
    for tick, sounds in ((0.01, 500), (1.0, 160), (60.0, 50)):
        ruler = Ruler(5.0)
        shutil.rmtree(run.path / "checkpoints", ignore_errors=True)
        run.metrics.unlink(missing_ok=True)
        train_tiny(run, dataset, 1, Clock(tick=tick), yardstick=ruler)
        assert ruler.heard == [sounds, sounds]


def test_figures_are_reported_and_kept(run: Run, dataset: Dataset) -> None:
    display = Memory()
    train_tiny(run, dataset, 4, Clock(tick=0.5), display)
    assert [report.step for report in display.reports] == [1, 2, 3, 4]
    assert display.reports[1].steps_per_second == pytest.approx(2)
    assert display.reports[1].remaining == pytest.approx(1)
    rows = run.rows("report")
    assert [row["step"] for row in rows] == [1, 2, 3, 4]
    assert [row["distance"] for row in rows] == [report.figures["distance"] for report in display.reports]


def test_a_check_takes_no_time_from_the_steps_speed(run: Run, dataset: Dataset) -> None:
    clock, display = Clock(tick=0.5), Memory()

    class Slow(Ruler):
        def measure(self, generate: object, count: int) -> dict[str, float]:
            clock.now += 1000
            return {"mmd": 5.0}

    train_tiny(run, dataset, 20, clock, display, Slow(5.0))
    assert all(1 < report.steps_per_second <= 2 for report in display.reports)


def test_figures_after_the_checkpoint_are_not_kept_twice(run: Run, dataset: Dataset) -> None:
    train_tiny(run, dataset, 2)
    with run.metrics.open("a") as file:
        # A run that was killed on its way to the next checkpoint.
        file.write('{"step": 3}\n{"kind": "metrics", "step": 4, "mmd": 1.0}\n{"ste')
    train_tiny(run, dataset, 4)
    assert [json.loads(line)["step"] for line in run.metrics.read_text().splitlines()] == [1, 2, 3, 4]
    assert run.scores() == {}


def test_hours_end_a_run_however_many_sittings_it_had(run: Run, dataset: Dataset) -> None:
    for seconds in (3.0, 6.0):
        going = Training(run, dataset.clips, torch.device("cpu"), Memory(), Clock(tick=1))
        going.run_until(Limits(seconds=seconds), lambda: False)
        assert going.progress.seconds == pytest.approx(seconds, abs=1)


def test_being_told_to_stop_saves(run: Run, dataset: Dataset) -> None:
    going = Training(run, dataset.clips, torch.device("cpu"), Memory(), Clock())
    path = going.run_until(Limits(), lambda: going.progress.step == 3)
    assert checkpoint.load(path)[0].step == 3


def test_a_damaged_checkpoint_is_passed_over_and_named(run: Run, dataset: Dataset) -> None:
    train_tiny(run, dataset, 1)
    train_tiny(run, dataset, 2)
    path = checkpoint.listed(run.checkpoints)[-1][1]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    display = Memory()
    assert train_tiny(run, dataset, 3, display=display).progress.step == 3
    assert display.reports[0].step == 2
    assert str(path) in display.notes[0]
    assert "step 1" in display.notes[0]


@pytest.mark.parametrize("where", ["figure", "weight"])
def test_losses_that_are_no_numbers_stop_it_and_the_last_good_checkpoint_stays(
    run: Run, dataset: Dataset, where: str
) -> None:
    train_tiny(run, dataset, 2)
    going = Training(run, dataset.clips, torch.device("cpu"), Memory(), Clock())
    learner = going._learner
    assert isinstance(learner, TinyLearner)
    if where == "figure":
        learner.losses.append(float("nan"))
    else:
        with torch.no_grad():
            learner.networks["generator"].dense.bias.fill_(float("inf"))
    with pytest.raises(UserError, match=r"no longer numbers after step 3.*step-00000002.safetensors is the last good"):
        going.run_until(Limits(steps=20), lambda: False)
    assert checkpoint.load_newest(run.checkpoints)[0].step == 2


@pytest.mark.parametrize("recipe", ["wavegan", "tiny"])
def test_a_nan_in_the_data_stops_it_naming_the_clip_and_training_goes_on_once_it_is_mended(
    tmp_path: Path, dataset: Dataset, recipe: str
) -> None:
    run = Run.create(tmp_path / "run", config() if recipe == "tiny" else tiny_config())
    train_tiny(run, dataset, 2)
    clips = np.array(dataset.clips)
    clips[5, 0, 9000] = np.nan
    bad = write(tmp_path / "bad", clips, dataset.sample_rate)
    with pytest.raises(
        UserError, match=r"because clip 5 of the dataset holds .* no numbers.*step-00000002\.safetensors"
    ):
        train_tiny(run, bad, 20)
    assert steps_saved(run)[-1] == 2
    going = train_tiny(run, dataset, 20)
    assert going.progress.step == 20
    assert going._learner.weights_finite()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("No space left on device")])
def test_a_full_disk_stops_it_and_the_last_checkpoint_is_whole(
    run: Run, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    train_tiny(run, dataset, 5)

    def fail(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "save_file", fail)
        with pytest.raises((OSError, UserError), match="No space"):
            train_tiny(run, dataset, 9)
    assert [path.name for path in run.checkpoints.iterdir() if "00000000" not in path.name] == [
        "step-00000005.safetensors"
    ]
    assert train_tiny(run, dataset, 9).progress.step == 9
    assert [row["step"] for row in run.rows("report")] == list(range(1, 10))


@pytest.mark.parametrize("stage", range(3))
def test_a_run_begins_with_the_best_weights_of_another_in_whatever_stage_that_was(
    tmp_path: Path, dataset: Dataset, stage: int
) -> None:
    other, run = Run.create(tmp_path / "other", config()), Run.create(tmp_path / "run", config(seed=9))
    for steps, distance in (((4, 12, 18)[stage], 5.0), (20, 8.0)):
        train_tiny(other, dataset, steps, yardstick=Ruler(distance))
    taken = checkpoint.load_chosen(other, "best")[1]
    assert not torch.equal(taken["ema.dense.weight"], newest(other)["ema.dense.weight"])
    Training(run, dataset.clips, torch.device("cpu"), Memory(), Clock(), source=other)
    assert torch.equal(newest(run)["ema.dense.weight"], taken["ema.dense.weight"])
    assert checkpoint.load_newest(run.checkpoints)[0].stage == 0
