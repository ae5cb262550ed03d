import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tiny_run import tiny_dataset

from engine.errors import UserError
from trainer import checkpoint
from trainer.cli import main
from trainer.launch import Request, choose_device, enough_memory, train
from trainer.run_folder import Run
from trainer.sampling import sample

SMALL = ("dim=2", "batch=2", "latent_dim=5", "critic_steps=1")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    torch.set_num_threads(1)
    return tiny_dataset(tmp_path / "dataset").path


def small(dataset: Path, output: Path, steps: int = 1, overrides: tuple[str, ...] = SMALL, **fields: object) -> None:
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
    settings = [word for override in SMALL for word in ("--set", override)]
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
    with pytest.raises(UserError, match="a batch of 2 clips with dim 2; "), enough_memory(run):
        torch.empty(1 << 50)
    with pytest.raises(UserError, match="not enough memory"), enough_memory(run):
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(RuntimeError, match="something else"), enough_memory(run):
        raise RuntimeError("something else")
