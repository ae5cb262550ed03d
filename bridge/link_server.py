"""The engine's end of the link: takes connections and moves bytes, in one thread that never waits for a client."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from bridge.link_connection import Connection
from bridge.link_frame import Received
from bridge.link_table import LINK_VERSION, LinkError
from bridge.runtime_folder import listen, sweep, tell_command
from engine.errors import UserError

MOST_CLIENTS = 64
ACCEPTED_AT_ONCE = 32
LOOK_SECONDS = 0.05  # between two looks at what time has done to connections
PAUSE_SECONDS = 1.0  # without new connections, where the system has no more sockets
# One that needs no file of its own: where the process may open no more, those who are there are served on.
SELECTOR = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Host(Protocol):
    """Who serves the clients that have said hello. All [link-thread], and none of it may wait."""

    def join(self, connection: Connection) -> None:
        """A client was welcomed."""

    def leave(self, connection: Connection) -> None:
        """It is gone."""

    def wake(self) -> None:
        """Something came from a client, or there is room again for what goes to one."""


class Server:
    """Listens in a folder as the engine with a process id. `clock` gives seconds.

    `start` runs it in a thread of its own; a test may take its `step`s itself. Raises UserError or OSError where it
    cannot listen.
    """

    def __init__(
        self,
        folder: Path,
        host: Host,
        engine: str,
        clock: Callable[[], float] = time.monotonic,
        pid: int | None = None,
    ) -> None:
        sweep(folder)
        self._listening, self.path = listen(folder, os.getpid() if pid is None else pid)
        try:
            tell_command(folder)
        except (UserError, OSError):
            self._end()
            raise
        self._listening.setblocking(False)
        self._host, self._engine, self._clock = host, engine, clock
        self._connections: list[Connection] = []
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._accepts_at = clock()
        self._running = True
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Serves from now on."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread and every connection, and takes the socket away."""
        self._running = False
        self.wake()
        if self._thread.ident is not None:
            self._thread.join()
        for connection in list(self._connections):
            self._drop(connection)
        self._woken.close()
        self._waker.close()
        self._end()

    def wake(self) -> None:
        """Has the thread look at what there is to send and to read. [thread-safe]"""
        with contextlib.suppress(OSError):  # full: it wakes anyway; closed: nobody is left
            self._waker.send(b"\0")

    def step(self, wait: float = 0.0) -> None:
        """One round: at most `wait` seconds for something to happen, then all of it. [link-thread]"""
        now = self._clock()
        with SELECTOR() as selector:
            selector.register(self._woken, selectors.EVENT_READ, None)
            if now >= self._accepts_at:
                selector.register(self._listening, selectors.EVENT_READ, None)
            for connection in self._connections:
                wants = selectors.EVENT_READ if connection.wants_read(now) else 0
                wants |= selectors.EVENT_WRITE if connection.wants_write else 0
                if wants:
                    selector.register(connection.socket, wants, connection)
            ready = selector.select(wait)
        now = self._clock()
        for key, events in ready:
            if isinstance(key.data, Connection):
                self._serve(key.data, events, now)
            elif key.fileobj is self._woken:
                with contextlib.suppress(BlockingIOError):
                    self._woken.recv(4096)
            else:
                self._accept(now)
        for connection in list(self._connections):
            reason = connection.verdict(now)
            if reason:
                connection.refuse(reason)
            elif reason is not None:
                self._drop(connection)

    def _run(self) -> None:
        while self._running:
            self.step(LOOK_SECONDS if self._connections else 1.0)

    def _accept(self, now: float) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connected, _ = self._listening.accept()
            except OSError as error:  # nobody is there any more, or there are no more sockets
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS):
                    self._accepts_at = now + PAUSE_SECONDS
                return
            connection = Connection(connected, now, self.wake)
            self._connections.append(connection)
            if len(self._connections) > MOST_CLIENTS:
                connection.refuse(f"The engine has {MOST_CLIENTS} connections already; close one.")

    def _serve(self, connection: Connection, events: int, now: float) -> None:
        try:
            if events & selectors.EVENT_READ:
                received = connection.read()
                if received is None:
                    self._drop(connection)
                    return
                self._hear(connection, received)
            if events & selectors.EVENT_WRITE and connection.write(now):
                self._host.wake()
        except LinkError as error:
            connection.refuse(str(error))
        except OSError:  # it has gone, or its end of the connection is broken
            self._drop(connection)
        except Exception as error:  # one client's trouble is not the others'
            connection.refuse(f"The engine failed at what it was told ({type(error).__name__}).")

    def _hear(self, connection: Connection, received: list[Received]) -> None:
        if not received or connection.gone:
            return
        if not connection.welcomed:
            first, *received = received
            self._greet(connection, first)
        if any(message.type == "hello" for message in received):
            raise LinkError("The client said hello twice.")
        connection.keep(received)
        self._host.wake()

    def _greet(self, connection: Connection, first: Received) -> None:
        if first.type != "hello":
            raise LinkError(f"The first message must be 'hello', not {first.type!r}.")
        connection.client, connection.pid = first.fields["client"], first.fields["pid"]
        connection.welcomed = True
        connection.send("welcome", version=LINK_VERSION, engine=self._engine)
        self._host.join(connection)

    def _drop(self, connection: Connection) -> None:
        self._connections.remove(connection)
        connection.close()
        if connection.welcomed:
            self._host.leave(connection)

    def _end(self) -> None:
        self.path.unlink(missing_ok=True)
        self._listening.close()
