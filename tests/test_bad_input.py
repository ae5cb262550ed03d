"""What cannot work is refused in one sentence: no traceback, no file left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mido
import onnx
import pytest
from onnx import TensorProto, helper
from tiny_instrument import tiny_model, write_tiny_instrument

ZONE = '[[zone]]\nname = "kit"\nkeys = "36-39"\nsource = "seeds"\n'


def head(instrument: str = "tiny.onnx") -> str:
    return f'format = 1\nname = "Mine"\ninstrument = "{instrument}"\n'


def song(path: Path) -> None:
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=480)]))
    file.save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Everything that is wrong, and an instrument and a song that are right."""
    write_tiny_instrument(tmp_path / "tiny.onnx")
    song(tmp_path / "song.mid")
    (tmp_path / "cut.mid").write_bytes((tmp_path / "song.mid").read_bytes()[:-5])
    (tmp_path / "text.mid").write_text("this is no music")
    (tmp_path / "text.onnx").write_text("this is no instrument")
    (tmp_path / "cut.onnx").write_bytes((tmp_path / "tiny.onnx").read_bytes()[:900])

    one = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "other", [one], [other])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "other.onnx"
    )
    model = tiny_model()
    model.graph.node[-1].domain = "somebody.else"
    model.opset_import.append(helper.make_opsetid("somebody.else", 1))
    onnx.save(model, tmp_path / "custom.onnx")

    (tmp_path / "unknown-key.toml").write_text(head() + ZONE + "pann = 0.5\n")
    (tmp_path / "reversed.toml").write_text(head() + ZONE.replace("36-39", "39-36"))
    (tmp_path / "no-instrument.toml").write_text(head("gone.onnx") + ZONE)
    (tmp_path / "no-direction.toml").write_text(
        head() + ZONE + '[[macro]]\nid = 1\nname = "M"\ntargets = [{ to = "direction:up", range = [0, 1] }]\n'
    )
    (tmp_path / "text.toml").write_text("dear diary")
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    return tmp_path


INSTRUMENTS = [
    ("text.onnx", "not an ONNX file"),
    ("cut.onnx", "damaged"),
    ("other.onnx", "no instrument: it has no field"),
    ("custom.onnx", "somebody.else"),
    ("nowhere.onnx", "nowhere.onnx"),
    ("unknown-key.toml", "'pann'; did you mean 'pan'?"),
    ("reversed.toml", "39-36 runs backwards"),
    ("no-instrument.toml", "gone.onnx"),
    ("no-direction.toml", "no direction 'up'"),
    ("text.toml", "not valid TOML"),
    ("binary.toml", "not valid TOML"),
    (".", "no preset or instrument"),
]

RENDER = ("engine", "render", "song.mid", "tiny.onnx", "-o", "out.wav")
PLAY = ("engine", "play", "tiny.onnx", "--audio", "null")

CALLS = [
    *((("engine", "info", name), words) for name, words in INSTRUMENTS),
    *((("engine", "render", "song.mid", name, "-o", "out.wav"), words) for name, words in INSTRUMENTS[3:8]),
    *((("engine", "play", name, "--audio", "null"), words) for name, words in INSTRUMENTS[3:8]),
    (("engine", "render", "cut.mid", "tiny.onnx", "-o", "out.wav"), "cut.mid is cut short"),
    (("engine", "render", "text.mid", "tiny.onnx", "-o", "out.wav"), "text.mid is not a MIDI file"),
    (("engine", "render", "none.mid", "tiny.onnx", "-o", "out.wav"), "none.mid cannot be read"),
    ((*RENDER[:-1], "nowhere/out.wav"), "nowhere does not exist"),
    ((*RENDER[:-1], "out.flac"), "must end in .wav"),
    ((*RENDER, "--rate", "1"), "rate of 1 Hz"),
    ((*RENDER, "--rate", "999999999"), "rate of 999999999 Hz"),
    ((*RENDER, "--block", "0"), "block of 0 frames"),
    ((*RENDER, "--tail", "-1"), "tail of -1 seconds"),
    ((*RENDER, "--tail", "1e9"), "tail of 1e+09 seconds"),
    ((*PLAY[:-1], "no such sound card"), 'no audio device "no such sound card"'),
    ((*PLAY, "--midi", "no such keyboard"), 'no MIDI input "no such keyboard"'),
    ((*PLAY, "--provider", "abacus"), "provider 'abacus' is not there"),
    ((*PLAY, "--rate", "1"), "rate of 1 Hz"),
    ((*PLAY, "--block", "0"), "block of 0 frames"),
    ((*PLAY, "--connect", "DAW"), "--audio jack"),
    ((*PLAY, "--save-as", "mine.txt"), "must end in .toml"),
    ((*PLAY, "--save-as", "nowhere/mine.toml"), "folder nowhere does not exist"),
]


def check_refused(folder: Path, call: tuple[str, ...], words: str) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    program = [str(Path(sys.executable).parent / call[0]), *call[1:]]
    result = subprocess.run(
        program, cwd=folder, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
    )
    assert result.returncode == 1, call
    assert result.stdout == "", call
    assert result.stderr.startswith(f"{call[0]} {call[1]}: "), result.stderr
    assert words in result.stderr, call
    assert result.stderr.count("\n") == 1, result.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("call", "words"), CALLS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_it_is_refused_in_one_sentence(folder: Path, call: tuple[str, ...], words: str) -> None:
    check_refused(folder, call, words)


@pytest.mark.parametrize("option", ["--rate", "--block", "--seed"])
def test_what_is_no_number_is_wrong_use(folder: Path, option: str) -> None:
    program = [str(Path(sys.executable).parent / "engine"), "play", "tiny.onnx", option, "many"]
    result = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert option in result.stderr
