"""A plugin's state inside of what JUCE's hosts keep of it: XML with the bytes in JUCE's own base 64."""

from __future__ import annotations

import re

DIGITS = ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"  # the lowest six bits first
COMPONENT = re.compile(rb"(<IComponent>)([^<]*)(</IComponent>)")


def inner(kept: bytes) -> bytes:
    """The plugin's own bytes."""
    found = COMPONENT.search(kept)
    assert found is not None
    size, _, digits = found[2].decode("ascii").partition(".")
    number = sum(DIGITS.index(digit) << 6 * place for place, digit in enumerate(digits))
    return (number & ((1 << 8 * int(size)) - 1)).to_bytes(int(size), "little")


def with_inner(kept: bytes, state: bytes) -> bytes:
    """The same with other bytes of the plugin, of the same size."""
    number = int.from_bytes(state, "little")
    digits = "".join(DIGITS[number >> 6 * place & 63] for place in range((8 * len(state) + 5) // 6))
    made = COMPONENT.sub(lambda found: found[1] + f"{len(state)}.{digits}".encode() + found[3], kept)
    assert len(made) == len(kept)
    return made
