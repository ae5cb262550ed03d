"""Every command of the three programs: its help is quick, and its exit status is honest."""

from __future__ import annotations

import importlib
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import trainer.cli
from engine.command import Command

PROGRAMS = ("trainer", "engine", "bridge")


def commands(program: str) -> tuple[Command, ...]:
    table: tuple[Command, ...] = importlib.import_module(f"{program}.cli").COMMANDS
    return table


def call(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed program, as a user's shell would."""
    path = Path(sys.executable).parent / program
    return subprocess.run([path, *arguments], capture_output=True, text=True, timeout=60, check=False)


CALLS = [(program,) for program in PROGRAMS] + [
    (program, command.name) for program in PROGRAMS for command in commands(program)
]


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_help_answers_within_half_a_second(words: tuple[str, ...]) -> None:
    call(*words, "--help")  # the first run compiles the modules
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        result = call(*words, "--help")
        seconds.append(time.perf_counter() - start)
        assert result.returncode == 0, result.stderr
        assert result.stdout.startswith(f"usage: {' '.join(words)}")
    assert statistics.median(seconds) < 0.5


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_lists_every_command_with_its_summary(program: str) -> None:
    text = " ".join(call(program, "--help").stdout.split())
    for command in commands(program):
        assert f"{command.name} {command.summary}" in text


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_an_unknown_option_is_wrong_use(words: tuple[str, ...]) -> None:
    result = call(*words, "--no-such-option")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "usage:" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_command_or_an_unknown_one_is_wrong_use(program: str) -> None:
    assert call(program).returncode == 2
    assert call(program, "no-such-command").returncode == 2


def test_a_failure_is_one_sentence_and_exit_status_one(tmp_path: Path) -> None:
    missing = tmp_path / "missing.onnx"
    result = call("engine", "info", str(missing))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert str(missing) in result.stderr


def test_a_package_that_is_not_installed_is_named_with_what_to_install(tmp_path: Path) -> None:
    without = "import sys; sys.modules['torch'] = None; from trainer.cli import main; sys.exit(main())"
    words = [sys.executable, "-c", without, "train", str(tmp_path), "-o", str(tmp_path / "run")]
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "torch" in result.stderr
    assert "[cpu,train]" in result.stderr


def test_sigterm_is_handled_as_control_c(monkeypatch: pytest.MonkeyPatch) -> None:
    cleaned = []

    def work(arguments: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            cleaned.append(True)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("trainer.commands.sample.run", work)
    assert trainer.cli.main(["sample", "x", "-o", "y"]) == 130
    assert cleaned
    assert signal.getsignal(signal.SIGTERM) is before


def test_too_little_memory_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(arguments: object) -> None:
        raise MemoryError

    monkeypatch.setattr("trainer.commands.sample.run", work)
    assert trainer.cli.main(["sample", "x", "-o", "y"]) == 1
    assert capsys.readouterr().err.startswith("trainer sample: There is not enough memory")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_has_seen_enough_is_no_error(unbuffered: str) -> None:
    words = [Path(sys.executable).parent / "engine", "presets"]
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    try:
        result = subprocess.run(
            words, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60, check=False, env=environment
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


def test_a_terminal_that_lacks_a_character_gets_its_code() -> None:
    words = [Path(sys.executable).parent / "trainer", "train", "--recipe", "wavegan", "--set", "help"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert result.returncode == 0, result.stderr
    assert r"1 \u2026 256" in result.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("train", "x", "-o", "y", "--steps", "0"), "argument --steps: must be a whole number from 1, not '0'"),
        (("train", "x", "-o", "y", "--steps", "many"), "argument --steps: must be a whole number from 1, not 'many'"),
        (("train", "x", "-o", "y", "--hours", "inf"), "argument --hours: must be a number above 0, not 'inf'"),
        (("train", "x", "-o", "y", "--seed", "-1"), "argument --seed: must be a whole number from 0 to 2^63 - 1"),
        (("prepare", "x", "-o", "y", "--seconds", "nan"), "argument --seconds: must be a number above 0, not 'nan'"),
        (("prepare", "x", "-o", "y", "--sample-rate", "44.1k"), "must be a whole number from 4000 to 192000, not"),
    ],
)
def test_an_impossible_number_is_wrong_use_in_a_sentence(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        trainer.cli.main(words)
    assert sentence in capsys.readouterr().err
