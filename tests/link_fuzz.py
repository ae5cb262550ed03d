"""Frames that may be right, wrong in one place, or nothing at all: made from the link's own table, from a seed."""

from __future__ import annotations

import json
import random
import struct
from typing import Any

from bridge.link_table import MESSAGES, TO_ENGINE, Field, Message

JUNK: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**31,
    2**53,
    2**64,
    -1e300,
    0.5,
    "",
    "x",
    "\x00",
    "ü",
    [],
    [[]],
    {},
    {"": 0},
)
# As text: what no JSON writer would write.
RAW = ("NaN", "-Infinity", "1e999", "1" * 400, "[" * 40 + "]" * 40, '"\\ud800"', "tru", '{"a":1,"a":1}')
NAMES = ("/dev/zero", "/", "..", "nothing")


def value(field: Field, draw: random.Random) -> Any:
    """A value that fits."""
    match field.kind:
        case "integer":
            low, high = int(field.minimum), int(field.maximum)
            return draw.choice([low, high, draw.randint(low, high), min(high, low + draw.randrange(4))])
        case "number":
            return draw.choice([field.minimum, field.maximum, draw.uniform(field.minimum, field.maximum)])
        case "boolean":
            return draw.random() < 0.5
        case "text":
            text = draw.choice([*NAMES, "é" * draw.randrange(20), "[[zone]]\nname='x'"])
            return text or "a" if len(text.encode()) <= field.maximum else "a"
        case "sound":
            return f"{draw.getrandbits(128):032x}"
        case "list":
            count = draw.choice([0, 1, 2, draw.randrange(40)])
            count = min(int(field.maximum), max(int(field.minimum), count))
            return [value(field.element[0], draw) for _ in range(count)]
        case "row":
            return [value(column, draw) for column in field.element]
        case _:
            return {part.name: value(part, draw) for part in field.element}


def frame(draw: random.Random, messages: tuple[Message, ...], preset: str) -> tuple[bytes, bool]:
    """One frame, or what may look like one; and whether it is right. What is to be opened is `preset` now and then."""
    kind = draw.random()
    if kind < 0.02:
        return draw.randbytes(draw.randrange(1, 200)), False
    message = draw.choice(messages)
    fields: dict[str, Any] = {"type": message.type}
    fields |= {field.name: value(field, draw) for field in message.fields}
    if message.type == "open" and draw.random() < 0.3:
        fields |= {"name": preset, "text": ""}
    if kind < 0.08:  # one value that does not fit, one too few, one too many
        name = draw.choice(list(fields))
        if draw.random() < 0.3:
            del fields[name]
        else:
            fields[name if draw.random() < 0.8 else "more"] = draw.choice(JUNK)
    head = json.dumps(fields, ensure_ascii=draw.random() < 0.5).encode()
    if 0.08 <= kind < 0.11:
        place = head.rfind(b":")
        head = head[: place + 1] + draw.choice(RAW).encode() + b"}"
    if 0.11 <= kind < 0.15:
        changed = bytearray(head)
        changed[draw.randrange(len(changed))] = draw.randrange(256)
        head = bytes(changed)
    lengths = [len(head), 0]
    if 0.15 <= kind < 0.18:
        lengths[draw.randrange(2)] = draw.choice([0, 1, 4, 2**20 + 1, 2**31, 2**32 - 1, len(head) - 1])
    return struct.pack("<II", *lengths) + head, kind >= 0.18


def to_engine() -> tuple[Message, ...]:
    return tuple(message for message in MESSAGES if message.direction == TO_ENGINE)
