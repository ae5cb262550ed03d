"""Frames of the link: two lengths, a head of JSON and a body of audio; written, and read however they are cut. Pure."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bridge.link_check import check
from bridge.link_table import MAX_HEAD, LinkError, most_body

LENGTHS = struct.Struct("<II")  # of the head and of the body, in bytes
LEAST_HEAD = 2
MOST_DIGITS = 20  # of a whole number: more is out of every range, and costs time to read


@dataclass(frozen=True)
class Received:
    """A message that passed its checks: its type, its fields, its body, raw, and the bytes of its frame."""

    type: str
    fields: dict[str, Any]
    body: bytes = field(default=b"", repr=False)
    size: int = field(default=0, compare=False)


def encode(direction: str, type_: str, body: bytes = b"", **fields: Any) -> bytes:
    """One frame. Raises LinkError if the message is not as the table has it, or too long."""
    message = {"type": type_, **fields}
    check(direction, message, len(body))
    head = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    if len(head) > MAX_HEAD:
        raise LinkError(f"The message {type_!r} has {len(head)} bytes; the link takes {MAX_HEAD}.")
    return b"".join((LENGTHS.pack(len(head), len(body)), head, body))


class Decoder:
    """Cuts a stream of bytes of one direction into messages. After a LinkError it is of no further use.

    It holds one frame at the most, and nothing of a frame that is too long.
    """

    def __init__(self, direction: str) -> None:
        self._direction = direction
        self._most_body = most_body(direction)
        self._buffer = bytearray()
        self._lengths: tuple[int, int] | None = None  # of the frame that has begun

    @property
    def amid(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._buffer) or self._lengths is not None

    def feed(self, data: bytes) -> Iterator[Received]:
        """The messages that are whole with these bytes. Raises LinkError with a sentence at the first that is wrong."""
        self._buffer += data
        while True:
            if self._lengths is None:
                if len(self._buffer) < LENGTHS.size:
                    return
                self._lengths = self._checked(*LENGTHS.unpack_from(self._buffer))
                del self._buffer[: LENGTHS.size]
            head, body = self._lengths
            if len(self._buffer) < head + body:
                return
            message = read_head(bytes(self._buffer[:head]))
            row = check(self._direction, message, body)
            audio = bytes(self._buffer[head : head + body])
            del self._buffer[: head + body]
            self._lengths = None
            del message["type"]
            yield Received(row.type, message, audio, LENGTHS.size + head + body)

    def _checked(self, head: int, body: int) -> tuple[int, int]:
        if not LEAST_HEAD <= head <= MAX_HEAD:
            raise LinkError(f"A message's head of {head} bytes came; it must be {LEAST_HEAD} to {MAX_HEAD}.")
        if body > self._most_body:
            raise LinkError(f"A message's body of {body} bytes came; it must be at most {self._most_body}.")
        return head, body


def read_head(head: bytes) -> Any:
    """The JSON of a head. Raises LinkError if it is none, or is more than JSON: twice the same name, NaN."""
    try:
        # A nesting that Python cannot follow is far beyond what any message has.
        return json.loads(
            head.decode(), object_pairs_hook=_object, parse_constant=_no_number, parse_int=_whole, parse_float=float
        )
    except UnicodeDecodeError:
        raise LinkError("A message came whose head is not UTF-8.") from None
    except RecursionError:
        raise LinkError("A message came whose head is nested too deep.") from None
    except json.JSONDecodeError as error:
        raise LinkError(f"A message came whose head is not JSON: {error.msg} at byte {error.pos}.") from None
    except ValueError as error:
        raise LinkError(f"A message came whose head is not JSON: {error}.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"it has a number of {len(text)} digits")
    return int(text)
