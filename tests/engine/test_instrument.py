"""Opening instrument files: what they say, what they play, and one sentence for each thing that can be wrong."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tiny_instrument import frequency, tiny_model, write_tiny_instrument

import engine
from engine import latent
from engine.errors import UserError
from engine.instrument import Instrument


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        Instrument.open(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def damaged(path: Path, change: Callable[[onnx.ModelProto], None]) -> Path:
    model = tiny_model()
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def set_field(name: str, value: str | None) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        fields = {entry.key: entry.value for entry in model.metadata_props}
        fields.pop(name)
        if value is not None:
            fields[name] = value
        del model.metadata_props[:]
        helper.set_model_props(model, fields)

    return change


def test_it_says_what_the_file_says(tmp_path: Path) -> None:
    favourites = [{"seed": 5, "descriptors": {"centroid": 900}}]
    path = write_tiny_instrument(tmp_path / "x.onnx", name="Bells", channels=2, frames=5000, favourites=favourites)
    instrument = Instrument.open(path)
    assert instrument.name == "Bells"
    assert (instrument.sample_rate, instrument.channels, instrument.clip_frames) == (16000, 2, 5000)
    assert (instrument.latent_dim, instrument.prior, instrument.licence) == (8, "uniform", "MIT")
    assert instrument.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert instrument.path == path
    assert instrument.provenance["recipe"] == "tiny"
    assert [favourite.seed for favourite in instrument.favourites] == [5]
    assert instrument.directions["pitch"].range == (-1, 1)
    np.testing.assert_array_equal(instrument.directions["pitch"].vector, [1, 0, 0, 0, 0, 0, 0, 0])


def test_the_package_offers_it() -> None:
    assert engine.Instrument is Instrument
    assert engine.latent is latent


@pytest.mark.parametrize("prior", ["uniform", "normal"])
def test_it_plays_the_latents(tmp_path: Path, prior: str) -> None:
    instrument = Instrument.open(write_tiny_instrument(tmp_path / "x.onnx", prior=prior, channels=2))
    z = np.stack([latent.from_seed(seed, 8, prior) for seed in (1, 2)])
    audio = instrument.generate(z)
    assert audio.shape == (2, 2, 16384)
    assert audio.dtype == np.float32
    for row, sound in zip(z, audio, strict=True):
        peak = np.argmax(np.abs(np.fft.rfft(sound[0] * np.hanning(16384)))) * 16000 / 16384
        assert peak == pytest.approx(frequency(row, prior), abs=1.5)
    np.testing.assert_allclose(audio[:, 1], audio[:, 0] / 2, atol=1e-6)


def test_windows_are_slices_of_the_whole(tiny_path: Path) -> None:
    instrument = Instrument.open(tiny_path)
    z = latent.from_seed(3, 8, "uniform")
    whole = instrument.generate(z)
    for start, stop in [(0, 1), (0, 1024), (700, 9001), (16383, 16384), (0, 16384)]:
        np.testing.assert_allclose(instrument.generate(z, start, stop), whole[:, :, start:stop], atol=1e-6)


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 5), (9, 2), (0, 16385)])
def test_a_window_outside_the_clip_is_refused(tiny_path: Path, start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="window"):
        Instrument.open(tiny_path).generate(np.zeros(8), start, stop)


def test_a_latent_of_another_size_is_refused(tiny_path: Path) -> None:
    with pytest.raises(ValueError, match="shape"):
        Instrument.open(tiny_path).generate(np.zeros(9))


def test_a_missing_file(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.onnx")


@pytest.mark.parametrize("content", [b"", b"hello, I am text", bytes(range(256)) * 50])
def test_a_file_that_is_not_onnx(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    assert "not an ONNX file" in refusal(path)


def test_a_file_cut_in_half(tiny_path: Path) -> None:
    tiny_path.write_bytes(tiny_path.read_bytes()[: tiny_path.stat().st_size // 2])
    refusal(tiny_path)


def test_an_onnx_file_that_is_no_instrument(tmp_path: Path) -> None:
    path = damaged(tmp_path / "x.onnx", lambda model: model.metadata_props.clear())
    message = refusal(path)
    assert "no instrument" in message
    assert "producergan.format" in message


@pytest.mark.parametrize("name", ["name", "sample_rate", "channels", "clip_frames", "latent_dim", "prior", "licence"])
def test_a_missing_field_is_named(tmp_path: Path, name: str) -> None:
    assert f"no field {name!r}" in refusal(damaged(tmp_path / "x.onnx", set_field(name, None)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("producergan.format", "2"),
        ("producergan.format", "one"),
        ("name", " "),
        ("sample_rate", "fast"),
        ("sample_rate", "10"),
        ("channels", "3"),
        ("clip_frames", "0"),
        ("clip_frames", "99999999999"),
        ("latent_dim", "-4"),
        ("latent_dim", "1000000"),
        ("prior", "cauchy"),
        ("directions", "{"),
        ("directions", "[]"),
        ("directions", '{"up": {"range": [0, 1]}}'),
        ("directions", '{"up": {"vector": [3, 4], "range": [0, 1]}}'),
        ("directions", '{"up": {"vector": [1, 0], "range": [0, 1]}}'),
        ("directions", '{"up": 5}'),
        ("directions", '{"up": {"vector": [1], "range": [0, 1%s]}}' % ("0" * 400)),
        ("directions", '{"": {"vector": [1], "range": [0, 1]}}'),
        ("provenance", "[" * 100_000),
        ("favourites", '[{"seed": -1}]'),
        ("favourites", "7"),
        ("provenance", "none"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, name: str, value: str) -> None:
    message = refusal(damaged(tmp_path / "x.onnx", set_field(name, value)))
    assert name.removeprefix("producergan.") in message


def test_a_custom_operator(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node[-1].domain = "com.example"
        model.opset_import.append(helper.make_opsetid("com.example", 1))

    message = refusal(damaged(tmp_path / "x.onnx", change))
    assert "custom operator 'Mul' of 'com.example'" in message


def test_a_custom_operator_inside_a_branch(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        inner = helper.make_graph([helper.make_node("Magic", [], ["y"], domain="com.example")], "inner", [], [])
        model.graph.node.append(helper.make_node("If", ["zero"], ["y"], then_branch=inner, else_branch=inner))

    assert "Magic" in refusal(damaged(tmp_path / "x.onnx", change))


def test_an_operator_that_no_standard_knows(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node[-1].op_type = "Sing"

    assert "'Sing'" in refusal(damaged(tmp_path / "x.onnx", change))


def test_external_data(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.graph.initializer[0].data_location = TensorProto.EXTERNAL

    assert "another file" in refusal(damaged(tmp_path / "x.onnx", change))


def test_an_old_opset(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.opset_import[0].version = 16

    assert "opset 16" in refusal(damaged(tmp_path / "x.onnx", change))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: setattr(m.graph.input[0], "name", "x"), "inputs window, x"),
        (lambda m: setattr(m.graph.output[0], "name", "y"), "outputs y"),
        (lambda m: m.graph.output.append(m.graph.output[0]), "outputs audio, audio"),
        (lambda m: setattr(m.graph.input[0].type.tensor_type, "elem_type", TensorProto.DOUBLE), "'z'"),
        (lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[0], "dim_value", 1), "'z'"),
        (lambda m: setattr(m.graph.input[0].type.tensor_type.shape.dim[1], "dim_value", 9), "'z'"),
        (lambda m: setattr(m.graph.input[1].type.tensor_type.shape.dim[0], "dim_value", 3), "'window'"),
        (lambda m: setattr(m.graph.output[0].type.tensor_type.shape.dim[1], "dim_value", 2), "'audio'"),
        (lambda m: setattr(m.graph.output[0].type.tensor_type.shape.dim[2], "dim_value", 16384), "'audio'"),
    ],
)
def test_other_inputs_or_outputs(tmp_path: Path, change: Callable[[onnx.ModelProto], None], words: str) -> None:
    assert words in refusal(damaged(tmp_path / "x.onnx", change))


def test_a_model_that_onnxruntime_cannot_run(tmp_path: Path) -> None:
    def change(model: onnx.ModelProto) -> None:
        model.graph.node[-1].input[0] = "nowhere"

    instrument = Instrument.open(damaged(tmp_path / "x.onnx", change))
    with pytest.raises(UserError, match="cannot run"):
        instrument.warm()


def test_the_session_is_of_the_file_that_was_checked(tiny_path: Path) -> None:
    instrument = Instrument.open(tiny_path)
    z = latent.from_seed(1, 8, "uniform")
    before = Instrument.open(tiny_path).generate(z)
    write_tiny_instrument(tiny_path, low_hz=3000, high_hz=4000)
    np.testing.assert_array_equal(instrument.generate(z), before)


def test_directions_may_be_unmeasured(tmp_path: Path) -> None:
    row = {"vector": [0.0] * 7 + [1.0], "range": [-2, 2]}
    path = damaged(tmp_path / "x.onnx", set_field("directions", json.dumps({"up": row})))
    assert Instrument.open(path).directions["up"].rank_correlation is None
