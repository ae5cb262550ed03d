"""One client's connection as the engine has it: what came and waits, what is to go, and how much of each at most."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from bridge.link_frame import Decoder, Received, encode
from bridge.link_table import LONGEST_SENTENCE, TO_CLIENT, TO_ENGINE

READ_BYTES = 1 << 16  # at a time, so that the others' turn comes soon
MOST_WAITING = 256  # messages that came and are not handled yet: then it is not read from until they are
MOST_WAITING_BYTES = 2 << 20  # likewise
ROOM_BYTES = 1 << 20  # what is put off while it can be (blocks, `set`) waits until less than this is to go
STALL_SECONDS = 10.0  # a client that takes nothing for so long while something waits for it is dropped
HELLO_SECONDS = 10.0  # and one that does not say who it is
FAREWELL_SECONDS = 2.0  # for a refused client to take the reason
# What a client may send: a share of a core at the most is spent on reading it. A message costs 1, and 512 bytes cost 1.
COSTS_PER_SECOND, MOST_COSTS, BYTES_PER_COST = 5000.0, 10000.0, 512


def fit(text: str, longest: int = LONGEST_SENTENCE) -> str:
    """The text as the link takes it: without NUL, and cut to so many bytes of UTF-8."""
    return text.replace("\0", "").encode("utf-8", "replace")[:longest].decode("utf-8", "ignore")


class Connection:
    """A client's socket, not blocking. `wake` is called when something is to be done by the link's thread.

    Methods are [link-thread] but for those marked [thread-safe].
    """

    def __init__(self, connected: socket.socket, now: float, wake: Callable[[], None]) -> None:
        connected.setblocking(False)
        self.socket = connected
        self.client, self.pid = "", 0  # what it said of itself
        self.welcomed = False
        self.closed = False
        self.sent_bytes = 0
        self._wake = wake
        self._decoder = Decoder(TO_ENGINE)
        self._lock = threading.Lock()
        self._waiting: list[Received] = []
        self._waiting_bytes = 0
        self._out: deque[bytes] = deque()
        self._out_bytes = 0
        self._sent_of_first = 0
        self._refused = self._ended = False
        self._began = now
        self._took_at: float | None = None  # when it last took anything, or the link's thread saw that something waits
        self._costs, self._costs_at = MOST_COSTS, now

    # ——— for whoever serves it ———

    def send(self, type_: str, body: bytes = b"", **fields: Any) -> None:
        """Queues a message. Raises LinkError if it is not as the table has it. [thread-safe]"""
        frame = encode(TO_CLIENT, type_, body, **fields)
        with self._lock:
            if self._refused or self.closed:
                return
            self._put(frame)
        self._wake()

    @property
    def has_room(self) -> bool:
        """Whether what can be put off may be queued now. [thread-safe]"""
        return self._out_bytes < ROOM_BYTES

    def take(self) -> list[Received]:
        """The messages that came since the last call. [thread-safe]"""
        with self._lock:
            full = self._is_full()
            taken, self._waiting = self._waiting, []
            self._waiting_bytes = 0
        if full:
            self._wake()
        return taken

    def refuse(self, reason: str) -> None:
        """Tells it a reason in place of all that was still to go, and ends the connection. [thread-safe]"""
        frame = encode(TO_CLIENT, "refused", reason=fit(reason))
        with self._lock:
            if self._refused or self.closed:
                return
            self._refused = True
            begun = [self._out[0]] if self._sent_of_first else []
            self._out = deque(begun)
            self._out_bytes = sum(map(len, begun)) - self._sent_of_first
            self._took_at = None
            self._put(frame)
        self._wake()

    @property
    def gone(self) -> bool:
        """Whether nothing goes to it any more. [thread-safe]"""
        return self._refused or self.closed

    # ——— for the link's thread ———

    def wants_read(self, now: float) -> bool:
        """Whether anything it sends is to be read now."""
        if self._refused:
            return (
                not self._ended
            )  # and thrown away: closed with something unread, a socket may lose what was sent last
        self._costs = min(MOST_COSTS, self._costs + COSTS_PER_SECOND * (now - self._costs_at))
        self._costs_at = now
        return self._costs > 0 and not self._is_full()

    @property
    def wants_write(self) -> bool:
        """Whether anything waits for it."""
        return bool(self._out)

    def read(self) -> list[Received] | None:
        """What is whole with what came now; None if the client has closed. Raises LinkError, OSError."""
        try:
            data = self.socket.recv(READ_BYTES)
        except BlockingIOError:
            return []
        self._ended = not data
        if self._refused:
            return []
        if self._ended:
            return None
        self._costs -= len(data) / BYTES_PER_COST
        found = list(self._decoder.feed(data))
        self._costs -= len(found)
        return found

    def keep(self, messages: list[Received]) -> None:
        """Lets messages wait to be taken."""
        with self._lock:
            self._waiting += messages
            self._waiting_bytes += sum(message.size for message in messages)

    def write(self, now: float) -> bool:
        """Sends what the socket takes; True if there is room again where there was none. Raises OSError."""
        with self._lock:
            had_room = self.has_room
            with contextlib.suppress(BlockingIOError):
                while self._out:
                    sent = self.socket.send(memoryview(self._out[0])[self._sent_of_first :])
                    self._took_at = now
                    self.sent_bytes += sent
                    self._out_bytes -= sent
                    self._sent_of_first += sent
                    if self._sent_of_first == len(self._out[0]):
                        self._out.popleft()
                        self._sent_of_first = 0
            if not self._out:
                self._took_at = None
            return self.has_room and not had_room

    def verdict(self, now: float) -> str | None:
        """Why it is to be dropped now: a reason, empty where there is nothing to tell it; None to go on."""
        with self._lock:
            if self._out and self._took_at is None:
                self._took_at = now  # only now: it may have had nothing to take for long
            waits = now - self._took_at if self._took_at is not None else 0.0
        if self._refused:
            return "" if not self._out or waits > FAREWELL_SECONDS else None
        if waits > STALL_SECONDS:
            return ""
        if not self.welcomed and now - self._began > HELLO_SECONDS:
            return f"The client did not say hello within {HELLO_SECONDS:g} seconds."
        return None

    def close(self) -> None:
        """Ends it at once."""
        with self._lock:
            self.closed = True
            self._out.clear()
            self._waiting.clear()
        self.socket.close()

    def _put(self, frame: bytes) -> None:
        self._out.append(frame)
        self._out_bytes += len(frame)

    def _is_full(self) -> bool:
        return len(self._waiting) >= MOST_WAITING or self._waiting_bytes >= MOST_WAITING_BYTES
