import contextlib
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_fast import tiny_fast_dataset
from tiny_recipe import STAGES, TINY
from tiny_run import Ruler, tiny_dataset

from engine.errors import UserError
from trainer import checkpoint, recipes
from trainer.cli import main
from trainer.dataset import write
from trainer.launch import Request, choose_device, enough_memory, train
from trainer.measure.yardstick import Yardstick
from trainer.plan import Plan
from trainer.run_folder import Run
from trainer.sampling import sample

SMALL = ("dim=2", "batch=2", "latent_dim=5", "critic_steps=1")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny recipe is there; nothing is measured, and no spectrogram is drawn."""
    monkeypatch.setattr(recipes, "RECIPES", (*recipes.RECIPES, TINY))
    monkeypatch.setattr("trainer.launch.Yardstick", lambda *_: Ruler(5.0))
    monkeypatch.setattr("trainer.previews.save_grid", lambda path, *_: path.write_bytes(b"picture"))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    torch.set_num_threads(1)
    return tiny_dataset(tmp_path / "dataset").path


def small(dataset: Path, output: Path, steps: int = 1, overrides: tuple[str, ...] = SMALL, **fields: object) -> None:
    fields = {"recipe": "wavegan", **fields}
    train(Request(dataset, output, overrides=overrides, steps=steps, device="cpu", **fields))  # type: ignore[arg-type]


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_same_command_goes_on(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small(dataset, tmp_path / "run", 2)
    small(dataset, tmp_path / "run", 3, ())
    assert checkpoint.load_newest(tmp_path / "run/checkpoints")[0].step == 3
    assert "from step 2" in capsys.readouterr().out


def test_control_c_saves_and_says_where(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = [sys.executable, "-c", "import sys; from trainer.cli import main; sys.exit(main())", "train"]
    settings = ["--recipe", "wavegan", *(word for override in SMALL for word in ("--set", override))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*command, str(dataset), "-o", str(run), "--device", "cpu", *settings],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
    assert process.returncode == 0
    (_, path) = checkpoint.listed(run / "checkpoints")[-1]
    assert f"Saved {path}" in rest
    assert checkpoint.load(path)[0].step >= 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample_rate": 22050}, ["16000 Hz", "22050 Hz"]),
        ({"channels": 2}, ["mono", "stereo"]),
        ({"frames": 32768}, ["16384 frames", "32768 frames"]),
    ],
)
def test_a_dataset_of_another_form_is_refused_on_resume_naming_both(
    dataset: Path, tmp_path: Path, changes: dict[str, int], words: list[str]
) -> None:
    small(dataset, tmp_path / "run")
    before = digests(tmp_path / "run")
    other = tiny_dataset(tmp_path / "other", **changes)
    with pytest.raises(UserError) as caught:
        small(other.path, tmp_path / "run", 2)
    assert all(word in str(caught.value) for word in words)
    assert digests(tmp_path / "run") == before


@pytest.mark.parametrize(("override", "seed"), [("dim=4", None), (None, 9)])
def test_settings_cannot_change_half_way(dataset: Path, tmp_path: Path, override: str | None, seed: int | None) -> None:
    small(dataset, tmp_path / "run")
    with pytest.raises(UserError, match="cannot become"):
        small(dataset, tmp_path / "run", 2, () if override is None else (override,), seed=seed)


def test_fresh_keeps_the_old_run_beside(dataset: Path, tmp_path: Path) -> None:
    small(dataset, tmp_path / "run", 2)
    before = digests(tmp_path / "run")
    small(dataset, tmp_path / "run", 1, fresh=True)
    assert digests(tmp_path / "run-old-1") == before
    assert checkpoint.load_newest(tmp_path / "run/checkpoints")[0].step == 1


def test_fresh_leaves_the_old_run_in_its_place_when_the_new_one_cannot_begin(dataset: Path, tmp_path: Path) -> None:
    small(dataset, tmp_path / "run")
    with pytest.raises(UserError):
        small(dataset, tmp_path / "run", overrides=("dim=0",), fresh=True)
    assert Run.exists(tmp_path / "run")


def test_from_begins_with_the_other_runs_weights_and_leaves_it_untouched(dataset: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    small(dataset, first, 2)
    sounds = sample(first, tmp_path / "sounds", range(8))
    before = digests(first)
    other = tiny_dataset(tmp_path / "other", seed=8)
    small(other.path, second, 20, ("batch=2", "critic_steps=1"), source=first)
    for sound in sounds:
        assert (second / "previews/step-00000000" / sound.name).read_bytes() == sound.read_bytes()
    step_20 = sample(second, tmp_path / "later", range(8))
    assert step_20[0].read_bytes() != sounds[0].read_bytes()
    assert digests(first) == before
    assert checkpoint.load_newest(second / "checkpoints")[0].step == 20
    started = Run.open(second).config.started_from
    assert started is not None
    assert started["step"] == 2
    first.rename(tmp_path / "elsewhere")  # the same command goes on without it
    small(other.path, second, 21, (), source=first)
    assert checkpoint.load_newest(second / "checkpoints")[0].step == 21


def test_from_is_refused_for_a_run_that_was_begun_without(dataset: Path, tmp_path: Path) -> None:
    small(dataset, tmp_path / "first")
    small(dataset, tmp_path / "second")
    with pytest.raises(UserError, match="--from"):
        small(dataset, tmp_path / "second", 2, source=tmp_path / "first")
    assert checkpoint.load_newest(tmp_path / "second/checkpoints")[0].step == 1


@pytest.mark.parametrize(
    ("changes", "overrides", "words"),
    [
        ({"channels": 2}, (), ["mono", "stereo"]),
        ({"frames": 32768}, (), ["16384", "32768"]),
        ({"sample_rate": 22050}, (), ["16000 Hz", "22050 Hz"]),
        ({}, ("dim=4",), ["dim 2", "dim 4"]),
        ({}, ("latent_dim=6",), ["latent_dim 5", "latent_dim 6"]),
    ],
)
def test_from_a_run_of_another_shape_is_refused_naming_both(
    dataset: Path, tmp_path: Path, changes: dict[str, int], overrides: tuple[str, ...], words: list[str]
) -> None:
    small(dataset, tmp_path / "first")
    other = tiny_dataset(tmp_path / "other", **changes)
    with pytest.raises(UserError) as caught:
        small(other.path, tmp_path / "second", overrides=overrides, source=tmp_path / "first")
    assert all(word in str(caught.value) for word in words)
    assert not (tmp_path / "second").exists()


def test_from_a_run_of_another_recipe_is_refused(dataset: Path, tmp_path: Path) -> None:
    small(dataset, tmp_path / "first")
    with pytest.raises(UserError, match=r"trained with wavegan.*leave out --recipe"):
        small(dataset, tmp_path / "second", overrides=(), source=tmp_path / "first", recipe="tiny")
    assert not (tmp_path / "second").exists()


def tiny(dataset: Path, output: Path, **fields: object) -> Run:
    train(Request(dataset, output, recipe="tiny", device="cpu", **fields))  # type: ignore[arg-type]
    return Run.open(output)


def step_of(run: Run) -> int:
    return checkpoint.load_newest(run.checkpoints)[0].step


def test_a_recipe_with_stages_ends_by_itself_and_says_so(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny(dataset, tmp_path / "run")
    assert run.config.plan == Plan(STAGES, 20, 3600.0)
    assert step_of(run) == 20
    assert "plan is done" in capsys.readouterr().out
    tiny(dataset, tmp_path / "run")  # and the same command finds nothing to do
    assert step_of(run) == 20
    said = capsys.readouterr().out
    assert f"{run.path} has had 20 steps" in said
    assert "nothing was left to do" in said
    assert "--until-stopped" in said
    tiny(dataset, tmp_path / "run", steps=1)
    said = capsys.readouterr().out
    assert "Saved" not in said
    assert "nothing was left to do" in said


def test_a_recipe_that_there_is_not_is_told_of_beside_a_run_too(dataset: Path, tmp_path: Path) -> None:
    tiny(dataset, tmp_path / "run", steps=1)
    with pytest.raises(UserError, match="There is no recipe foo"):
        train(Request(dataset, tmp_path / "run", recipe="foo", device="cpu"))


def test_the_stages_of_a_new_run_are_laid_out_over_what_was_asked_for(dataset: Path, tmp_path: Path) -> None:
    assert tiny(dataset, tmp_path / "a", steps=7).config.plan == Plan(STAGES, steps=7.0)
    plan = tiny(dataset, tmp_path / "c", hours=0.2 / 3600).config.plan
    assert (plan.steps, plan.seconds) == (None, pytest.approx(0.2))
    both = tiny(dataset, tmp_path / "d", steps=7, hours=1)
    assert (both.config.plan, step_of(both)) == (Plan(STAGES, 7.0, 3600.0), 7)


def test_later_sittings_end_elsewhere_and_leave_the_stages(dataset: Path, tmp_path: Path) -> None:
    run = tiny(dataset, tmp_path / "run", steps=20)
    tiny(dataset, tmp_path / "cut", steps=20)
    for steps in (22, 25):
        tiny(dataset, tmp_path / "run", steps=steps)
        assert step_of(run) == steps
    progress = checkpoint.load_newest(run.checkpoints)[0]
    assert (progress.stage, progress.stage_began) == (2, 14)
    assert Run.open(tmp_path / "run").config.plan == Plan(STAGES, steps=20.0)


def test_until_stopped_goes_on_after_the_plan(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextlib.contextmanager
    def soon() -> Iterator[Callable[[], bool]]:
        asked = iter([*[False] * 24, True])
        yield lambda: next(asked)

    monkeypatch.setattr("trainer.launch.stopping", soon)
    assert step_of(tiny(dataset, tmp_path / "run", until_stopped=True)) == 24


def test_a_word_is_taken_over_from_the_other_run_and_must_fit(dataset: Path, tmp_path: Path) -> None:
    tiny(dataset, tmp_path / "first", steps=2, overrides=("head=steep",))
    second = tiny(dataset, tmp_path / "second", steps=2, source=tmp_path / "first")
    assert second.config.settings["head"] == "steep"
    with pytest.raises(UserError, match=r"head steep, .* head flat; leave out --set head"):
        tiny(dataset, tmp_path / "third", overrides=("head=flat",), source=tmp_path / "first")


def test_too_few_sounds_and_silence_are_refused_before_there_is_a_run(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal((8, 1, 16384)).astype(np.float32) * 0.1
    for clips, words in (
        (noise[:0], "has 0 different sounds, and training needs at least 8"),
        (noise[:1], "has 1 different sound, and training needs at least 8"),
        (noise[[0, 1] * 20], "has 2 different sounds"),
        (np.concatenate([noise[:3], 0 * noise]), "has 3 different sounds"),
        (0 * noise, "holds nothing but silence"),
    ):
        dataset = write(tmp_path / "few", clips, 16000, overwrite=True)
        with pytest.raises(UserError, match=words):
            small(dataset.path, tmp_path / "run")
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("recipe", ["fast", "wavegan"])
def test_what_is_no_number_is_refused_before_there_is_a_run(recipe: str, tmp_path: Path) -> None:
    clips = np.random.default_rng(0).standard_normal((12, 1, 16384)).astype(np.float32) * 0.1
    clips[5, 0, 9000] = np.nan
    dataset = write(tmp_path / "bad", clips, 16000)
    with pytest.raises(UserError, match=r"Clip 5 of the dataset .* no numbers; prepare"):
        train(Request(dataset.path, tmp_path / "run", recipe=recipe, device="cpu"))
    assert not (tmp_path / "run").exists()


def test_the_sounds_are_measured_by_the_datasets(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("trainer.launch.Yardstick", Yardstick)
    monkeypatch.setattr("trainer.training.SOUNDS", 50)
    run = tiny(dataset, tmp_path / "run", steps=3)
    rows = run.rows("metrics")
    assert [row["step"] for row in rows] == [0, 3]
    assert {"mmd", "coverage", "recall", "density", "copies", "nearness", "peakiness_90"} <= rows[0].keys()
    assert {"mmd", "coverage"} <= rows[0]["floor"].keys()
    assert "held-out sounds score" in capsys.readouterr().out


def test_other_wrong_use_is_one_sentence(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/song.wav").write_bytes(b"mine")
    out = str(tmp_path / "run")
    cases = [
        ([str(tmp_path / "none"), "-o", out], "There is no dataset"),
        ([str(dataset), "-o", str(tmp_path / "a/b")], "does not exist"),
        ([str(dataset), "-o", str(tmp_path / "full")], "not a run"),
        ([str(dataset), "-o", out, "--from", str(tmp_path / "none")], "not a run"),
        ([str(dataset), "-o", out, "--recipe", "slow"], "no recipe slow"),
        ([str(dataset), "-o", out, "--set", "dim=x"], "whole number"),
        ([str(dataset)], "-o RUN"),
    ]
    for arguments, words in cases:
        assert main(["train", *arguments, "--steps", "1", "--device", "cpu"]) == 1
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert (tmp_path / "full/song.wav").read_bytes() == b"mine"
    assert not (tmp_path / "run").exists()


def test_set_help_lists_the_recipes_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--recipe", "wavegan", "--set", "help"]) == 0
    assert "critic_steps" in capsys.readouterr().out


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match="no CUDA"):
        choose_device("cuda")
    assert choose_device("auto").type == "cpu"


def test_a_damaged_config_is_named(dataset: Path, tmp_path: Path) -> None:
    small(dataset, tmp_path / "run")
    (tmp_path / "run/config.json").write_text('{"format": 1')
    with pytest.raises(UserError, match=r"config\.json is damaged"):
        Run.open(tmp_path / "run")


def test_memory_that_runs_out_is_told_in_a_sentence(dataset: Path, tmp_path: Path) -> None:
    small(dataset, tmp_path / "run")
    run = Run.open(tmp_path / "run")
    with pytest.raises(UserError, match="a batch of 2 clips with dim 2 and latent_dim 5; "), enough_memory(run.config):
        torch.empty(1 << 50)
    with pytest.raises(UserError, match="not enough memory"), enough_memory(run.config):
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(RuntimeError, match="something else"), enough_memory(run.config):
        raise RuntimeError("something else")


def test_a_run_that_holds_clips_does_not_go_on_with_others(tmp_path: Path) -> None:
    size = ("dim=8", "latent_dim=3", "batch=4")
    old = tiny_fast_dataset(tmp_path / "old").path
    train(Request(old, tmp_path / "run", recipe="fast", overrides=size, steps=3, device="cpu"))
    others = tiny_fast_dataset(tmp_path / "others", count=9, seed=5).path
    with pytest.raises(UserError, match=r"holds parts of the clips .* begin it with --from"):
        train(Request(others, tmp_path / "run", steps=6, device="cpu"))
    train(Request(others, tmp_path / "next", source=tmp_path / "run", overrides=size[2:], steps=3, device="cpu"))
