import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from tiny_fast import FRAMES, RATE, tiny_clips, tiny_fast_config, tiny_fast_dataset
from tiny_instrument import write_tiny_instrument
from tiny_run import tiny_config, train_tiny

from engine.data import bundled_instruments
from engine.errors import UserError
from engine.instrument import Instrument
from engine.latent import from_seed
from engine.sound_string import SoundString
from trainer.cli import main
from trainer.export import export
from trainer.find import find
from trainer.run_folder import Run
from trainer.source import Source
from trainer.wavegan.networks import initialise, make_generator


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


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
    heard, rate = soundfile.read("own.found.wav", dtype="float32")
    assert rate == 16000
    np.testing.assert_allclose(heard, instrument.generate(z)[0, 0], atol=1e-6)
    assert found == find(sound, path)  # the same each time


@pytest.mark.parametrize("channels", [1, 2])
def test_a_run_finds_its_own_sound(channels: int, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_fast_config(channels=channels, steps=20))
    train_tiny(run, tiny_fast_dataset(tmp_path / "dataset", channels=channels), 20)
    source = Source.open(run.path)
    found = find(write(tmp_path / "own.wav", source.sounds([9001])[0]), run.path)
    assert found.percentile <= 1
    assert len(found.z) == source.latent_dim
    again = source.render(SoundString.parse(found.sound).latent(source.latent_dim, source.prior)[None])[0]
    heard, _ = soundfile.read(found.wav, dtype="float32", always_2d=True)
    np.testing.assert_allclose(heard.T, again, atol=1e-6)


def test_a_run_without_an_encoder_finds_its_own_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run.create(tmp_path / "run", tiny_config())
    generator = make_generator(run.config)
    initialise(generator, torch.Generator().manual_seed(1))
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(3)  # untrained, it would be too quiet to be heard
    monkeypatch.setattr("trainer.export.load_generator", lambda *_: (generator, 7))
    source = Source.open(run.path)
    audio = source.sounds([9001])[0]
    assert np.abs(audio).max() > 0.05
    assert find(write(tmp_path / "own.wav", audio), run.path).percentile <= 1


def test_an_instrument_asks_the_encoder_beside_it(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", tiny_fast_config(steps=20))
    train_tiny(run, tiny_fast_dataset(tmp_path / "dataset"), 20)
    path, clip = tmp_path / "mine.onnx", tiny_clips(1, seed=3)
    assert Source.open(write_tiny_instrument(path)).encode(clip) is None
    export(run, path, "last", None, "Mine", "MIT")
    z = Source.open(path).encode(clip)
    by_pytorch = Source.open(run.path, "last").encode(clip)
    assert z is not None
    assert by_pytorch is not None
    np.testing.assert_allclose(z, by_pytorch, atol=1e-4)
    assert find(write(tmp_path / "own.wav", clip[0]), path).wav == "own.found.wav"
    write_tiny_instrument(path)  # another one under the same name
    assert Source.open(path).encode(clip) is None
    (tmp_path / "mine.encoder.onnx").write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"mine\.encoder\.onnx"):
        Source.open(path).encode(clip)


def test_the_bundled_drums_find_a_kick_for_a_kick(tmp_path: Path) -> None:
    # So clean that what it has at high frequencies is silence to the ear, and yet tells it from every recorded one.
    time = np.arange(16000) / 44100
    fall = 50 * time + 150 * 0.02 * (1 - np.exp(-time / 0.02))  # cycles of a tone that falls from 200 Hz to 50 Hz
    kick = 0.8 * np.sin(2 * np.pi * fall) * np.exp(-time / 0.08)
    found = find(write(tmp_path / "kick.wav", kick[None], 44100), bundled_instruments()["drums"])
    heard, rate = soundfile.read(found.wav)
    power = np.square(np.abs(np.fft.rfft(heard)))
    frequencies = np.fft.rfftfreq(len(heard), 1 / rate)
    assert 30 < frequencies[np.argmax(power)] < 110
    assert power[frequencies < 300].sum() > 0.8 * power.sum()


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
    with pytest.raises(UserError, match=r"cannot be used \(cannot be read as audio: "):
        find(text, path)
