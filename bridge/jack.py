"""JACK, and so PipeWire: our audio ports connected by pattern, and what is connected to what.

No Python runs in JACK's audio thread: the clients here have no process callback and are never activated.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from engine.jack_output import JACK_CLIENT as CLIENT
from engine.jack_output import PORT_NAMES
from engine.platform import jack_client

RETRY_S = 1.0


def matches(pattern: str, name: str) -> bool:
    """Whether a port's name contains the pattern, or matches it as a regular expression; upper and lower case alike."""
    if pattern.lower() in name.lower():
        return True
    try:
        return re.search(pattern, name, re.IGNORECASE) is not None
    except re.error:
        return False


def pairs(outputs: Sequence[str], targets: Sequence[str]) -> list[tuple[str, str]]:
    """Which output goes to which target: left to the first, right to the second; a single target gets both.

    Only targets of the client that comes first are used, and of those no more than there are outputs.
    """
    first = [name for name in targets if name.split(":")[0] == targets[0].split(":")[0]][: len(outputs)]
    if len(first) == 1:
        return [(output, first[0]) for output in outputs]
    return list(zip(outputs, first, strict=False))


class JackConnector:
    """Keeps our audio outputs connected to the ports that match a pattern, whoever of the two quits and returns.

    `client` is our name in JACK, which a new server may give anew. `clock` gives seconds and spaces the attempts to
    reach a server that is not there. [main-thread]
    """

    def __init__(self, pattern: str, client: str = CLIENT, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self._pattern = pattern
        self._clock = clock
        self._jack: Any = None
        self._ended = False
        self._next_try = clock()
        self._connected: list[tuple[str, str]] = []
        self._moved: set[str] = set()  # outputs taken off the speakers already: who connects them again means it
        self._said = ""

    def step(self) -> list[str]:
        """Connects what there is to connect; returns what is new, as sentences for the user.

        Call about twice a second; never waits. That the server has ended is told by whoever plays there.
        """
        if self._ended:
            self._leave()
            return []
        if self._jack is None and not self._reach():
            return []
        import jack

        try:
            return self._connect()
        except jack.JackError:  # a port or the server went away in between: the next step sees it
            return []

    def status(self) -> dict[str, Any]:
        """The state of the server and of our ports; see `jack_status`."""
        return describe(None if self._ended else self._jack)

    def close(self) -> None:
        """Lets go of JACK until the next `step`; what is connected stays so while our ports exist."""
        self._leave()

    def _reach(self) -> bool:
        if self._clock() < self._next_try:
            return False
        self._next_try = self._clock() + RETRY_S
        self._jack = jack_client(f"{CLIENT}-connect")
        if self._jack is None:
            return False
        self._jack.set_shutdown_callback(self._shut_down)
        return True

    def _shut_down(self, status: object, reason: str) -> None:
        self._ended = True

    def _leave(self) -> None:
        if self._jack is not None:
            self._jack.close()
        self._jack = None
        self._ended = False
        self._connected = []
        self._moved.clear()
        self._next_try = self._clock() + RETRY_S

    def _connect(self) -> list[str]:
        outputs = self._outputs()
        self._moved.intersection_update(outputs)
        if not outputs:
            self._connected = []
            return []
        inputs = [port.name for port in self._jack.get_ports(is_audio=True, is_input=True)]
        targets = [name for name in inputs if not self._is_ours(name) and matches(self._pattern, name)]
        if not targets:
            return self._waiting()
        wanted = pairs(outputs, targets)
        for output, target in wanted:
            there = [port.name for port in self._jack.get_all_connections(output)]
            if target not in there:
                self._jack.connect(output, target)
        moved = self._take_off_speakers(outputs, {target for _, target in wanted})
        if wanted == self._connected:
            return []
        self._connected = wanted
        said = "Connected " + ", ".join(f"{output} to {target}" for output, target in wanted)
        if moved:
            said += ", and no longer to the speakers directly"
        left_out = len(targets) - len({target for _, target in wanted})
        if left_out:
            said += f"; {left_out} more ports match --connect {self._pattern} (write more of the name to choose others)"
        return [said + "."]

    def _waiting(self) -> list[str]:
        """Said when the other end is not there: at first, and each time that it leaves."""
        was_connected, self._connected = bool(self._connected), []
        said = f'No JACK port matches "{self._pattern}"; it is connected as soon as there is one.'
        if was_connected or self._said != said:
            self._said = said
            return [said]
        return []

    def _outputs(self) -> list[str]:
        """Our audio outputs, left first."""
        there = [port.name for port in self._jack.get_ports(is_audio=True, is_output=True)]
        return [name for name in (f"{self.client}:{short}" for short in PORT_NAMES) if name in there]

    def _is_ours(self, name: str) -> bool:
        return name.startswith(f"{self.client}:")

    def _take_off_speakers(self, outputs: Sequence[str], targets: set[str]) -> bool:
        """Ends the connections to the sound card that the engine begins with, once for each of our ports."""
        moved = False
        for output in outputs:
            if output in self._moved:
                continue
            for port in self._jack.get_all_connections(output):
                if port.is_physical and port.name not in targets:
                    self._jack.disconnect(output, port.name)
                    moved = True
            self._moved.add(output)
        return moved


def describe(client: Any) -> dict[str, Any]:
    """What `jack_status` returns, asked through an open JACK client; None says that there is no server."""
    if client is None:
        return {"jack": False, "rate": None, "block": None, "ports": []}
    ports = []
    for port in client.get_ports():
        # PipeWire shows MIDI ports that it bridges under its own client's name.
        if port.name.startswith(CLIENT) or f"{CLIENT}-MIDI" in port.name:
            ports.append(
                {
                    "name": port.name,
                    "kind": "midi" if type(port).__name__.endswith("MidiPort") else "audio",
                    "direction": "output" if port.is_output else "input",
                    "connections": [other.name for other in client.get_all_connections(port)],
                }
            )
    return {"jack": True, "rate": client.samplerate, "block": client.blocksize, "ports": ports}


def jack_status() -> dict[str, Any]:
    """Whether JACK runs, its rate in Hz and block in frames, and the engine's ports with their connections.

    Asks JACK, so that it works from any process. Keys: jack, rate, block, ports (name, kind, direction, connections).
    """
    client = jack_client(f"{CLIENT}-status")
    if client is None:
        return describe(None)
    import jack

    try:
        return describe(client)
    except jack.JackError:
        return describe(None)
    finally:
        client.close()
