from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_fast import tiny_fast_config, tiny_fast_dataset
from tiny_run import tiny_config, tiny_dataset, train_tiny

from engine.errors import UserError
from engine.generator import Generator
from engine.instrument import Instrument
from engine.latent import from_seed
from trainer.cli import main
from trainer.export import export
from trainer.run_folder import Run
from trainer.sampling import parse_seeds, sample


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("sampling")
    run = Run.create(folder / "run", tiny_config(channels=2))
    train_tiny(run, tiny_dataset(folder / "dataset", channels=2), 1)
    return run


def test_seeds_are_ranges_and_lists() -> None:
    assert parse_seeds("0-3") == [0, 1, 2, 3]
    assert parse_seeds("7, 2-3,18446744073709551615") == [7, 2, 3, 2**64 - 1]


@pytest.mark.parametrize("text", ["", "a", "-3", "3-1", "1-", "18446744073709551616", "0-99999999999"])
def test_other_seeds_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--seeds"):
        parse_seeds(text)


def test_a_run_and_its_instrument_give_the_same_sounds_named_by_seed(run: Run, tmp_path: Path) -> None:
    export(run, tmp_path / "a.onnx", "best", None, None, "x")
    assert main(["sample", str(run.path), "-o", str(tmp_path / "run"), "--seeds", "0-9"]) == 0
    assert main(["sample", str(tmp_path / "a.onnx"), "-o", str(tmp_path / "file"), "--seeds", "0-9"]) == 0
    names = [f"seed-{seed:04d}.wav" for seed in range(10)]
    for folder in ("run", "file"):
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names
    for name in names:
        one, rate = soundfile.read(tmp_path / "run" / name)
        other, _ = soundfile.read(tmp_path / "file" / name)
        assert rate == 16000
        assert one.shape == (16384, 2)
        assert np.abs(one - other).max() < 1e-4
    assert soundfile.info(tmp_path / "run" / names[0]).subtype == "PCM_24"


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("recipe", ["fast", "wavegan"])
def test_what_is_sampled_is_what_the_engine_plays(recipe: str, channels: int, tmp_path: Path) -> None:
    config = tiny_fast_config(channels=channels) if recipe == "fast" else tiny_config(channels=channels)
    run = Run.create(tmp_path / "run", config)
    make = tiny_fast_dataset if recipe == "fast" else tiny_dataset
    train_tiny(run, make(tmp_path / "dataset", channels=channels), 3)
    export(run, tmp_path / "a.onnx", "best", None, None, "x")
    (path,) = sample(run.path, tmp_path / "sounds", [77])
    heard, _ = soundfile.read(path, always_2d=True)
    played = Generator(Instrument.open(tmp_path / "a.onnx"), "cpu", 1)
    z = from_seed(77, config.latent_dim, config.row.prior)
    blocks = [played.generate(z, block, 1)[0] for block in range(played.block_total)]
    assert np.abs(np.concatenate(blocks, axis=1).T - heard).max() < 1e-4


def test_a_seed_sounds_the_same_whatever_is_made_beside_it(run: Run, tmp_path: Path) -> None:
    (alone,) = sample(run.path, tmp_path / "alone", [12])
    among = sample(run.path, tmp_path / "among", range(20))[12]
    assert alone.read_bytes() == among.read_bytes()


def test_wrong_use_is_one_sentence(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("x")
    for source, output, words in (
        (tmp_path / "none", tmp_path / "out", "does not exist"),
        (tmp_path, tmp_path / "out", "is not a run"),
        (run.path, tmp_path / "a/b", "does not exist"),
        (run.path, tmp_path / "file", "is a file"),
    ):
        assert main(["sample", str(source), "-o", str(output)]) == 1
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
