"""`make play` from a fresh clone: sets itself up, starts without a sound card, stays up, ends on Ctrl-C."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
SETUP_SECONDS = 500.0
STAY_SECONDS = 20.0


def clone(folder: Path) -> Path:
    """The committed state of the checkout, as somebody else would get it."""
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(folder)], check=True)
    return folder


def read_until(stream: int, text: bytes, deadline: float) -> bytes:
    """What is printed up to a text; fails with it if the text does not come in time."""
    heard = b""
    while text not in heard:
        assert time.monotonic() < deadline, heard.decode()
        if select.select([stream], [], [], 0.5)[0]:
            piece = os.read(stream, 65536)
            assert piece, heard.decode()
            heard += piece
    return heard


@pytest.mark.long
@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="not a git checkout")
def test_make_play_starts_from_a_fresh_clone_and_stays_up(tmp_path: Path) -> None:
    folder = clone(tmp_path / "clone")
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "MAKEFLAGS")}
    process = subprocess.Popen(
        ["make", "play", "ARGS=--audio null --demo"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        read_until(process.stdout.fileno(), b"Ctrl-C ends.", time.monotonic() + SETUP_SECONDS)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(STAY_SECONDS)
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=10)
        assert b"Goodbye." in rest
        assert b"Traceback" not in rest
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
