"""The link's table: what passes its checks, how what does not is said, and that what is made of it is current."""

import math
from pathlib import Path

import pytest

from bridge import link_source, link_table
from bridge.link_check import check
from bridge.link_table import MESSAGES, TO_CLIENT, TO_ENGINE, Field, LinkError

ROOT = Path(__file__).resolve().parents[2]
HANDS = {"positions": [0.5] * 8, "morph": [0, 0.0], "touches": [[60, 1, 0.25]], "turns": [[0, 60, 1, 3]]}


def example(field: Field):
    """A value that fits: the least, or one of each."""
    match field.kind:
        case "integer" | "number":
            return link_table.LINK_VERSION if field.name == "version" else field.minimum
        case "boolean":
            return True
        case "text":
            return "a" * int(field.minimum)
        case "sound":
            return "0123456789abcdef" * 2
        case "list":
            return [example(field.element[0])] * max(1, int(field.minimum))
        case "row":
            return [example(column) for column in field.element]
        case "record":
            return {part.name: example(part) for part in field.element}
        case _:
            return {"gain_db": example(field.element[0])}


def whole(message: link_table.Message):
    return {"type": message.type, **{field.name: example(field) for field in message.fields}}


def wrong(direction: str, message: object, body: int = 0) -> str:
    with pytest.raises(LinkError) as caught:
        check(direction, message, body)
    return str(caught.value)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.direction}-{message.type}")
def test_every_message_has_an_example_that_passes_and_none_without_a_field_or_with_one_more(message):
    body = 4 if message.body == "audio" else 0
    given = whole(message)
    assert check(message.direction, given, body) is message
    for field in message.fields:
        assert field.name in wrong(message.direction, {k: v for k, v in given.items() if k != field.name}, body)
        assert field.name in wrong(message.direction, {**given, field.name: None}, body)
    assert "'more'" in wrong(message.direction, {**given, "more": 1}, body)


def test_what_is_out_of_range_or_of_another_type_is_said_with_its_place():
    hands = {"type": "hands", "version": 1, **HANDS}
    check(TO_ENGINE, hands)
    for field, value in [
        ("version", -1),
        ("version", 1.0),
        ("version", True),
        ("version", 2**53),
        ("positions", [0.5] * 7),
        ("positions", [0.5] * 7 + [math.nan]),
        ("positions", [0.5] * 7 + [math.inf]),
        ("positions", [0.5] * 7 + [1.5]),
        ("positions", [0.5] * 7 + ["0"]),
        ("touches", [[60, 1]]),
        ("touches", [[128, 1, 0]]),
        ("touches", [[60, 9, 0]]),
        ("touches", {"60": 1}),
        ("turns", [[0, 60, 32, 0]]),
        ("turns", [[64, 60, 0, 0]]),
    ]:
        assert field in wrong(TO_ENGINE, {**hands, field: value}), value
    assert "a number 0 to 1, not 1.5" in wrong(TO_ENGINE, {**hands, "positions": [1.5] * 8})


def test_text_is_bounded_in_bytes_and_has_neither_nul_nor_half_a_character():
    message = {"type": "open", "rate": 48000, "name": "drums", "text": "", "folder": ""}
    check(TO_ENGINE, {**message, "name": "ü" * 2048})
    for name in ("ü" * 2049, "a\0b", "\ud800"):
        assert "'name'" in wrong(TO_ENGINE, {**message, "name": name})


def test_lists_and_objects_have_so_many_things_at_most():
    have = {"type": "have", "sounds": ["0" * 32] * link_table.MOST_SOUNDS}
    check(TO_ENGINE, have)
    assert "'sounds'" in wrong(TO_ENGINE, {**have, "sounds": [*have["sounds"], "0" * 32]})
    (message,) = [message for message in MESSAGES if message.type == "program"]
    program = {**whole(message), "play": {str(number): 0.5 for number in range(256)}}
    check(TO_CLIENT, program)
    assert "'play'" in wrong(TO_CLIENT, {**program, "play": {**program["play"], "more": 0.5}})
    assert "'play'" in wrong(TO_CLIENT, {**program, "play": {"x" * 257: 0.5}})


def test_another_version_is_said_to_be_one_whatever_else_is_in_the_message():
    for version in (0, 2, 10**30):
        said = wrong(TO_ENGINE, {"type": "hello", "version": version, "colour": "blue"})
        assert f"speaks version {version} of the link, this one version 1;" in said
        assert "version 1" in wrong(TO_CLIENT, {"type": "welcome", "version": version})


def test_a_sound_is_named_by_32_digits():
    for name in ("", "0" * 31, "0" * 33, "g" * 32, "A" * 32, 0):
        assert "'sounds'" in wrong(TO_ENGINE, {"type": "have", "sounds": [name]})


def test_a_message_of_the_other_direction_is_none():
    assert "no message 'welcome' from clients" in wrong(TO_ENGINE, {"type": "welcome", "version": 1, "engine": ""})
    assert "no message 'hands' from engines" in wrong(TO_CLIENT, {"type": "hands", "version": 1, **HANDS})
    for nothing in ({}, [], None, "hello", {"type": 1}, {"type": None}):
        assert "JSON object with a 'type'" in wrong(TO_ENGINE, nothing)


def test_a_body_has_the_length_that_its_frames_say():
    blocks = {"type": "blocks", "sound": "0" * 32, "start": 1024, "frames": 1024}
    check(TO_CLIENT, blocks, 4096)
    check(TO_CLIENT, blocks, 8192)
    for length in (0, 4, 4095, 12288):
        assert f"{length} bytes" in wrong(TO_CLIENT, blocks, length)
    assert "4 bytes" in wrong(TO_ENGINE, {"type": "undo"}, 4)
    assert link_table.most_body(TO_ENGINE) == 0
    assert link_table.most_body(TO_CLIENT) == link_table.MAX_BODY


def test_what_comes_is_never_said_at_length_or_with_what_a_terminal_acts_on():
    said = wrong(TO_ENGINE, {"type": "\x1b[2J" + "x" * 10000})
    assert "\x1b" not in said
    assert len(said) < 200
    assert len(wrong(TO_ENGINE, {"type": "undo", "y" * 10000: 1})) < 200
    assert len(wrong(TO_ENGINE, {"type": "hello", "version": 10**4000, "client": "a", "pid": 1})) < 300


def test_the_plugins_header_is_current():
    path = ROOT / "bridge" / "plugin" / "source" / "link_table.hpp"
    assert path.read_text() == link_source.header(), "run: python -m bridge.link_table --header > " + str(path)
