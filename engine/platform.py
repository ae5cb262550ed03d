"""What only one system has, on the Python side: scheduling, the terminal's keys, drivers, folders."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import UserError

# The MIDI API that keyboards are found by.
MIDI_API = {"linux": "alsa", "darwin": "coremidi", "win32": "winmm"}.get(sys.platform, "alsa")

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


def data_folder() -> Path:
    """The folder where this user's own things are kept, such as favourites; it need not exist yet."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        # The XDG Base Directory Specification has relative paths ignored.
        given = Path(os.environ.get("XDG_DATA_HOME", ""))
        base = given if given.is_absolute() else home / ".local" / "share"
    return base / "producergan"


def available_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resident_bytes() -> int | None:
    """The memory that this process has in use; None where the system does not tell."""
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
        if sys.platform == "linux":
            return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        if sys.platform == "darwin":
            answer = subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, check=True)
            return int(answer.stdout) * 1024
    return None


def portaudio() -> Any:
    """The module `sounddevice`. Raises UserError if the PortAudio library behind it is missing.

    Importing it starts PortAudio.
    """
    if "sounddevice" in sys.modules:
        return sys.modules["sounddevice"]
    try:
        with _jack_hidden():
            import sounddevice
    except OSError:
        hint = "install it with: sudo apt-get install libportaudio2" if sys.platform == "linux" else "install it"
        raise UserError(f"The PortAudio library is not there; {hint}.") from None
    return sounddevice


def restart_portaudio() -> None:
    """Ends PortAudio and begins it anew, without which it sees no device that has come. No stream may be open.

    Raises UserError if it does not start.
    """
    sounddevice = portaudio()
    try:
        with _jack_hidden():
            if sounddevice._initialized:
                sounddevice._terminate()
            sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise UserError(f"The system's audio does not start: {error}.") from error


@contextlib.contextmanager
def _jack_hidden() -> Iterator[None]:
    """Keeps PortAudio from JACK, which the engine plays into by itself.

    PortAudio would be JACK's client from its start to its end, and abort the process if the server ended in between.
    """
    # Replaced, never removed: other threads may be reading the environment, and removing would move what they read.
    before = os.environ.get("JACK_DEFAULT_SERVER", "default")
    os.environ["JACK_DEFAULT_SERVER"] = "producergan-none"
    try:
        yield
    finally:
        os.environ["JACK_DEFAULT_SERVER"] = before


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


def jack_client(name: str) -> Any:
    """A `jack.Client` of the running JACK (or PipeWire) server, not activated; None if there is no server.

    Never starts a server, and keeps JACK's own messages off the terminal.
    """
    if sys.platform == "win32":
        return None
    try:
        import jack
    except (ImportError, OSError):  # the package, or the library behind it
        return None
    # A Python function would be called in JACK's threads and wait there for the interpreter, so this gives it a
    # function of C that takes a text and does nothing with it.
    nothing = ctypes.cast(ctypes.CDLL(None).strlen, ctypes.c_void_p).value
    say_nothing = jack._ffi.cast("void (*)(const char *)", nothing)
    jack._lib.jack_set_error_function(say_nothing)
    jack._lib.jack_set_info_function(say_nothing)
    try:
        return jack.Client(name, no_start_server=True)
    except jack.JackError:
        return None


def enable_alsa_realtime(stream: Any) -> None:
    """Asks that ALSA's callback thread be scheduled in real time; PortAudio does so only when told. Never fails.

    Does nothing where there is no ALSA.
    """
    sounddevice = portaudio()
    library = ctypes.CDLL(sounddevice._libname)
    if hasattr(library, "PaAlsa_EnableRealtimeScheduling"):
        address = int(sounddevice._ffi.cast("uintptr_t", stream._ptr))
        library.PaAlsa_EnableRealtimeScheduling(ctypes.c_void_p(address), 1)


class Keys:
    """Single keys of the terminal, without Enter; see `single_keys`."""

    def poll(self) -> str | None:
        """The next key that was pressed, or None; never waits. [main-thread]"""
        return None


class _TerminalKeys(Keys):
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def poll(self) -> str | None:
        import select

        def waiting() -> bool:
            return bool(select.select([self._descriptor], [], [], 0)[0])

        if not waiting():
            return None
        first = os.read(self._descriptor, 1)
        if first == b"\x1b":
            # An arrow or function key is several characters, none of which was pressed: ESC [ or ESC O, up to a letter.
            if not waiting():
                return "\x1b"
            if os.read(self._descriptor, 1) in (b"[", b"O"):
                while waiting() and not 0x40 <= os.read(self._descriptor, 1)[0] <= 0x7E:
                    pass
            return None
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


def _in_foreground(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # a terminal, but not the one that this process is controlled by
        return False


@contextlib.contextmanager
def single_keys() -> Iterator[Keys]:
    """Reads single keys while the block runs; without a terminal `poll` always gives None. Ctrl-C works as ever."""
    if sys.stdin is None or not sys.stdin.isatty():
        yield Keys()
    elif sys.platform == "win32":
        yield _ConsoleKeys()
    elif not _in_foreground(sys.stdin.fileno()):
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
