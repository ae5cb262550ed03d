"""The port process: reads MIDI ports and writes stamped events into a ring that the engine shares.

It is started by `engine.midi.MidiInput` and ends when the pipe on its standard input does. It has a process of its own
because Python threads that are busy elsewhere delay a reader in their own process by seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import mmap
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import rtmidi

from engine._native import EventRing, now_ns
from engine.midi_stamp import Held, Stamper
from engine.platform import jack_client, midi_system_present, raise_priority

CLIENT = "ProducerGAN-MIDI"
VIRTUAL_PORT = "ProducerGAN"
OWN_JACK_PORT = f"{CLIENT}:{VIRTUAL_PORT}"
# Lateness of the poll does not reach the sound, as times are rebuilt from deltas; it only uses up the play-out delay.
POLL_S, IDLE_POLL_S = 0.0005, 0.001
IDLE_AFTER_NS = 2_000_000_000
SCAN_NS = 200_000_000  # how long a port that comes or goes may stay unnoticed
QUEUE = 4096  # messages that wait for a poll, per port
SERVER_ENDED = 3  # exit status: the JACK server ended, start again
# Long enough for a JACK server to notice that the port process before this one was killed, and to free its names.
NAME_TRIES, NAME_WAIT_S = 15, 0.1
LATER_TRY_NS = 5_000_000_000  # and so long until the next try, a single one: the other systems' ports wait meanwhile
END_S = 0.25  # how long closing the ports may take

Event = tuple[int, int, bytes]  # arrival in ns, port number, message

APIS = {
    "alsa": rtmidi.API_LINUX_ALSA,
    "jack": rtmidi.API_UNIX_JACK,
    "coremidi": rtmidi.API_MACOSX_CORE,
    "winmm": rtmidi.API_WINDOWS_MM,
}


def is_own(name: str) -> bool:
    """Whether a port is one of the engine's own."""
    return name.startswith("ProducerGAN")


def wanted(name: str, filters: Sequence[str]) -> bool:
    """Whether a port is to be opened: by default each that could be a keyboard, else those whose name has a filter."""
    if is_own(name):
        return False
    if not filters:
        return "midi through" not in name.lower()
    return any(text.lower() in name.lower() for text in filters)


def bridged(jack_ports: Sequence[str]) -> bool:
    """Whether JACK shows the system's own MIDI ports too, so that reading both would play every note twice."""
    return any(name.lower().startswith(("system:midi", "a2j", "midi-bridge", "alsa_midi")) for name in jack_ports)


def distinct(names: Sequence[str]) -> list[str]:
    """The names with a number after those that occur again, as two keyboards of one kind may."""
    return [f"{name} ({names[:i].count(name) + 1})" if name in names[:i] else name for i, name in enumerate(names)]


class OpenPort:
    """One port that is being read."""

    def __init__(self, number: int, name: str, device: rtmidi.MidiIn) -> None:
        self.number = number
        self.name = name
        self._device = device
        self._stamper = Stamper()
        self._held = Held()

    def poll(self) -> list[Event]:
        """What arrived since the last poll: (time_ns, port, message)."""
        events = []
        while (received := self._device.get_message()) is not None:
            message = bytes(received[0])
            stamp = self._stamper.stamp(received[1], now_ns())
            if 0 < len(message) <= 3:
                self._held.follow(message)
                events.append((stamp, self.number, message))
        return events

    def let_go(self) -> list[Event]:
        """What releases everything that the port still holds."""
        now = now_ns()
        return [(now, self.number, message) for message in self._held.let_go()]

    def close(self) -> None:
        """Closes the port."""
        self._device.close_port()
        self._device.delete()


class Backend:
    """One MIDI system: the virtual port, and each keyboard on a port of its own."""

    def __init__(self, api: str, filters: Sequence[str], numbers: Iterator[int]) -> None:
        self.api = api
        self.virtual: OpenPort | None = None
        self.ports: dict[str, OpenPort] = {}
        self._filters = filters
        self._numbers = numbers
        self._listing: rtmidi.MidiIn | None = None

    @property
    def ended(self) -> bool:
        """Whether the server behind the ports has gone."""
        return False

    @property
    def started(self) -> bool:
        """Whether the system is there and its virtual port is open."""
        return self._listing is not None

    def start(self) -> bool:
        """Opens the virtual port, if that is still to be done; False if the system is not there (yet)."""
        if self.started:
            return True
        if not midi_system_present(self.api):
            return False
        try:
            device = rtmidi.MidiIn(APIS[self.api], name=CLIENT, queue_size_limit=QUEUE)
            if self.api != "winmm":  # it has no virtual ports
                device.open_virtual_port(VIRTUAL_PORT)
                self.virtual = OpenPort(next(self._numbers), VIRTUAL_PORT, device)
        except rtmidi.RtMidiError:
            return False
        self._listing = device
        return True

    def sources(self) -> list[str]:
        """The names of all inputs there are."""
        return distinct(self._listing.get_ports()) if self._listing is not None else []

    def open_names(self) -> list[str]:
        """The names of the keyboards that are being read."""
        return list(self.ports)

    def scan(self, hidden: bool) -> list[Event]:
        """Opens what has come and closes what has gone; returns the events that let go of its notes.

        `hidden` treats every port as gone.
        """
        names = [] if hidden else [name for name in self.sources() if wanted(name, self._filters)]
        events = []
        for name in [name for name in self.ports if name not in names]:
            port = self.ports.pop(name)
            events += port.poll() + port.let_go()
            port.close()
        for name in names:
            if name not in self.ports and (device := self._open(name)) is not None:
                self.ports[name] = OpenPort(next(self._numbers), name, device)
        return events

    def close(self) -> None:
        """Closes every port."""
        for port in [*self.ports.values(), *([self.virtual] if self.virtual is not None else [])]:
            port.close()

    def _open(self, name: str) -> rtmidi.MidiIn | None:
        device = rtmidi.MidiIn(APIS[self.api], name=f"{CLIENT}-in", queue_size_limit=QUEUE)
        try:
            device.open_port(distinct(device.get_ports()).index(name), name)
        except (rtmidi.RtMidiError, rtmidi.InvalidPortError, ValueError):
            device.delete()  # gone again, or in use by another program: the next scan tries again
            return None
        return device


class JackBackend(Backend):
    """JACK: every keyboard is connected to the one virtual port.

    A port each would need a client each in JACK's graph, and a server without real-time scheduling stands still for
    half a second for each further client of a process that was killed. A keyboard that goes lets go of whatever the
    port holds, then, the notes of the others too.
    """

    def __init__(self, api: str, filters: Sequence[str], numbers: Iterator[int]) -> None:
        super().__init__(api, filters, numbers)
        self._client: Any = None  # sees the server's ports, and its end, of which RtMidi does not tell
        self._ended = False
        self._connected: list[str] = []
        self._tries = NAME_TRIES
        self._next_try_ns = 0

    @property
    def ended(self) -> bool:
        return self._ended

    def start(self) -> bool:
        if self.started:
            return True
        if now_ns() < self._next_try_ns:
            return False
        self._client = jack_client(f"{CLIENT}-watch")
        if self._client is None:
            return False
        self._client.set_shutdown_callback(self._shut_down)
        for _ in range(self._tries):
            # DAWs remember connections by the name: one with a number, as JACK gives while it is taken, won't do.
            if super().start() and any(port.name == OWN_JACK_PORT for port in self._client.get_ports()):
                return True
            if self.virtual is not None:
                self.virtual.close()
            self.virtual = self._listing = None
            if self._tries > 1:
                time.sleep(NAME_WAIT_S)
        self._tries, self._next_try_ns = 1, now_ns() + LATER_TRY_NS
        # PipeWire answers to the system's JACK library but not to the one inside RtMidi.
        self._client.close()
        self._client = None
        return False

    def sources(self) -> list[str]:
        return [port.name for port in self._client.get_ports(is_midi=True, is_output=True)] if self.started else []

    def open_names(self) -> list[str]:
        return self._connected

    def scan(self, hidden: bool) -> list[Event]:
        import jack

        assert self.virtual is not None
        names = [name for name in self.sources() if wanted(name, self._filters)]
        gone = any(name not in names for name in self._connected)
        events = self.virtual.poll() + self.virtual.let_go() if gone else []
        for name in names:
            if name not in self._connected:
                try:
                    if all(port.name != OWN_JACK_PORT for port in self._client.get_all_connections(name)):
                        self._client.connect(name, OWN_JACK_PORT)
                except jack.JackError:
                    names = [other for other in names if other != name]  # gone again: the next scan tries again
        self._connected = names
        return events

    def close(self) -> None:
        super().close()
        if self._client is not None:
            self._client.close()

    def _shut_down(self, status: object, reason: str) -> None:
        self._ended = True


class PortReader:
    """All backends, read into one ring."""

    def __init__(self, ring: EventRing, apis: Sequence[str], filters: Sequence[str], status: Path) -> None:
        numbers = itertools.count(1)
        self._backends = [(JackBackend if api == "jack" else Backend)(api, filters, numbers) for api in apis]
        self._ring = ring
        self._status = status
        self._reported = ""
        self._last_ns = 0

    def scan(self) -> bool:
        """Looks for what has come and gone; False once a server has ended, and this process should too."""
        events: list[Event] = []
        jack_ports: list[str] = []
        for backend in self._backends:
            if backend.ended:
                return False
            if backend.start():
                events += backend.scan(hidden=backend.api == "alsa" and bridged(jack_ports))
                if backend.api == "jack":
                    jack_ports = backend.sources()
        self._push(events)
        self._report()
        return True

    def poll(self) -> None:
        """Moves what has arrived to the ring, in order of arrival."""
        events: list[Event] = []
        for backend in self._backends:
            if backend.virtual is not None:
                events += backend.virtual.poll()
            for port in backend.ports.values():
                events += port.poll()
        if events:
            self._push(sorted(events, key=lambda event: event[0]))

    def close(self) -> None:
        """Closes every port, so that no server has to find out that this process is gone."""
        for backend in self._backends:
            backend.close()

    def idle(self) -> bool:
        """Whether nobody has played for a while."""
        return bool(now_ns() - self._last_ns > IDLE_AFTER_NS)

    def _push(self, events: list[Event]) -> None:
        for time_ns, port, message in events:
            self._last_ns = max(self._last_ns, time_ns)
            self._ring.push(self._last_ns, message, port)

    def _report(self) -> None:
        """Writes the status file where it changed; the engine reads it."""
        status = {
            "pid": os.getpid(),
            "apis": [backend.api for backend in self._backends if backend.started],
            "virtual": any(backend.virtual is not None for backend in self._backends),
            "ports": [name for backend in self._backends for name in backend.open_names()],
        }
        report = json.dumps(status)
        if report != self._reported:
            temporary = self._status.with_suffix(".part")
            temporary.write_text(report, encoding="utf-8")
            os.replace(temporary, self._status)
            self._reported = report


def _watch_parent(ended: threading.Event, folder: Path) -> None:
    """Sets `ended` when the pipe on standard input ends, and ends the process itself if that does not help."""
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 1024):
            pass
    ended.set()
    time.sleep(END_S)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main(argv: Sequence[str] | None = None) -> int:
    """Reads ports until the parent ends; returns the exit status."""
    parser = argparse.ArgumentParser(prog="engine.midi_ports", description=__doc__)
    parser.add_argument("folder", type=Path, help="holds the ring and the status file")
    parser.add_argument("--api", action="append", default=[], choices=APIS)
    parser.add_argument("--name", action="append", default=[], help="open only ports whose name has this in it")
    arguments = parser.parse_args(argv)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the engine's to handle, which then closes the pipe
    ended = threading.Event()
    threading.Thread(target=_watch_parent, args=(ended, arguments.folder), daemon=True).start()
    with (arguments.folder / "ring").open("r+b") as file:
        ring = EventRing(mmap.mmap(file.fileno(), 0), False)
    raise_priority()
    reader = PortReader(ring, arguments.api, arguments.name, arguments.folder / "status.json")
    parent = os.getppid()
    next_scan = 0
    while not ended.is_set() and os.getppid() == parent:
        reader.poll()
        if now_ns() >= next_scan:
            if not reader.scan():
                return SERVER_ENDED
            next_scan = now_ns() + SCAN_NS
        time.sleep(IDLE_POLL_S if reader.idle() else POLL_S)
    reader.close()
    # An engine that was killed cannot, and the folder lies in memory.
    shutil.rmtree(arguments.folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
