import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tiny_fast import FRAMES, RATE, tiny_fast_config, tiny_fast_dataset
from tiny_instrument import write_tiny_instrument
from tiny_run import tiny_config, tiny_dataset, train_tiny

from engine.errors import UserError
from engine.instrument import Instrument
from engine.latent import from_seed
from engine.sound_string import SoundString
from trainer.cli import main
from trainer.find import find
from trainer.run_folder import Run
from trainer.source import Source


def write(path: Path, audio: np.ndarray, rate: int = RATE) -> Path:
    soundfile.write(path, audio.T, rate, subtype="FLOAT")
    return path


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_an_instrument_finds_its_own_sound_and_the_string_brings_it_back(prior: str, tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx", prior=prior)
    instrument = Instrument.open(path)
    audio = instrument.generate(from_seed(9001, 8, prior))[0]
    # Of this instrument a sound is its frequency, which a fade-in hides no better than it should.
    sound = write(tmp_path / "own.wav", audio, 16000)
    found = find(sound, path)
    assert found.percentile <= 1
    z = SoundString.parse(found.sound).latent(8, prior)
    assert np.array_equal(z, np.array(found.z, np.float32))
    heard, rate = soundfile.read(tmp_path / "own.found.wav", dtype="float32")
    assert rate == 16000
    np.testing.assert_allclose(heard, instrument.generate(z)[0, 0], atol=1e-6)
    assert found == find(sound, path)  # the same each time


@pytest.mark.parametrize("recipe", ["fast", "wavegan"])
def test_a_run_finds_its_own_sound(recipe: str, tmp_path: Path) -> None:
    if recipe == "fast":
        run = Run.create(tmp_path / "run", tiny_fast_config(steps=20))
        train_tiny(run, tiny_fast_dataset(tmp_path / "dataset"), 20)
    else:
        run = Run.create(tmp_path / "run", tiny_config())
        train_tiny(run, tiny_dataset(tmp_path / "dataset"), 2)
    source = Source.open(run.path)
    audio = source.sounds([9001])[0]
    # An untrained WaveGAN is too quiet to be heard at all.
    gain = 1.0 if recipe == "fast" else 0.5 / np.abs(audio).max()
    found = find(write(tmp_path / "own.wav", gain * audio), run.path)
    if recipe == "fast":
        assert found.percentile <= 5
    assert len(found.z) == source.latent_dim
    assert Path(found.wav).is_file()


def test_the_command_prints_a_sound_string_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx")
    sound = write(tmp_path / "own.wav", Instrument.open(path).generate(from_seed(5, 8, "uniform"))[0], 16000)
    assert main(["find", str(sound), str(path), "-o", str(tmp_path / "other.wav")]) == 0
    text = capsys.readouterr().out
    SoundString.parse(text.splitlines()[0])
    assert "of a hundred random pairs" in text
    assert main(["find", str(sound), str(path), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"sound", "z", "distance", "percentile", "wav"}


def test_what_cannot_be_looked_for_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx")
    with pytest.raises(UserError, match=r"There is no file .*name the sound"):
        find(tmp_path / "none.wav", path)
    with pytest.raises(UserError, match="silent"):
        find(write(tmp_path / "silence.wav", np.zeros((1, FRAMES))), path)
    text = tmp_path / "text.wav"
    text.write_text("not audio")
    with pytest.raises(UserError, match="cannot be used"):
        find(text, path)
