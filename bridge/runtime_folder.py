"""The folder where engines and plugins find each other: a socket for each engine, and the path of the command `engine`.

`engine-PID.sock` is an engine's, `engine` a text file with the absolute path of the command, so that a plugin can start
one. Both ends look in the same place: $PRODUCERGAN_RUNTIME, else producergan in $XDG_RUNTIME_DIR, else
/tmp/producergan-UID. It is its user's alone (0700): who can open it may connect.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from engine.errors import UserError
from engine.files import write_text

VARIABLE = "PRODUCERGAN_RUNTIME"
COMMAND_FILE = "engine"
LONGEST_PATH = 100  # bytes of a socket's path; systems take 104 to 108 with the NUL after it
ANSWER_SECONDS = 1.0  # an engine that is there takes a connection at once


def link_folder() -> Path:
    """Where it is; it need not exist."""
    if given := os.environ.get(VARIABLE):
        return Path(given).absolute()
    if given := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(given).absolute() / "producergan"
    return Path("/tmp") / f"producergan-{os.getuid() if hasattr(os, 'getuid') else 0}"


def make_link_folder() -> Path:
    """The folder, made if need be. Raises UserError if it cannot be, or if others could get into it."""
    if not hasattr(socket, "AF_UNIX"):
        raise UserError("This system has no local sockets in Python, so that plugins cannot connect.")
    folder = link_folder()
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700, parents=bool(os.environ.get(VARIABLE)))
        check_private(folder)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be used for plugins: {error.strerror}.") from error
    return folder


def check_private(folder: Path) -> None:
    """Raises UserError unless the folder is this user's alone."""
    there = os.lstat(folder)  # a link could be turned elsewhere by whoever made it
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.getuid():
        raise UserError(f"{folder} is not a folder of yours, so plugins cannot connect there; set {VARIABLE} to one.")
    if there.st_mode & 0o077:
        raise UserError(f"Others can get into {folder}, so plugins cannot connect there; try: chmod 700 {folder}")


def socket_path(folder: Path, pid: int) -> Path:
    """The socket of the engine with this process id. Raises UserError if the folder's name is too long for one."""
    path = folder / f"engine-{pid}.sock"
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise UserError(f"The folder's name {folder} is too long for a socket; set {VARIABLE} to a shorter one.")
    return path


def listen(folder: Path, pid: int) -> tuple[socket.socket, Path]:
    """A socket that listens as the engine with this process id. Raises UserError, OSError."""
    path = socket_path(folder, pid)
    # Somebody who sweeps between `bind` and `listen` would take it for a stale one under its real name.
    waiting = path.with_suffix(".new")
    waiting.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(waiting))
        listening.listen(128)
        os.replace(waiting, path)
    except OSError:
        listening.close()
        waiting.unlink(missing_ok=True)
        raise
    return listening, path


def connect(path: Path, timeout: float = ANSWER_SECONDS) -> socket.socket:
    """A connection to a listening socket, for which an engine that is busy has `timeout` seconds. Raises OSError."""
    end = time.monotonic() + timeout
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.setblocking(False)
    try:
        while True:
            try:
                connected.connect(str(path))
            except BlockingIOError:  # too many others wait; local sockets do not wait in line
                if time.monotonic() >= end:
                    raise
                time.sleep(0.01)
            else:
                break
    except OSError:
        connected.close()
        raise
    connected.settimeout(timeout)
    return connected


def engine_sockets(folder: Path) -> Iterator[tuple[int, Path]]:
    """(process id, socket) of everything that is called like an engine's socket, the newest first."""
    found = []
    for path in folder.glob("engine-*.sock"):
        pid = path.stem.removeprefix("engine-")
        with contextlib.suppress(OSError):
            there = path.lstat()
            if pid.isascii() and pid.isdecimal() and stat.S_ISSOCK(there.st_mode):
                found.append((-there.st_mtime_ns, int(pid), path))
    yield from ((pid, path) for _, pid, path in sorted(found))


def sweep(folder: Path) -> list[Path]:
    """Removes the sockets that engines left which ended without a word; returns those."""
    swept = []
    for _, path in engine_sockets(folder):
        try:
            connect(path, 0.0).close()
        except OSError as error:
            if error.errno in (errno.ECONNREFUSED, errno.ENOENT):  # anything else, such as a full queue, is somebody
                path.unlink(missing_ok=True)
                swept.append(path)
    return swept


def engine_command() -> Path | None:
    """The command `engine` of this installation, absolute; None if it is not found."""
    beside = Path(sys.executable).parent / "engine"  # not resolved: in a virtual environment it is a link
    found = str(beside) if beside.is_file() else shutil.which("engine")
    return Path(found).absolute() if found else None


def settings_folder() -> Path:
    """The user's own settings, which outlive a restart of the machine as the folder of sockets may not."""
    given = os.environ.get("XDG_CONFIG_HOME")
    return (Path(given).absolute() if given else Path.home() / ".config") / "producergan"


def tell_command(folder: Path) -> Path | None:
    """Writes where the command `engine` is, for plugins to start it, and returns that. Raises UserError, OSError."""
    command = engine_command()
    if command is not None:
        write_text(folder / COMMAND_FILE, f"{command}\n")
    return command
