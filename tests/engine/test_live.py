"""`engine play` as its user has it: it starts, plays, refuses with a sentence, ends, and obeys single keys."""

from __future__ import annotations

import os
import pty
import random
import re
import select
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import engine_process
import pytest
from click_instrument import write_click_preset
from engine_process import EngineProcess

from engine.controls import Controls
from engine.data import bundled_instruments
from engine.preset import Preset

READY_SECONDS = 3.0
END_SECONDS = 1.0
DEADLINE_S = 20.0
SEED = 5


@pytest.fixture
def preset_path(tmp_path: Path) -> Path:
    return write_click_preset(tmp_path, keys="35-59")


@pytest.fixture
def null(preset_path: Path) -> Iterator[EngineProcess]:
    with EngineProcess("play", str(preset_path), "--audio", "null", "--demo") as engine:
        yield engine.wait_ready()


def test_the_demo_plays_on_null_and_ctrl_c_ends_it(null: EngineProcess) -> None:
    end = time.monotonic() + DEADLINE_S
    while null.counters()["notes"] < 10:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert null.counters()["dropped_events"] == 0
    assert null.interrupt() < END_SECONDS
    assert null.process.returncode == 0
    assert null.lines[-1] == "Goodbye."


def test_sigterm_ends_it_as_well(null: EngineProcess) -> None:
    null.process.terminate()
    assert null.process.wait(DEADLINE_S) == 0


def test_it_says_what_it_opened_and_how_to_play(null: EngineProcess) -> None:
    said = "\n".join(null.lines)
    assert "Audio: null: everything works, nothing is heard, 48000 Hz, 256 frames." in said
    assert re.search(r"Latency: \d+\.\d ms", said)
    assert "Play the keys B1 to B3; knobs: CC 1 Pitch." in said


def test_it_is_ready_within_three_seconds(preset_path: Path) -> None:
    """The best of a few: other work on the machine only adds."""
    preset = "drums" if "drums" in bundled_instruments() else str(preset_path)
    seconds = []
    for _ in range(3):
        with EngineProcess("play", preset, "--audio", "null") as engine:
            seconds.append(engine.wait_ready().ready_seconds)
        if seconds[-1] < READY_SECONDS:
            break
    assert min(seconds) < READY_SECONDS


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--audio", "No Such Card"], "No Such Card"),
        (["--audio", "null", "--midi", "No Such Keyboard"], "No Such Keyboard"),
        (["--audio", "null", "--provider", "abacus"], "abacus"),
        (["--audio", "null", "--connect", "DAW"], "--connect"),
        (["--audio", "null", "--save-as", "kit.txt"], "kit.txt"),
        (["--audio", "null", "--save-as", "no/such/folder/kit.toml"], "no/such/folder"),
        (["--audio", "null", "--rate", "5"], "5 Hz"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_there_is_refused_with_one_sentence(preset_path: Path, options: list[str], named: str) -> None:
    with EngineProcess("play", str(preset_path), *options) as engine:
        assert engine.process.wait(DEADLINE_S) == 1
        engine.wait_for(named)
        assert len(engine.lines) == 1
        assert engine.lines[0].startswith("engine")
        assert engine.lines[0].endswith(".")


class Terminal:
    """The engine on a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            script = [sys.executable, engine_process.__file__, "--", *arguments]
            os.execve(sys.executable, script, {**os.environ, "TERM": "xterm", "COLUMNS": "400", "LINES": "50"})
        self.shown = ""
        self._looked = 0
        self._status: int | None = None

    def wait_for(self, text: str) -> None:
        """Waits until the terminal shows a text that it had not shown at the last call."""
        end = time.monotonic() + DEADLINE_S
        while text not in self.shown[self._looked :]:
            assert time.monotonic() < end, f"the terminal did not show {text!r} but:\n{self.shown[-3000:]}"
            self._read()
        self._looked = self.shown.index(text, self._looked) + len(text)

    def press(self, key: str) -> None:
        os.write(self._descriptor, key.encode())

    def wait(self) -> int:
        """The exit status."""
        end = time.monotonic() + DEADLINE_S
        while self._status is None:
            assert time.monotonic() < end, "it did not end"
            self._read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def close(self) -> None:
        if self._status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._descriptor)

    def _read(self) -> None:
        if select.select([self._descriptor], [], [], 0.05)[0]:
            try:
                self.shown += os.read(self._descriptor, 65536).decode(errors="replace")
            except OSError:  # the other end has closed
                time.sleep(0.01)


@pytest.fixture
def terminal(preset_path: Path, tmp_path: Path) -> Iterator[Terminal]:
    saved = str(tmp_path / "saved.toml")
    options = ["--audio", "null", "--demo", "--seed", str(SEED), "--save-as", saved]
    terminal = Terminal("play", str(preset_path), *options)
    terminal.wait_for("Ctrl-C ends.")
    terminal.wait_for("played ")
    yield terminal
    terminal.close()


def save(terminal: Terminal, folder: Path) -> Preset:
    terminal.press("s")
    terminal.wait_for("Saved as")
    return Preset.load(folder / "saved.toml")


def test_keys_give_new_sounds_and_undo_and_save_them(terminal: Terminal, preset_path: Path, tmp_path: Path) -> None:
    original = Preset.load(preset_path)
    assert save(terminal, tmp_path).sounds({}) == original.sounds({})
    terminal.press("a")
    saved = save(terminal, tmp_path)
    expected = Controls(original, random.Random(SEED))
    expected.new_all()
    assert saved.sounds({}) == expected.sounds()
    assert all(saved.sounds({})[slot] != sound for slot, sound in original.sounds({}).items())
    terminal.press("u")
    assert save(terminal, tmp_path).sounds({}) == original.sounds({})
    terminal.press("u")
    terminal.wait_for("There is nothing to undo.")
    terminal.press("q")
    assert terminal.wait() == 0


def test_keys_change_the_last_key_alone_and_lock_it(terminal: Terminal, preset_path: Path, tmp_path: Path) -> None:
    original = Preset.load(preset_path).sounds({})
    terminal.wait_for("played ")
    while "nothing yet" in terminal.shown[-1500:].rpartition("played ")[2]:
        terminal.wait_for("played ")
    terminal.press("r")
    changed = save(terminal, tmp_path).sounds({})
    assert sum(changed[slot] != sound for slot, sound in original.items()) == 1
    terminal.press("l")
    terminal.wait_for("is locked.")
    terminal.press("a")
    saved = save(terminal, tmp_path)
    (key,) = saved.zones[0].locked
    assert [slot for slot, sound in saved.sounds({}).items() if sound == changed[slot]] == [(0, key, 0)]
    terminal.press("\x03")
    assert terminal.wait() == 0
