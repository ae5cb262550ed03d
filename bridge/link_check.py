"""Whether what came over the link is one of its messages, and in words what is wrong where it is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bridge.link_table import (
    BY_TYPE,
    CHANNELS,
    DIRECTIONS,
    LINK_VERSION,
    LONGEST_NAME,
    SOUND_DIGITS,
    WHOLE,
    Field,
    LinkError,
    Message,
    text,
)


def check(direction: str, message: Any, body_bytes: int = 0) -> Message:
    """The row of a message that was read as JSON. Raises LinkError with a sentence for whatever is wrong with it."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise LinkError("A message must be a JSON object with a 'type'.")
    found = BY_TYPE.get((direction, message["type"]))
    if found is None:
        raise LinkError(f"There is no message {_shown(message['type'])} from {DIRECTIONS[direction].split(' ')[0]}s.")
    version = message.get("version")
    if found.type in ("hello", "welcome") and type(version) is int and version != LINK_VERSION:
        raise LinkError(  # before its fields: another version may have others
            f"The other end speaks version {_shown(version)} of the link, this one version {LINK_VERSION}; "
            "install the plugin and the engine of the same ProducerGAN."
        )
    given = {name: value for name, value in message.items() if name != "type"}
    try:
        _check_fields(found.fields, given)
        _check_body(found, message, body_bytes)
    except ValueError as error:
        raise LinkError(f"The message {found.type!r} is wrong: {error}.") from None
    return found


def _check_fields(fields: tuple[Field, ...], given: Mapping[str, Any]) -> None:
    if len(given) != len(fields) or any(field.name not in given for field in fields):
        missing = [field.name for field in fields if field.name not in given]
        extra = sorted(set(given) - {field.name for field in fields})
        what, name = ("has no", missing[0]) if missing else ("has an unknown", extra[0])
        raise ValueError(f"it {what} field {_shown(name)}")
    for field in fields:
        _check_value(field, given[field.name], field.name)


def _check_value(field: Field, value: Any, place: str) -> None:
    low, high = field.minimum, field.maximum
    match field.kind:
        case "integer":
            fits = type(value) is int and low <= value <= high
        case "number":
            fits = type(value) in (int, float) and low <= value <= high  # NaN is not
        case "boolean":
            fits = type(value) is bool
        case "text":
            fits = type(value) is str and "\0" not in value and low <= _utf8_bytes(value) <= high
        case "sound":
            fits = type(value) is str and len(value) == SOUND_DIGITS and not value.strip("0123456789abcdef")
        case "list":
            fits = type(value) is list and low <= len(value) <= high
            for item in value if fits else ():
                _check_value(field.element[0], item, place)
        case "row":
            fits = type(value) is list and len(value) == len(field.element)
            for column, item in zip(field.element, value if fits else (), strict=False):
                _check_value(column, item, f"{place}: {column.name}")
        case "record":
            fits = type(value) is dict
            if fits:
                _check_fields(field.element, value)
        case _:
            fits = type(value) is dict and low <= len(value) <= high
            for name, item in value.items() if fits else ():
                _check_value(text("", LONGEST_NAME), name, place)
                _check_value(field.element[0], item, place)
    if not fits:
        raise ValueError(f"{place!r} must be {describe(field)}, not {_shown(value)}")


def _check_body(row_: Message, message: Mapping[str, Any], body_bytes: int) -> None:
    lengths = {0} if row_.body == "none" else {4 * message["frames"] * n for n in range(1, CHANNELS + 1)}
    if body_bytes not in lengths:
        raise ValueError(f"its body has {body_bytes} bytes, not {' or '.join(map(str, sorted(lengths)))}")


def _utf8_bytes(value: str) -> int:
    try:
        return len(value.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return -1


def _shown(value: Any) -> str:
    """What came, short enough for a sentence, and free of what a terminal or a log would act on."""
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    shown = ascii(value[:40] if isinstance(value, str) else value)
    return shown if len(shown) <= 80 else shown[:80] + "…"


def describe(field: Field) -> str:
    """What a field's value must be, in words."""
    low, high = _number(field.minimum), _number(field.maximum)
    bounds = low if low == high else f"{low} to {high}"
    match field.kind:
        case "integer":
            return f"a whole number {'from ' + low if field.maximum == WHOLE else bounds}"
        case "number":
            return f"a number {bounds}"
        case "boolean":
            return "true or false"
        case "text":
            return f"text of {'at most ' + high if field.minimum == 0 else bounds} bytes"
        case "sound":
            return "a sound's name"
        case "list":
            return f"a list of {bounds}: {describe(field.element[0])}"
        case "row":
            return "a row of " + ", ".join(column.name for column in field.element)
        case "record":
            return "an object of " + ", ".join(part.name for part in field.element)
        case _:
            return f"an object of at most {high} numbers by name"


def _number(value: float) -> str:
    if value == int(value) and abs(value) < 1e6:
        return str(int(value)).replace("-", "−")
    exact = int(math.log2(abs(value))) if value > 0 and value == 2 ** int(math.log2(abs(value))) else 0
    return f"2^{exact}" if exact else f"{value:g}".replace("-", "−")
