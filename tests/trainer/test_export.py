import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from tiny_run import tiny_config, tiny_dataset, train_tiny

from engine.errors import UserError
from engine.instrument import Instrument
from engine.latent import from_seed
from trainer import export as exporting
from trainer.cli import main
from trainer.export import TOLERANCE, build_checked_size, checked_windows, export, load_generator
from trainer.run_folder import Run, RunConfig
from trainer.wavegan.graph import build
from trainer.wavegan.layers import Shape
from trainer.wavegan.networks import Generator, initialise


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("export")
    run = Run.create(folder / "kicks", tiny_config())
    dataset = tiny_dataset(folder / "dataset")
    train_tiny(run, dataset, 1)
    train_tiny(run, dataset, 3)
    return run


def loud_generator(shape: Shape) -> Generator:
    torch.set_num_threads(1)
    generator = Generator(shape)
    initialise(generator, torch.Generator().manual_seed(1))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(3)
            parameter.add_(0.01)
    return generator.requires_grad_(False)


@pytest.mark.parametrize(
    "shape", [Shape(16384, 1, 2, 5), Shape(16384, 2, 4, 5), Shape(32768, 2, 1, 5), Shape(65536, 1, 2, 5)]
)
def test_windows_equal_slices_of_pytorchs_whole_clip(shape: Shape) -> None:
    generator = loud_generator(shape)
    model = build(shape, {name: tensor.numpy() for name, tensor in generator.state_dict().items()}, {})
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    z = torch.rand(3, 5, generator=torch.Generator().manual_seed(2)) * 2 - 1
    expected = generator(z).numpy()
    assert np.abs(expected).max() > 0.1
    for start, stop in checked_windows(shape.clip_frames):
        audio = session.run(None, {"z": z.numpy(), "window": np.array([start, stop])})[0]
        assert audio.shape == (3, shape.channels, stop - start)
        assert np.abs(audio - expected[..., start:stop]).max() < TOLERANCE


def test_checked_windows_hold_the_whole_and_both_edges() -> None:
    windows = list(checked_windows(16384))
    assert (0, 16384) in windows
    assert (0, 1024) in windows
    assert (16383, 16384) in windows
    assert all(0 <= start < stop <= 16384 for start, stop in windows)


def test_the_engine_opens_what_was_exported(run: Run, tmp_path: Path) -> None:
    done = export(run, tmp_path / "kicks.onnx", "best", None, "Kicks", "CC0-1.0")
    assert done.step == 3
    assert done.weights == "raw"
    assert done.largest_error < TOLERANCE
    instrument = Instrument.open(done.path)
    assert (instrument.name, instrument.licence, instrument.prior) == ("Kicks", "CC0-1.0", "uniform")
    assert (instrument.sample_rate, instrument.channels, instrument.clip_frames) == (16000, 1, 16384)
    assert instrument.provenance["steps"] == 3
    assert instrument.provenance["recipe"] == "wavegan"
    assert instrument.provenance["clips"] == 8
    generator, _ = load_generator(run, "last", "raw")
    z = from_seed(5, 5, "uniform")
    expected = generator(torch.from_numpy(z)[None]).numpy()
    assert np.abs(instrument.generate(z) - expected).max() < TOLERANCE


def test_only_standard_operators_and_no_weights_outside(run: Run, tmp_path: Path) -> None:
    model = onnx.load(export(run, tmp_path / "a.onnx", "best", None, None, "x").path)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 17)]
    assert {node.domain for node in model.graph.node} == {""}
    assert all(tensor.data_location == onnx.TensorProto.DEFAULT for tensor in model.graph.initializer)


def test_checkpoint_and_weights_can_be_chosen(run: Run, tmp_path: Path) -> None:
    sounds = []
    for which, weights in (("3", "raw"), ("1", "raw"), ("3", "ema")):
        path = tmp_path / f"{which}-{weights}.onnx"
        export(run, path, which, weights, None, "x")
        instrument = Instrument.open(path)
        assert instrument.name == "kicks"
        assert instrument.provenance["steps"] == int(which)
        assert instrument.provenance["weights"] == weights
        sounds.append(instrument.generate(from_seed(0, 5, "uniform")))
    assert not np.array_equal(sounds[0], sounds[1])
    assert not np.array_equal(sounds[0], sounds[2])


def test_a_file_that_differs_from_pytorch_is_not_written(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(config: RunConfig, weights: dict[str, np.ndarray], metadata: dict[str, str]) -> onnx.ModelProto:
        bias = weights["convolutions.4.bias"] + 2 * np.float32(TOLERANCE)
        return build(Shape.of(config), {**weights, "convolutions.4.bias": bias}, metadata)

    monkeypatch.setattr("trainer.wavegan.graph.build_graph", spoilt)
    with pytest.raises(UserError, match="differs from the trained network by 2"):
        export(run, tmp_path / "a.onnx", "best", None, None, "x")
    assert list(tmp_path.iterdir()) == []


def test_weights_that_do_not_fit_one_file_are_refused() -> None:
    generator = loud_generator(Shape(16384, 1, 2, 5))
    with pytest.raises(UserError, match=r"GiB.*--set dim"):
        build_checked_size(tiny_config(), generator, {}, most_bytes=1000)
    assert exporting.MOST_BYTES < 2**31


def test_export_prints_json(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run.path), "-o", str(tmp_path / "a.onnx"), "--explore", "0", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["step"] == 3
    assert printed["bytes"] == (tmp_path / "a.onnx").stat().st_size
    assert 0 <= printed["largest_error"] < TOLERANCE
    assert (printed["directions"], printed["favourites"]) == ({}, 0)


def test_directions_and_favourites_are_found_if_there_is_time(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "load_generator", lambda *_: (loud_generator(Shape(16384, 1, 2, 5)), 3))
    assert main(["export", str(run.path), "-o", str(tmp_path / "a.onnx"), "--explore", "0.1"]) == 0
    instrument = Instrument.open(tmp_path / "a.onnx")
    assert 0 < len(instrument.favourites) <= 32  # loud as it is, many of its sounds are clipped
    assert instrument.directions
    line = capsys.readouterr().out
    for name, direction in instrument.directions.items():
        assert direction.rank_correlation is None or f"{name} {direction.rank_correlation:.2f}" in line
    assert f"{len(instrument.favourites)} favourites" in line


def test_wrong_use_is_one_sentence(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in (
        ([str(tmp_path), "-o", str(tmp_path / "a.onnx")], "is not a run"),
        ([str(run.path), "-o", str(tmp_path / "none/a.onnx")], "does not exist"),
        ([str(run.path), "-o", str(tmp_path / "a.wav")], "end in .onnx"),
        ([str(run.path), "-o", str(tmp_path / "a.onnx"), "--checkpoint", "77"], "no checkpoint 77"),
        ([str(run.path), "-o", str(tmp_path / "a.onnx"), "--name", " "], "must not be empty"),
    ):
        assert main(["export", *arguments]) == 1
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
