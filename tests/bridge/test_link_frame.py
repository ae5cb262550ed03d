"""Frames of the link: whatever a stream is cut into, the same messages; whatever is no message, one sentence."""

import contextlib
import json
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.link_frame import Decoder, Received, encode
from bridge.link_table import MAX_BODY, MAX_HEAD, TO_CLIENT, TO_ENGINE, LinkError

SOUND = "0123456789abcdef" * 2
HELLO = {"version": 1, "client": "a test", "pid": 7}


def raw(head: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<II", len(head), len(body)) + head + body


def wrong(data: bytes, direction: str = TO_ENGINE) -> str:
    with pytest.raises(LinkError) as caught:
        list(Decoder(direction).feed(data))
    return str(caught.value)


def test_a_frame_is_two_lengths_a_head_and_a_body():
    frame = encode(TO_CLIENT, "blocks", b"\0\0\0\0" * 3, sound=SOUND, start=0, frames=3)
    head_bytes, body_bytes = struct.unpack("<II", frame[:8])
    assert json.loads(frame[8 : 8 + head_bytes]) == {"type": "blocks", "sound": SOUND, "start": 0, "frames": 3}
    assert body_bytes == 12
    assert len(frame) == 8 + head_bytes + 12
    assert list(Decoder(TO_CLIENT).feed(frame)) == [
        Received("blocks", {"sound": SOUND, "start": 0, "frames": 3}, b"\0" * 12)
    ]


@given(st.lists(st.integers(1, 60)))
def test_however_a_stream_is_cut_the_same_messages_come_out(cuts):
    stream = (
        encode(TO_CLIENT, "welcome", version=1, engine="Motoren ☃")
        + encode(TO_CLIENT, "blocks", bytes(range(8)), sound=SOUND, start=1024, frames=1)
        + encode(TO_CLIENT, "settled", version=4)
    )
    decoder, found, at = Decoder(TO_CLIENT), [], 0
    for cut in [*cuts, len(stream)]:
        found += decoder.feed(stream[at : at + cut])
        at += cut
    assert [message.type for message in found] == ["welcome", "blocks", "settled"]
    assert found[1].body == bytes(range(8))
    assert not decoder.amid


def test_a_frame_that_has_begun_is_told():
    decoder = Decoder(TO_ENGINE)
    frame = encode(TO_ENGINE, "hello", **HELLO)
    for end in (1, 8, len(frame) - 1):
        decoder = Decoder(TO_ENGINE)
        assert list(decoder.feed(frame[:end])) == []
        assert decoder.amid


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"{}", "JSON object with a 'type'"),
        (b"[]", "JSON object with a 'type'"),
        (b'"undo"', "JSON object with a 'type'"),
        (b"{'type':1}", "not JSON"),
        (b'{"type":"undo"', "not JSON"),
        (b'{"type":"undo"}}', "not JSON"),
        (b'{"type":"undo","type":"undo"}', "twice"),
        (b'{"type":"rate","rate":NaN}', "NaN is no number"),
        (b'{"type":"rate","rate":-Infinity}', "-Infinity is no number"),
        (b'{"type":"rate","rate":1e999}', "a number 4000 to 768000"),
        (b'{"type":"rate","rate":' + b"9" * 100_000 + b"}", "100000 digits"),
        (b'{"type":"\xff"}', "not UTF-8"),
        (b'{"type":"\xed\xa0\x80"}', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"type":"have","sounds":' + b"[" * 17 + b"]" * 17 + b"}", "'sounds' must be a sound's name"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b"\0\0", "not JSON"),
        (b'{"type":"open","rate":48000,"name":"a\\u0000","text":"","folder":""}', "'name'"),
        (b'{"type":"open","rate":48000,"name":"\\ud800","text":"","folder":""}', "'name'"),
        (b'{"type":"nothing"}', "no message 'nothing'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_head_that_is_no_message_is_refused_with_a_sentence(head, says):
    said = wrong(raw(head))
    assert says in said
    assert len(said) < 300


def test_lengths_are_checked_before_anything_of_that_length_is_kept():
    for head in (0, 1, MAX_HEAD + 1, 2**31, 2**32 - 1):
        assert str(head) in wrong(struct.pack("<II", head, 0))
    assert "body" in wrong(struct.pack("<II", 2, 1))  # nothing that goes to the engine has one
    assert "body" in wrong(struct.pack("<II", 2, MAX_BODY + 1), TO_CLIENT)
    assert list(Decoder(TO_CLIENT).feed(struct.pack("<II", MAX_HEAD, MAX_BODY))) == []


def test_a_body_of_another_length_than_its_frames_say_is_refused():
    head = json.dumps({"type": "blocks", "sound": SOUND, "start": 0, "frames": 2}).encode()
    for length in (0, 4, 7, 12, 17):
        assert "body" in wrong(raw(head, bytes(length)), TO_CLIENT)
    assert len(list(Decoder(TO_CLIENT).feed(raw(head, bytes(8))))) == 1


def test_what_is_not_in_the_table_or_too_long_is_not_sent():
    with pytest.raises(LinkError, match="'undo'"):
        encode(TO_ENGINE, "undo", b"1234")
    with pytest.raises(LinkError, match="'reason'"):
        encode(TO_CLIENT, "problem", reason=float("nan"))
    rows = [["a" * 256, "b" * 4096, "c" * 4096]] * 200
    with pytest.raises(LinkError, match="the link takes 1048576"):
        encode(TO_CLIENT, "presets", presets=rows)


def test_random_and_mutated_frames_are_messages_or_sentences():
    draw = random.Random(1)
    whole = [
        encode(TO_ENGINE, "hello", **HELLO),
        encode(TO_ENGINE, "have", sounds=[SOUND] * 3),
        encode(TO_ENGINE, "lock", key=3, on=True),
    ]
    for _ in range(3000):
        frame = bytearray(draw.choice(whole))
        for _ in range(draw.randrange(4)):
            frame[draw.randrange(len(frame))] = draw.randrange(256)
        data = bytes(frame) if draw.random() < 0.8 else draw.randbytes(draw.randrange(1, 80))
        with contextlib.suppress(LinkError):
            list(Decoder(TO_ENGINE).feed(data))
