"""The link from outside: a client of an engine in Python, and what the running engines say of themselves."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

from bridge.link_frame import Decoder, Received, encode
from bridge.link_table import LINK_VERSION, TO_CLIENT, TO_ENGINE, LinkError
from bridge.runtime_folder import check_private, connect, engine_sockets, link_folder, sweep

READ_BYTES = 1 << 16
ANSWER_SECONDS = 5.0


class RefusedError(LinkError):
    """The engine will not serve this client; the text is its reason."""


class Link:
    """A connection to a running engine, once it has welcomed this client. One thread at a time.

    Raises OSError if nobody is there or the connection has ended, TimeoutError if nothing comes, LinkError if what
    comes is no message, RefusedError with the engine's reason.
    """

    def __init__(self, path: Path, client: str, timeout: float = ANSWER_SECONDS, pid: int | None = None) -> None:
        self._socket: socket.socket = connect(path, timeout)
        self._timeout = timeout
        self._decoder = Decoder(TO_CLIENT)
        self._received: deque[Received] = deque()
        try:
            self.send("hello", version=LINK_VERSION, client=client, pid=os.getpid() if pid is None else pid)
            self.engine: str = self.wait_for("welcome").fields["engine"]
        except BaseException:
            self.close()
            raise

    def send(self, type_: str, **fields: Any) -> None:
        """Sends a message of the table."""
        self._socket.settimeout(self._timeout)
        self._socket.sendall(encode(TO_ENGINE, type_, **fields))

    def receive(self, timeout: float | None = None) -> Received:
        """The next message, whatever it is."""
        end = time.monotonic() + (self._timeout if timeout is None else timeout)
        while not self._received:
            self._socket.settimeout(max(1e-3, end - time.monotonic()))
            data = self._socket.recv(READ_BYTES)
            if not data:
                raise ConnectionResetError("The engine has ended the connection.")
            self._received += self._decoder.feed(data)
        message = self._received.popleft()
        if message.type == "refused":
            raise RefusedError(message.fields["reason"])
        return message

    def wait_for(self, *types: str, timeout: float | None = None) -> Received:
        """The next message of one of these types; those before it are passed over."""
        end = time.monotonic() + (self._timeout if timeout is None else timeout)
        while (message := self.receive(max(0.0, end - time.monotonic()))).type not in types:
            pass
        return message

    def ask(self, type_: str, answer: str, **fields: Any) -> dict[str, Any]:
        """Sends a message and returns the fields of its answer."""
        self.send(type_, **fields)
        return self.wait_for(answer).fields

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def engines_status(folder: Path | None = None, timeout: float = ANSWER_SECONDS) -> list[dict[str, Any]]:
    """What each running engine says of itself and of who is connected, the newest first; stale sockets are removed.

    Keys: pid, socket, audio, preset, clients (client, pid, preset, pending, sent). An engine that does not answer has
    a `problem`, a sentence, in place of the last three; each has `timeout` seconds. Raises UserError if the folder is
    not this user's alone: what lies there may be anybody's.
    """
    folder = link_folder() if folder is None else folder
    if not os.path.lexists(folder):
        return []
    check_private(folder)
    sweep(folder)
    found = []
    for pid, path in engine_sockets(folder):
        row: dict[str, Any] = {"pid": pid, "socket": str(path)}
        try:
            with Link(path, "bridge status", timeout) as link:
                row |= link.ask("ask", "report")
        except (OSError, LinkError) as error:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, 0)
                row["problem"] = str(error) or "It does not answer."
                found.append(row)
            continue
        found.append(row)
    return found
