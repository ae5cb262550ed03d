import json
from pathlib import Path

import numpy as np
import pytest
from tiny_instrument import write_tiny_instrument
from tiny_run import tiny_config, tiny_dataset, train_tiny

from trainer.cli import main
from trainer.dataset import write
from trainer.run_folder import Run
from trainer.source import Source

FRAMES = 16384


@pytest.fixture(scope="module")
def instrument(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_instrument(tmp_path_factory.mktemp("judging") / "sines.onnx")


@pytest.fixture(scope="module")
def sines(instrument: Path) -> Path:
    """A dataset of what the instrument makes, of other seeds than those that are judged."""
    clips = Source.open(instrument).sounds(range(10_000, 10_060))
    return write(instrument.parent / "sines", clips, 16000).path


@pytest.fixture(scope="module")
def noises(instrument: Path) -> Path:
    noise = 0.1 * np.random.default_rng(0).standard_normal((60, 1, FRAMES))
    return write(instrument.parent / "noises", noise.astype(np.float32), 16000).path


def judged(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    assert main(["evaluate", *map(str, arguments), "--sounds", "120", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_instrument_is_good_beside_its_own_sounds_and_poor_beside_others(
    instrument: Path, sines: Path, noises: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, other = (judged(capsys, instrument, dataset) for dataset in (sines, noises))
    assert own["figures"]["mmd"]["verdict"] == "good"
    assert own["figures"]["coverage"]["verdict"] == "good"
    assert other["figures"]["mmd"]["verdict"] == "poor"
    assert other["figures"]["mmd"]["says"] == "does not sound like your audio"
    assert other["figures"]["descriptor: noise"]["verdict"] == "poor"
    assert own["p_value"] > 0.01 > other["p_value"]
    assert (own["sounds"], own["real_clips"], own["held_out"], own["step"]) == (120, 60, "whole files", None)
    assert "frechet" not in own["figures"]
    assert any("Fewer than 200 clips" in note for note in own["notes"])
    for figure in own["figures"].values():
        assert figure["interval"][0] <= figure["interval"][1]
        assert figure["floor_interval"][0] <= figure["floor"] <= figure["floor_interval"][1]


def test_the_same_again_is_the_same(instrument: Path, sines: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(capsys, instrument, sines) == judged(capsys, instrument, sines)


def test_the_table_fits_a_hundred_columns(instrument: Path, noises: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(instrument), str(noises), "--sounds", "40"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    for words in ("distance (MMD²)", "poor", "does not sound", "is no chance", "brightness"):
        assert words in text


def test_a_run_is_judged_by_the_checkpoint_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = tiny_dataset(tmp_path / "dataset")
    run = Run.create(tmp_path / "run", tiny_config())
    train_tiny(run, dataset, 2)
    result = judged(capsys, run.path, dataset.path, "--checkpoint", "0")
    assert result["step"] == 0
    assert judged(capsys, run.path, dataset.path, "--checkpoint", "last")["step"] == 2


def test_wrong_use_is_one_sentence(instrument: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stereo = tiny_dataset(tmp_path / "stereo", channels=2)
    slow = tiny_dataset(tmp_path / "slow", sample_rate=8000)
    few = write(tmp_path / "few", np.zeros((3, 1, FRAMES), np.float32), 16000)
    for dataset, words in (
        (stereo.path, "has stereo clips of 16384 frames at 16000 Hz"),
        (slow.path, "has mono clips of 16384 frames at 8000 Hz"),
        (few.path, "has 3 clips, too few"),
        (tmp_path / "none", "There is no dataset"),
    ):
        assert main(["evaluate", str(instrument), str(dataset)]) == 1
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


@pytest.mark.parametrize("sounds", ["0", "19", "5001", "many"])
def test_an_impossible_number_of_sounds_is_wrong_use(sounds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["evaluate", "x.onnx", "y", "--sounds", sounds])
    assert "--sounds: must be a whole number from 20 to 5000" in capsys.readouterr().err
