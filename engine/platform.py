"""What only one system has, on the Python side: scheduling, the terminal's keys, drivers, folders."""

from __future__ import annotations

import contextlib
import ctypes.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Below jackd (10 or more) and its clients' audio threads (5 or more below it): MIDI must not hold up audio.
REALTIME_PRIORITY = 3


def runtime_folder() -> Path:
    """A folder of this user's own (0700), in memory where the system has one, for what lives as long as a process."""
    if os.environ.get("XDG_RUNTIME_DIR") and os.access(os.environ["XDG_RUNTIME_DIR"], os.W_OK):
        folder = Path(os.environ["XDG_RUNTIME_DIR"]) / "producergan"
    elif hasattr(os, "getuid"):
        memory = Path("/dev/shm")  # the disk behind /tmp could hold up whoever writes to a page being written back
        base = memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())
        folder = base / f"producergan-{os.getuid()}"
    else:
        folder = Path(tempfile.gettempdir()) / "producergan"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and (folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077):
            raise PermissionError(folder)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="producergan-"))
    return folder


def raise_priority() -> str:
    """Asks for real-time scheduling of the calling thread, or the best that is permitted; returns what it got.

    One of "realtime", "raised", "normal". Never fails. Threads that this thread starts afterwards inherit it.
    """
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        high_priority_class = 0x80
        return "raised" if kernel.SetPriorityClass(kernel.GetCurrentProcess(), high_priority_class) else "normal"
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
            return "realtime"
    with contextlib.suppress(OSError):
        os.nice(-10)
        return "raised"
    return "normal"


def midi_system_present(api: str) -> bool:
    """Whether it is worth asking this MIDI API: ALSA prints a complaint each time on a machine without a sequencer."""
    return api != "alsa" or os.path.exists("/dev/snd/seq")


def nvidia_driver_answers() -> bool:
    """Whether an NVIDIA driver is loaded and sees at least one GPU."""
    name = "nvcuda.dll" if sys.platform == "win32" else ctypes.util.find_library("cuda") or "libcuda.so.1"
    try:
        cuda = ctypes.CDLL(name)
        count = ctypes.c_int(0)
        return cuda.cuInit(0) == 0 and cuda.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
    except (OSError, AttributeError):
        return False


class Keys:
    """Single keys of the terminal, without Enter; see `single_keys`."""

    def poll(self) -> str | None:
        """The next key that was pressed, or None; never waits. [control-thread]"""
        return None


class _TerminalKeys(Keys):
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def poll(self) -> str | None:
        import select

        if not select.select([self._descriptor], [], [], 0)[0]:
            return None
        first = os.read(self._descriptor, 1)
        if first and first[0] >= 0xC0:  # the rest of one UTF-8 character
            first += os.read(self._descriptor, 1 + (first[0] >= 0xE0) + (first[0] >= 0xF0))
        return first.decode(errors="replace") or None


class _ConsoleKeys(Keys):
    def poll(self) -> str | None:
        if sys.platform == "win32":
            import msvcrt

            if msvcrt.kbhit():
                return msvcrt.getwch()
        return None


@contextlib.contextmanager
def single_keys() -> Iterator[Keys]:
    """Reads single keys while the block runs; without a terminal `poll` always gives None. Ctrl-C works as ever."""
    if sys.stdin is None or not sys.stdin.isatty():
        yield Keys()
    elif sys.platform == "win32":
        yield _ConsoleKeys()
    elif os.tcgetpgrp(sys.stdin.fileno()) != os.getpgrp():
        yield Keys()  # in the background, touching the terminal would stop the process
    else:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        try:
            tty.setcbreak(descriptor)
            yield _TerminalKeys(descriptor)
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
