"""What a client has of each clip: nothing comes twice, what was lost comes again, and what is exact takes its place."""

import numpy as np
import pytest
from tiny_instrument import write_tiny_instrument

from bridge import clip_sender
from bridge.clip_sender import ClipSender
from engine._native import Clip
from engine.instrument import Instrument

NAME = "0123456789abcdef" * 2
FRAMES = 40 * 1024 + 500


class Wire:
    """Takes what is sent, while it has room for another message."""

    def __init__(self, room=10**6):
        self.room, self.sent = room, []

    @property
    def has_room(self):
        return self.room > 0

    def send(self, type_, body=b"", **fields):
        self.room -= 1
        self.sent.append((type_, fields, np.frombuffer(body, "<f4")))

    def audio(self):
        """What the last clip that began has: [frames], NaN where nothing came."""
        found = None
        for type_, fields, audio in self.sent:
            if type_ == "clip":
                found = np.full(fields["frames"], np.nan, np.float32)
            else:
                found[fields["start"] : fields["start"] + fields["frames"]] = audio
        return found


@pytest.fixture
def instrument(tmp_path):
    return Instrument.open(write_tiny_instrument(tmp_path / "tiny.onnx", frames=FRAMES))


def clip_of(instrument, seed):
    clip = Clip(seed, 1, FRAMES, instrument.sample_rate, NAME)
    audio = np.random.default_rng(seed).uniform(-1, 1, (1, FRAMES)).astype(np.float32)
    clip.write(0, audio)
    return clip, audio[0]


def test_each_block_is_sent_once_and_then_it_is_whole(instrument):
    wire = Wire()
    sender = ClipSender(wire)
    clip, audio = clip_of(instrument, 1)
    assert sender.send(clip, instrument, 0b11)
    assert not sender.is_whole(NAME)
    assert sender.blocks(NAME, 41) == 0b11
    assert sender.send(clip, instrument, (1 << 41) - 1)
    assert sender.is_whole(NAME)
    assert [type_ for type_, _, _ in wire.sent].count("clip") == 1
    assert sum(fields.get("frames", 0) for type_, fields, _ in wire.sent if type_ == "blocks") == FRAMES
    assert max(fields["frames"] for type_, fields, _ in wire.sent if type_ == "blocks") == 16 * 1024
    assert np.array_equal(wire.audio(), audio)
    sent = len(wire.sent)
    assert sender.send(clip, instrument, (1 << 41) - 1)
    assert len(wire.sent) == sent


def test_without_room_it_goes_on_where_it_was(instrument):
    wire = Wire(room=2)
    sender = ClipSender(wire)
    clip, audio = clip_of(instrument, 1)
    assert not sender.send(clip, instrument, (1 << 41) - 1)
    wire.room = 10
    assert sender.send(clip, instrument, (1 << 41) - 1)
    assert np.array_equal(wire.audio(), audio)


def test_what_it_has_is_not_sent_and_what_it_lost_is(instrument):
    wire = Wire()
    sender = ClipSender(wire)
    clip, audio = clip_of(instrument, 1)
    sender.keep([NAME])
    assert sender.send(clip, instrument, (1 << 41) - 1)
    sender.begin(NAME, instrument)
    assert wire.sent == []
    sender.lose([NAME])
    assert sender.send(clip, instrument, (1 << 41) - 1)
    assert np.array_equal(wire.audio(), audio)


@pytest.mark.parametrize("before", ["nothing", "some blocks", "whole", "told"])
def test_an_exact_clip_takes_the_place_of_what_there_was(instrument, before):
    wire = Wire()
    sender = ClipSender(wire)
    live, _ = clip_of(instrument, 1)
    exact, audio = clip_of(instrument, 2)
    if before == "told":
        sender.keep([NAME])
    elif before != "nothing":
        sender.send(live, instrument, 0b1111 if before == "some blocks" else (1 << 41) - 1)
    wire.room = 2
    assert not sender.send_exact(exact, instrument)
    assert not sender.is_exact(NAME)
    wire.room = 10
    assert sender.send(live, instrument, (1 << 41) - 1)  # nothing of the other is mixed in
    assert sender.blocks(NAME, 41) == (1 << 41) - 1  # and nothing is made for it
    assert sender.send_exact(exact, instrument)
    assert sender.is_exact(NAME)
    assert sender.is_whole(NAME)
    assert np.array_equal(wire.audio(), audio)
    sent = len(wire.sent)
    assert sender.send_exact(exact, instrument)
    assert sender.send(live, instrument, (1 << 41) - 1)
    assert len(wire.sent) == sent
    sender.lose([NAME])
    assert not sender.is_exact(NAME)


def test_a_bounded_number_of_names_is_remembered(instrument, monkeypatch):
    monkeypatch.setattr(clip_sender, "MOST_NAMES", 10)
    sender = ClipSender(Wire())
    sender.keep(f"{number:032x}" for number in range(30))
    assert [number for number in range(30) if sender.is_whole(f"{number:032x}")] == list(range(20, 30))
    for number in range(30):
        sender.begin(f"{number + 100:032x}", instrument)
    assert len(sender._sent) == 10
