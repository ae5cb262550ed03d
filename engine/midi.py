"""MIDI input: a process of its own reads the ports, and its events lie in memory that the sampler reads too."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from engine._native import EventRing, now_ns
from engine.errors import UserError
from engine.midi_stamp import release_all
from engine.platform import MIDI_API, jack_client, midi_system_present, runtime_folder

SYSTEM_API = MIDI_API
API_LABELS = {"alsa": "ALSA", "jack": "JACK", "coremidi": "Core MIDI", "winmm": "Windows MIDI"}
START_DEADLINE_S = 5.0
CLOSE_S = 0.3
VIRTUAL_PORT = "ProducerGAN"
RESTART_PAUSES_S = (0.0, 0.2, 0.5, 1.0, 2.0)  # before the first, second … restart in a row


def input_names(api: str) -> list[str]:
    """The MIDI inputs that one API shows, but for the engine's own. Empty if the API is not there."""
    import rtmidi

    from engine.midi_ports import APIS, is_own

    if (
        not midi_system_present(api)
        or APIS[api] not in rtmidi.get_compiled_api()
        or (api == "jack" and not jack_answers())
    ):
        return []
    try:
        device = rtmidi.MidiIn(APIS[api], name="ProducerGAN-list")
    except rtmidi.RtMidiError:
        return []
    names = [name for name in device.get_ports() if not is_own(name)]
    device.delete()
    return names


def jack_answers() -> bool:
    """Whether a JACK server is running; starts none."""
    client = jack_client("ProducerGAN-probe")
    if client is not None:
        client.close()
    return client is not None


class MidiInput:
    """All keyboards, or those by name, and the virtual port `ProducerGAN`, as stamped events in a ring.

    `names` opens only the inputs that have one of these texts in their names; UserError if a text fits none. The
    name `ProducerGAN` alone opens the virtual port and no keyboard. `api` is
    "jack" (then keyboards that JACK does not show are read from the system as well) or "system". `clock` gives seconds
    and decides when a dead process is started again. All methods: [main-thread].
    """

    def __init__(
        self, names: Sequence[str] = (), api: str = "system", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._apis = ["jack", SYSTEM_API] if api == "jack" else [SYSTEM_API]
        self._names = list(names)
        self._clock = clock
        self._check_names()
        self._folder = Path(tempfile.mkdtemp(prefix="midi-", dir=runtime_folder()))
        ring_file = self._folder / "ring"
        ring_file.write_bytes(bytes(EventRing.SIZE))
        with ring_file.open("r+b") as file:
            self.ring = EventRing(mmap.mmap(file.fileno(), 0), True)
        self.local_ring = EventRing(mmap.mmap(-1, EventRing.SIZE), True)
        self.restarts = 0
        self._starts_in_a_row = 0
        self._ended_at: float | None = None
        self._started_at = clock()
        self._process: subprocess.Popen[bytes] | None = self._start()

    @property
    def pid(self) -> int | None:
        """The process id of the port process; None while there is none."""
        return self._process.pid if self._process is not None else None

    def ports(self) -> list[str]:
        """The names of the inputs that are open now, the virtual port last."""
        status = self._status()
        return [*status.get("ports", []), *([VIRTUAL_PORT] if status.get("virtual") else [])]

    def ready(self) -> bool:
        """Whether the port process has looked for ports at least once since it was started last."""
        return bool(self._status())

    def wait_ready(self, deadline_s: float = START_DEADLINE_S) -> bool:
        """Waits until `ready`; False if the process ends or the deadline passes first."""
        end = time.monotonic() + deadline_s
        while not self.ready():
            if time.monotonic() > end or self._process is None or self._process.poll() is not None:
                return False
            time.sleep(0.005)
        return True

    def supervise(self) -> bool:
        """Starts the port process again if it has ended; call a few times a second. True if it ended just now.

        Whatever sounds is let go of then, by events in `local_ring`, as its note-offs may be lost. Never waits.
        """
        if self._process is not None:
            if self._process.poll() is None:
                if self._clock() - self._started_at > 10:
                    self._starts_in_a_row = 0
                return False
            self._process = None
            self._ended_at = self._clock()
            self.release_all()
            self._restart_if_due()
            return True
        self._restart_if_due()
        return False

    def release_all(self) -> None:
        """Pushes pedals up and all notes off for every channel into `local_ring`."""
        now = now_ns()
        for message in release_all():
            self.local_ring.push(now, message, 0)

    def close(self) -> None:
        """Ends the port process and removes its files."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(CLOSE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _restart_if_due(self) -> None:
        assert self._ended_at is not None
        pause = RESTART_PAUSES_S[min(self._starts_in_a_row, len(RESTART_PAUSES_S) - 1)]
        if self._clock() - self._ended_at >= pause:
            self._starts_in_a_row += 1
            self.restarts += 1
            self._started_at = self._clock()
            self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        (self._folder / "status.json").unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", "engine.midi_ports", os.fspath(self._folder)]
        for api in self._apis:
            command += ["--api", api]
        for name in self._names:
            command += ["--name", name]
        # What the MIDI libraries print would run across the terminal's steady lines.
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)

    def _status(self) -> dict[str, Any]:
        if self._process is None:
            return {}
        with contextlib.suppress(OSError, ValueError):
            status: dict[str, Any] = json.loads((self._folder / "status.json").read_text(encoding="utf-8"))
            return status
        return {}

    def _check_names(self) -> None:
        there = [name for api in self._apis for name in input_names(api)] if self._names else []
        for text in self._names:
            if text.lower() == VIRTUAL_PORT.lower() and SYSTEM_API != "winmm":
                continue  # the virtual port alone, which is always open
            if not any(text.lower() in name.lower() for name in there):
                known = ", ".join(f'"{name}"' for name in there)
                present = f"there are: {known}" if known else "no MIDI input is connected"
                raise UserError(f'There is no MIDI input "{text}"; {present}.')
