from __future__ import annotations

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.platform import data_folder, resident_bytes, runtime_folder, single_keys


def test_the_runtime_folder_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = runtime_folder()
    assert folder == tmp_path / "producergan"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_runtime_folder_open_to_others_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "producergan").mkdir()
    (tmp_path / "producergan").chmod(0o777)
    folder = runtime_folder()
    assert folder != tmp_path / "producergan"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


def test_asking_for_priority_never_fails() -> None:
    # In a process of its own, so that the other tests keep normal scheduling.
    code = "from engine.platform import raise_priority; print(raise_priority())"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.strip() in ("realtime", "raised", "normal")


KEY_READER = """
import termios
from engine.platform import single_keys

before = termios.tcgetattr(0)
with single_keys() as keys:
    print("ready", flush=True)
    got = ""
    while len(got) < 3:
        got += keys.poll() or ""
assert termios.tcgetattr(0) == before
print(ascii(got), flush=True)
"""


@pytest.mark.parametrize(("typed", "read"), [("rä!", "rä!"), ("a\x1b[A\x1bOPb\x1b[15~c", "abc")])
def test_keys_come_singly_from_a_terminal_which_is_left_as_it_was(typed: str, read: str) -> None:
    # An arrow or a function key is none of the letters that it is sent as.
    terminal, other_end = pty.openpty()
    reader = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n" + KEY_READER],
        stdin=other_end,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    os.write(terminal, typed.encode())
    assert reader.communicate(timeout=20)[0].strip() == ascii(read)
    assert reader.returncode == 0
    os.close(terminal)
    os.close(other_end)


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with (tmp_path / "empty").open() as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with single_keys() as keys:
            assert keys.poll() is None


@pytest.mark.parametrize(
    ("system", "environment", "folder"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/home/anna/.local/share"),
        ("linux", {}, "/home/anna/.local/share"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "/home/anna/Library/Application Support"),
        ("win32", {"APPDATA": "/roaming"}, "/roaming"),
        ("win32", {}, "/home/anna/AppData/Roaming"),
    ],
)
def test_each_system_has_its_own_data_folder(
    system: str, environment: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_DATA_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/anna", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", system)
    assert data_folder() == Path(folder) / "producergan"


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="the system does not tell")
def test_the_memory_in_use_grows_with_what_is_used() -> None:
    before = resident_bytes()
    held = bytearray(b"x" * (64 << 20))
    after = resident_bytes()
    assert before is not None
    assert after is not None
    assert len(held) * 0.9 < after - before < len(held) * 3
