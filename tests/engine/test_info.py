"""`engine info` and `engine presets`, run as the user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.cli import main
from engine.preset import Preset


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    assert main(argv) == 0
    return capsys.readouterr().out


def test_info_of_an_instrument(tiny_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = json.loads(printed(capsys, "info", str(tiny_path), "--json"))
    assert (values["kind"], values["name"], values["sample_rate"]) == ("instrument", "tiny", 16000)
    assert values["seconds"] == pytest.approx(1.024)
    assert values["provenance"] == {"recipe": "tiny", "steps": 0}
    text = printed(capsys, "info", str(tiny_path))
    assert "sample rate: 16000" in text
    assert "licence: MIT" in text


def test_info_of_a_preset(tiny_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tiny_path.with_name("kept.toml")
    Preset.open(tiny_path).save(path)
    values = json.loads(printed(capsys, "info", str(path), "--json"))
    assert values["kind"] == "preset"
    assert values["instrument"]["name"] == "tiny"
    assert values["zones"][0]["keys"] == "36-96"
    assert values["zones"][0]["parameters"]["mode"] == "one-shot"
    assert values["macros"][0]["targets"] == ["mutate"]
    assert "controller: 16" in printed(capsys, "info", str(path))


@pytest.mark.parametrize("content", [b"", b"RIFF not an instrument"])
def test_info_of_what_is_neither(tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    assert main(["info", str(path)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "not an ONNX file" in captured.err


def test_info_of_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "nowhere.onnx"]) == 1
    assert "no preset or instrument nowhere.onnx" in capsys.readouterr().err


def test_presets(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "presets", "--json"))["presets"]
    assert {"drums", "path", "chromatic"} <= {row["name"] for row in rows}
    for row in rows:
        assert Path(row["path"]).is_file()
        assert row["about"]
    assert "General MIDI" in printed(capsys, "presets")


@pytest.mark.parametrize("command", ["info", "presets"])
def test_help_is_fast(command: str) -> None:
    def seconds() -> float:
        start = time.perf_counter()
        call = [sys.executable, "-c", "from engine.cli import main; main()", command, "--help"]
        subprocess.run(call, check=True, capture_output=True)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.5
