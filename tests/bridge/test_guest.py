"""One client's turn: what is heard in it, and what waits for the next one."""

import random
import socket

import pytest

from bridge import guest as guest_module
from bridge.guest import TURN_SECONDS, Guest
from bridge.link_connection import Connection
from bridge.link_frame import Decoder, Received
from bridge.link_table import TO_CLIENT

COST = TURN_SECONDS * 0.4  # of a message: three use up a turn


class Clock:
    """Stands until something costs time."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class House:
    """Has nothing but rows of presets, each of which costs time."""

    def __init__(self, clock):
        self.preset_rows = self
        self._clock = clock

    def row(self, path):
        self._clock.now += COST
        return [path.stem, str(path), ""]


class Client:
    """A guest, and the other end of its connection."""

    def __init__(self, clock):
        ours, self._socket = socket.socketpair()
        self.connection = Connection(ours, 0.0, lambda: None)
        self.guest = Guest(self.connection, House(clock), random.Random(1), clock)
        self._decoder = Decoder(TO_CLIENT)
        self._socket.setblocking(False)

    def say(self, *types):
        self.connection.keep([Received(type_, {}) for type_ in types])

    def answers(self):
        self.connection.write(0.0)
        try:
            return list(self._decoder.feed(self._socket.recv(1 << 20)))
        except BlockingIOError:
            return []

    def close(self):
        self.connection.close()
        self._socket.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def client(clock):
    client = Client(clock)
    yield client
    client.close()


@pytest.fixture
def heard(clock, monkeypatch):
    """What was heard; each message costs time."""
    heard = []

    def hear(type_):
        def hears(guest, fields):
            heard.append(type_)
            clock.now += COST

        return hears

    for type_ in ("undo", "reroll", "ask"):
        monkeypatch.setitem(guest_module.HEAR, type_, hear(type_))
    return heard


def test_what_a_turn_has_no_time_for_is_heard_in_the_next_one(client, heard):
    said = ["undo", "reroll", "undo", "ask", "reroll", "ask", "undo"]
    client.say(*said)
    for count, waits in ((3, True), (6, True), (7, False)):
        client.guest.step()
        assert heard == said[:count]
        assert client.guest.waits is waits


def test_a_turn_hears_one_message_however_long_that_takes(client, heard, clock, monkeypatch):
    monkeypatch.setattr(guest_module, "TURN_SECONDS", 0.0)
    client.say("undo", "ask")
    client.guest.step()
    assert heard == ["undo"]
    client.guest.step()
    assert heard == ["undo", "ask"]
    assert not client.guest.waits


def test_what_cannot_be_heard_yet_does_not_wait_for_a_turn(client, heard, monkeypatch):
    monkeypatch.setattr(guest_module, "MOST_NEEDS", 0)
    client.say("undo")
    client.guest.step()
    assert heard == []
    assert not client.guest.waits


def test_many_presets_are_looked_at_in_several_turns(client, heard, clock, tmp_path, monkeypatch):
    paths = [tmp_path / f"{number}.toml" for number in range(8)]
    monkeypatch.setattr("bridge.preset_rows.bundled_presets", lambda: {path.stem: path for path in paths})
    client.say("presets", "ask")
    for _ in range(2):
        client.guest.step()
        assert client.guest.waits
        assert client.answers() == []
        assert heard == []
    client.guest.step()
    (answer,) = client.answers()
    assert [row[1] for row in answer.fields["presets"]] == [str(path) for path in paths]
    assert heard == ["ask"]
    assert not client.guest.waits
