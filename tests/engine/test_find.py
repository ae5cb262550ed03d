"""`engine find`: the sound nearest to a recording, by the encoder beside the instrument."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from tiny_encoder import write_tiny_encoder
from tiny_instrument import frequency, write_tiny_instrument

from engine.cli import main
from engine.data import ENCODER_SUFFIX, bundled_instruments
from engine.errors import UserError
from engine.find import find
from engine.instrument import Instrument
from engine.latent import from_seed, from_seeds
from engine.preset import Preset
from engine.sound_string import SoundString
from trainer.find import HEARD
from trainer.measure.features import LEVELS, log_mel


@pytest.fixture
def tiny(tiny_path: Path) -> Instrument:
    instrument = Instrument.open(tiny_path)
    write_tiny_encoder(instrument)
    return instrument


def write(path: Path, audio: NDArray[np.float32], rate: int = 16000) -> Path:
    soundfile.write(path, audio.T, rate, subtype="FLOAT")
    return path


@pytest.fixture
def own(tiny: Instrument, tmp_path: Path) -> Path:
    """The tiny instrument's sound of seed 9001."""
    return write(tmp_path / "own.wav", tiny.generate(from_seed(9001, 8, "uniform"))[0])


def failure(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """The one sentence with which the command fails."""
    assert main(["find", *map(str, words)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def printed(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main(["find", *map(str, words)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


@pytest.mark.parametrize(("channels", "rate"), [(1, 16000), (2, 16000), (1, 48000)])
def test_the_sound_that_is_meant_is_found(channels: int, rate: int, tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "tiny.onnx", channels=channels)
    instrument = Instrument.open(path)
    write_tiny_encoder(instrument)
    sine = 0.5 * np.sin(2 * np.pi * 700 * np.arange(2 * rate) / rate)
    z = find(write(tmp_path / "700.wav", np.asarray(sine[None], np.float32), rate), instrument)
    assert z.dtype == np.float32
    assert z.shape == (8,)
    assert frequency(z) == pytest.approx(700, abs=2)


def test_what_lies_outside_the_instruments_sounds_finds_its_edge(tiny: Instrument, tmp_path: Path) -> None:
    sine = 0.5 * np.sin(2 * np.pi * 5000 * np.arange(16384) / 16000)
    z = find(write(tmp_path / "high.wav", np.asarray(sine[None], np.float32)), tiny)
    assert 0.999 < z.max() < 1


def test_the_bundled_drums_find_their_own_sounds_back(tmp_path: Path) -> None:
    instrument = Instrument.open(bundled_instruments()["drums"])
    dim, prior = instrument.latent_dim, instrument.prior

    def pictures(audio: NDArray[np.float32]) -> NDArray[np.float32]:
        return log_mel(audio, instrument.sample_rate)[:, :LEVELS]

    others = pictures(instrument.generate(from_seeds(range(64), dim, prior)))
    near_ones = 0
    for seed in range(900_001, 900_009):
        audio = instrument.generate(from_seed(seed, dim, prior))
        z = find(write(tmp_path / "own.wav", audio[0], instrument.sample_rate), instrument)
        (own,), (found,) = pictures(audio), pictures(instrument.generate(z))
        floor = own.max() - HEARD
        own, found, heard = (np.maximum(picture, floor) for picture in (own, found, others))
        pairs = np.sqrt(np.square(heard[:32, None] - heard[None, 32:]).mean(axis=2))
        near_ones += bool(np.sqrt(np.square(own - found).mean()) < np.percentile(pairs, 1))
    assert near_ones >= 7  # at first hearing; what `trainer find` searches for brings back every one


def test_the_command_prints_a_sound_string_and_writes_nothing(
    own: Path, tiny: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    string = SoundString.parse(printed(capsys, own, tiny.path))
    string.check(tiny)
    assert frequency(string.latent(8, "uniform")) == pytest.approx(frequency(from_seed(9001, 8, "uniform")), abs=2)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_bundled_drums_are_where_it_looks_unless_told(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SoundString.parse(printed(capsys, own)).check(Instrument.open(bundled_instruments()["drums"]))


def test_what_was_found_can_be_written_to_compare(
    own: Path, tiny: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.wav"
    result = json.loads(printed(capsys, own, tiny.path, "-o", out, "--json"))
    z = SoundString.parse(result["sound"]).latent(8, "uniform")
    assert result["z"] == z.tolist()
    assert (result["instrument"], result["output"], result["key"], result["saved_as"]) == ("tiny", str(out), None, None)
    audio, rate = soundfile.read(out, dtype="float32")
    assert rate == 16000
    np.testing.assert_allclose(audio, tiny.generate(z)[0, 0], atol=1e-6)


PRESET = """
format = 1
name = "Kit"
instrument = "tiny.onnx"

[random]
all_keys = "note 40"

[[zone]]
name = "keys"
keys = "36-40"
source = "seeds"

[[macro]]
id = 1
name = "Pitch"
position = 0.75
controller = 16
targets = [{ to = "direction:pitch", range = [-1, 1] }]
"""


def test_a_key_of_a_preset_gets_the_very_sound_wherever_its_knobs_stand(
    own: Path, tiny: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit, saved = tmp_path / "kit.toml", tmp_path / "found.toml"
    kit.write_text(PRESET)
    text = printed(capsys, own, kit, "--key", "C2", "--save-as", saved)
    string, before, after = SoundString.parse(text.splitlines()[0]), Preset.load(kit), Preset.load(saved)
    assert np.array_equal(after.sounds({})[0, 36, 0].z(), string.latent(8, "uniform"))
    assert after.sounds({})[0, 37, 0] == before.sounds({})[0, 37, 0]
    assert after.macros == before.macros
    assert kit.read_text() == PRESET


def test_a_bare_instrument_becomes_a_preset_with_it(
    own: Path, tiny: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "found.toml"
    result = json.loads(printed(capsys, own, tiny.path, "--key", 60, "--save-as", saved, "--json"))
    assert (result["key"], result["saved_as"]) == (60, str(saved))
    string = SoundString.parse(result["sound"])
    assert np.array_equal(Preset.load(saved).sounds({})[0, 60, 0].z(), string.latent(8, "uniform"))


def test_wrong_use_is_told_in_a_sentence_and_writes_nothing(
    own: Path, tiny: Instrument, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit, saved = tmp_path / "kit.toml", tmp_path / "found.toml"
    kit.write_text(PRESET)
    assert "--key and --save-as go together" in failure(capsys, own, kit, "--key", 36)
    assert "--key and --save-as go together" in failure(capsys, own, kit, "--save-as", saved)
    assert "plays nothing on the key 50; it plays 36-39" in failure(capsys, own, kit, "--key", 50, "--save-as", saved)
    assert "plays nothing on the key 40" in failure(capsys, own, kit, "--key", 40, "--save-as", saved)
    assert "'H3' is no key" in failure(capsys, own, kit, "--key", "H3", "--save-as", saved)
    assert "must end in .toml" in failure(capsys, own, kit, "--key", 36, "--save-as", tmp_path / "found.txt")
    assert "must end in .wav" in failure(capsys, own, kit, "-o", tmp_path / "found.mp3")
    assert "There is no file" in failure(capsys, tmp_path / "none.wav", kit)
    assert not saved.exists()


def test_no_encoder_a_damaged_one_or_anothers_is_told_in_a_sentence(
    own: Path, tiny: Instrument, tmp_path: Path
) -> None:
    path = tiny.path.with_suffix(ENCODER_SUFFIX)
    write_tiny_encoder(tiny, digest="0" * 64)
    with pytest.raises(UserError, match=r"tiny\.encoder\.onnx is the encoder of another instrument"):
        find(own, tiny)
    path.write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"onnxruntime cannot run .*tiny\.encoder\.onnx"):
        find(own, tiny)
    path.write_bytes(tiny.model)
    with pytest.raises(UserError, match="another instrument"):
        find(own, tiny)
    path.unlink()
    with pytest.raises(UserError, match=r"no encoder .*'trainer export' writes one .*'trainer find'"):
        find(own, tiny)


def test_neither_torch_nor_the_trainer_is_needed(own: Path, tiny: Instrument) -> None:
    without = "import sys; sys.modules.update(dict.fromkeys(['torch', 'trainer', 'av'])); from engine.cli import main"
    code = f"{without}; sys.exit(main(['find', {str(own)!r}, {str(tiny.path)!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    SoundString.parse(done.stdout).check(tiny)
