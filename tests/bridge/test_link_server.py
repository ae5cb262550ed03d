"""The engine's end of the link against clients that behave, and against clients that do not."""

import contextlib
import json
import os
import random
import resource
import selectors
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from bridge import link_connection, link_server
from bridge.link import Link, RefusedError
from bridge.link_frame import Decoder, encode
from bridge.link_server import MOST_CLIENTS, Server
from bridge.link_table import LINK_VERSION, TO_CLIENT, TO_ENGINE
from bridge.runtime_folder import connect, make_link_folder

DEADLINE = 20.0


class Echo:
    """A host that answers `ask` with a report and `undo` with a notice, in the link's own thread."""

    def __init__(self):
        self.joined, self.left, self.frames = [], [], 0

    def join(self, connection):
        self.joined.append(connection)

    def leave(self, connection):
        self.left.append(connection)

    def wake(self):
        for connection in self.joined:
            for message in connection.take():
                if message.type == "ask":
                    connection.send("report", pid=1, audio="none", preset="", clients=[])


class Sleeper(Echo):
    """A host that never takes anything."""

    def wake(self):
        pass


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(tmp_path / "run"))
    return make_link_folder()


@pytest.fixture
def serve(folder):
    """Starts a server for a host; `clock` makes one whose steps the test takes."""
    begun = []

    def begin(host, clock=None):
        server = Server(folder, host, "ProducerGAN test", clock or time.monotonic)
        if clock is None:
            server.start()
        begun.append(server)
        return server

    yield begin
    for server in begun:
        server.close()


class Clock:
    """Stands until it is moved."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Peer:
    """A socket with no manners of its own."""

    def __init__(self, path, timeout=DEADLINE):
        self.socket = connect(path, DEADLINE)
        self.socket.settimeout(timeout)

    def send(self, data):
        self.socket.sendall(data)

    def hello(self, **fields):
        self.send(encode(TO_ENGINE, "hello", **{"version": LINK_VERSION, "client": "peer", "pid": 1, **fields}))

    def rest(self) -> list:
        """Everything until the other end closes."""
        decoder, found = Decoder(TO_CLIENT), []
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionResetError:
                return found
            if not data:
                return found
            found += decoder.feed(data)

    def reason(self) -> str:
        messages = self.rest()
        assert messages, "closed without a word"
        assert messages[-1].type == "refused"
        return messages[-1].fields["reason"]

    def close(self):
        self.socket.close()


def raw(head: bytes, body: bytes = b"") -> bytes:
    return struct.pack("<II", len(head), len(body)) + head + body


HELLO = encode(TO_ENGINE, "hello", version=LINK_VERSION, client="peer", pid=1)


def until(condition):
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.001)


def welcomed(server, host, peer) -> list:
    peer.hello()
    until(lambda: (server.step(), host.joined)[1])
    return host.joined


def brimful(serve, host, clock):
    """A server, and a client of it that reads nothing, with as much waiting for it as there is room for."""
    server = serve(host, clock)
    peer = Peer(server.path)
    (connection,) = welcomed(server, host, peer)
    while connection.has_room:
        connection.send("notice", text="x" * 4000)
    server.step()
    return server, peer, connection


def test_a_client_is_welcomed_and_answered(serve):
    host = Echo()
    server = serve(host)
    with Link(server.path, "a test", pid=42) as link:
        assert link.engine == "ProducerGAN test"
        assert link.ask("ask", "report")["audio"] == "none"
        assert [(one.client, one.pid) for one in host.joined] == [("a test", 42)]
    until(lambda: host.left == host.joined)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (encode(TO_ENGINE, "ask"), "first message must be 'hello', not 'ask'"),
        (HELLO + HELLO, "hello twice"),
        (raw(b'{"type":"hello","version":2,"news":true}'), "speaks version 2 of the link, this one version 1"),
        (raw(b'{"type":"hello","version":1,"client":"","pid":1}'), "'client'"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "head of"),
        (HELLO + struct.pack("<II", 2**31, 0), "2147483648 bytes"),
        (HELLO + struct.pack("<II", 20, 2**31), "2147483648 bytes"),
        (HELLO + raw(b'{"type":"ask"}', b"body"), "body of 4 bytes"),
        (HELLO + raw(b'{"type":"rate","rate":NaN}'), "NaN"),
        (HELLO + raw(b'{"type":"rate","rate":Infinity}'), "Infinity"),
        (HELLO + raw(b'{"type":"rate","rate":' + b"7" * 5000 + b"}"), "5000 digits"),
        (HELLO + raw(b'{"type":"ask","type":"ask"}'), "twice"),
        (HELLO + raw(b'{"type":"\xc3\x28"}'), "not UTF-8"),
        (HELLO + raw(b"[" * 500_000), "nested too deep"),
        (HELLO + raw(b'{"type":"have","sounds":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}'), "'sounds'"),
        (HELLO + raw(b"{" + b" " * 1000), "not JSON"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_rubbish_is_refused_with_a_sentence_and_the_others_go_on(serve, data, says):
    server = serve(Echo())
    with Link(server.path, "another") as other:
        peer = Peer(server.path)
        peer.send(data)
        assert says in peer.reason()
        peer.close()
        other.ask("ask", "report")


def test_who_has_no_more_to_say_is_told_the_reason_all_the_same(serve):
    peer = Peer(serve(Echo()).path)
    peer.send(raw(b"rubbish"))
    peer.socket.shutdown(socket.SHUT_WR)
    assert "not JSON" in peer.reason()


def test_half_a_frame_and_then_the_end_is_nothing(serve):
    host = Echo()
    server = serve(host)
    for end in (0, 1, 7, 9, len(HELLO) - 1):
        peer = Peer(server.path)
        peer.send(HELLO[:end])
        peer.close()
    peer = Peer(server.path)
    peer.send(HELLO + struct.pack("<II", 1 << 20, 0) + b"{")
    peer.close()
    until(lambda: len(host.left) == len(host.joined) == 1)
    until(lambda: not server._connections)


def test_the_65th_client_is_refused_until_one_goes(serve):
    server = serve(Echo())
    links = [Link(server.path, f"client {number}") for number in range(MOST_CLIENTS)]
    with pytest.raises((RefusedError, ConnectionError)) as caught:
        Link(server.path, "one more")
    assert "64 connections already" in str(caught.value)
    links[0].ask("ask", "report")
    links.pop().close()
    until(lambda: len(server._connections) < MOST_CLIENTS)
    Link(server.path, "now there is room").close()
    for link in links:
        link.close()


def test_what_nobody_foresaw_ends_one_connection_only(serve):
    class Odd(Echo):
        def join(self, connection):
            if connection.client == "odd":
                raise RuntimeError("of all things")
            super().join(connection)

    server = serve(Odd())
    with pytest.raises(RefusedError, match="RuntimeError"):
        Link(server.path, "odd").receive()
    with Link(server.path, "another") as other:
        other.ask("ask", "report")


def test_many_connections_that_come_and_go_leave_nothing(serve):
    server = serve(Echo())
    with Link(server.path, "one that stays") as stays:
        for _ in range(300):
            Peer(server.path).close()
        stays.ask("ask", "report")
        until(lambda: len(server._connections) == 1)


def test_who_says_nothing_for_ten_seconds_is_told_so(serve):
    clock = Clock()
    server = serve(Echo(), clock)
    peer = Peer(server.path)
    server.step()
    clock.now += link_connection.HELLO_SECONDS - 0.01
    server.step()
    assert len(server._connections) == 1
    clock.now += 0.02
    server.step()
    server.step()
    assert "did not say hello within 10 seconds" in peer.reason()
    assert server._connections == []


def test_who_takes_nothing_for_ten_seconds_is_dropped(serve):
    clock, host = Clock(), Echo()
    server, peer, connection = brimful(serve, host, clock)
    clock.now += link_connection.STALL_SECONDS - 0.1
    server.step()
    assert connection in server._connections
    taken = 0
    while taken < 150_000:  # a part of what the system holds for it: its time begins anew
        taken += len(peer.socket.recv(1 << 14))
    server.step()
    clock.now += link_connection.STALL_SECONDS - 0.1
    server.step()
    assert connection in server._connections
    clock.now += 0.2
    server.step()
    assert server._connections == []
    assert host.left == [connection]


def test_who_had_nothing_to_take_for_long_is_not_taken_for_one_that_takes_nothing(serve):
    clock, host = Clock(), Echo()
    server = serve(host, clock)
    peer = Peer(server.path)
    (connection,) = welcomed(server, host, peer)
    server.step()
    clock.now += 100 * link_connection.STALL_SECONDS
    select = selectors.PollSelector.select

    def meanwhile(selector, wait):  # another thread has something for it while the link's waits for events
        ready = select(selector, wait)
        connection.send("notice", text="news")
        return ready

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selectors.PollSelector, "select", meanwhile)
        server.step()
    server.step()
    assert server._connections == [connection]
    peer.socket.settimeout(0)
    assert [message.type for message in Decoder(TO_CLIENT).feed(peer.socket.recv(1 << 16))] == ["welcome", "notice"]
    peer.close()


def test_who_sends_rubbish_after_a_long_silence_is_told_the_reason(serve):
    clock, host = Clock(), Echo()
    server = serve(host, clock)
    peer = Peer(server.path)
    welcomed(server, host, peer)
    server.step()
    clock.now += 100 * link_connection.FAREWELL_SECONDS
    peer.send(raw(b"rubbish"))
    until(lambda: (server.step(), not server._connections)[1])
    assert "not JSON" in peer.reason()


def test_it_serves_on_where_the_process_may_open_no_more_files(serve):
    clock, host = Clock(), Echo()
    server = serve(host, clock)
    peer = Peer(server.path)
    (connection,) = welcomed(server, host, peer)
    server.step()
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(lowest_free := os.dup(server._woken.fileno()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        connection.send("notice", text="news")
        server.step()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert not connection._out
    peer.close()


def test_a_refusal_takes_the_place_of_what_was_to_go_but_not_of_half_a_frame(serve):
    clock, host = Clock(), Echo()
    server, peer, connection = brimful(serve, host, clock)
    connection.refuse("Because\0 of this.")
    reading = threading.Thread(target=lambda: found.extend(peer.rest()))
    found: list = []
    reading.start()
    until(lambda: (server.step(), not server._connections)[1])
    reading.join()
    assert [found[0].type, found[-1].type] == ["welcome", "refused"]
    assert found[-1].fields["reason"] == "Because of this."
    assert len(found) < 200


def test_who_is_not_listened_to_is_not_read_from(serve):
    """What it sends piles up on its own side: the engine keeps a bounded number of messages."""
    host, clock = Sleeper(), Clock()
    server = serve(host, clock)
    peer = Peer(server.path)
    peer.hello()
    peer.socket.setblocking(False)
    data, sent = encode(TO_ENGINE, "ask") * 100, 0
    for _ in range(3000):
        try:
            sent += peer.socket.send(data)
        except BlockingIOError:
            server.step()
        clock.now += 0.01
    (connection,) = host.joined
    assert connection._waiting_bytes < link_connection.MOST_WAITING_BYTES + link_connection.READ_BYTES
    assert sent < 4 << 20
    before = len(connection._waiting)
    assert before >= link_connection.MOST_WAITING
    assert len(connection.take()) == before
    server.step()
    server.step()
    assert len(connection._waiting) > 0


def test_a_flood_is_read_at_a_bounded_rate(serve):
    clock, host = Clock(), Echo()
    server = serve(host, clock)
    peer = Peer(server.path)
    peer.hello()
    peer.socket.setblocking(False)
    data = encode(TO_ENGINE, "undo") * 1000
    taken = 0
    for _ in range(400):
        with contextlib.suppress(BlockingIOError):
            peer.socket.send(data)
        server.step()
    for connection in host.joined:
        taken += connection._costs
    assert taken <= 0
    assert taken > -link_connection.READ_BYTES  # one read at the most beyond it
    clock.now += 1.0
    server.step()
    assert host.joined[0]._costs > 0


def test_while_one_floods_and_one_stalls_another_is_answered_soon(serve):
    server = serve(Echo())
    stop = threading.Event()

    def flood():
        peer = Peer(server.path, 0.05)
        peer.hello()
        while not stop.is_set():
            try:
                peer.send(encode(TO_ENGINE, "undo") * 500)
            except OSError:
                if not stop.is_set():
                    stop.wait(0.01)
        peer.close()

    stalled = Peer(server.path)
    stalled.hello()
    stalled.send(encode(TO_ENGINE, "ask") * 50)
    flooding = threading.Thread(target=flood)
    flooding.start()
    try:
        with Link(server.path, "another", timeout=DEADLINE) as link:
            took = []
            for _ in range(50):
                begin = time.monotonic()
                link.ask("ask", "report")
                took.append(time.monotonic() - begin)
        assert sorted(took)[len(took) // 2] < 0.1
    finally:
        stop.set()
        flooding.join()
        stalled.close()


def test_no_more_sockets_in_the_system_is_waited_out(serve, monkeypatch):
    clock = Clock()
    server = serve(Echo(), clock)
    listening = server._listening

    class Full:
        def __getattr__(self, name):
            return getattr(listening, name)

        def accept(self):
            raise OSError(24, "Too many open files")

    peer = Peer(server.path)
    server._listening = Full()
    server.step()
    server._listening = listening
    server.step()
    assert server._connections == []
    clock.now += link_server.PAUSE_SECONDS
    server.step()
    assert len(server._connections) == 1
    peer.close()


def test_it_takes_its_socket_away(folder):
    server = Server(folder, Echo(), "test")
    server.start()
    path = server.path
    link = Link(path, "one")
    server.close()
    assert not path.exists()
    with pytest.raises(OSError):  # noqa: PT011  (closed or reset)
        link.receive(1.0)


def test_random_and_mutated_frames_end_their_own_connection_only(serve):
    fuzz(serve, 1, 1000)


def fuzz(serve, seed, count):
    draw = random.Random(seed)
    host = Echo()
    server = serve(host)
    whole = [HELLO, encode(TO_ENGINE, "ask"), encode(TO_ENGINE, "lock", key=1, on=True), raw(json.dumps({}).encode())]
    with Link(server.path, "another", timeout=DEADLINE) as other:
        for number in range(count):
            peer = Peer(server.path)
            peer.socket.settimeout(DEADLINE)
            data = bytearray(HELLO if draw.random() < 0.7 else b"")
            for _ in range(draw.randrange(1, 4)):
                frame = bytearray(draw.choice(whole))
                for _ in range(draw.randrange(3)):
                    frame[draw.randrange(len(frame))] = draw.randrange(256)
                data += frame if draw.random() < 0.8 else draw.randbytes(draw.randrange(1, 60))
            with contextlib.suppress(BrokenPipeError):  # there were too many at once: it was refused before
                peer.send(data)
            peer.close()
            if number % 100 == 0:
                other.ask("ask", "report")
        until(lambda: len(server._connections) == 1)
