"""Random and mutated frames against an engine that serves: it lives, does not grow, and another client is served on."""

import contextlib
import gc
import random
import socket
import threading
from collections import Counter

import pytest
from link_fuzz import frame, to_engine
from link_rig import Plugin
from tiny_instrument import write_loop_preset

from bridge.guests import Guests
from bridge.link_frame import Decoder, encode
from bridge.link_server import Server
from bridge.link_table import LINK_VERSION, TO_CLIENT, TO_ENGINE
from bridge.runtime_folder import connect, make_link_folder
from engine import clip_store
from engine.generators import Generators
from engine.platform import resident_bytes

GROWTH = 8 << 20  # bytes that the allocator may come to hold in the second half
BATCH = 20  # frames of a connection, if it lives so long
SETTLES = 20  # times that the other client is served meanwhile
HELLO = encode(TO_ENGINE, "hello", version=LINK_VERSION, client="fuzz", pid=1)


def attack(path, preset, draw, count, ends):
    """Sends frames, on as many connections as that takes; counts how each connection ended."""
    messages = to_engine()
    while count > 0:
        peer = connect(path, 20.0)
        decoder, fits, left = Decoder(TO_CLIENT), draw.random() < 0.98, min(count, BATCH)
        try:
            if fits:
                peer.sendall(HELLO)
            while fits and left:
                data, fits = frame(draw, messages, str(preset))
                left, count = left - 1, count - 1
                peer.sendall(data)
                if draw.randrange(4) == 0:
                    read_what_is_there(peer, decoder)
            if fits:
                peer.sendall(encode(TO_ENGINE, "ask"))
            else:
                count -= 1
                peer.shutdown(socket.SHUT_WR)  # of a frame that was cut off, the end is all that the engine sees
            ends[last_of(peer, decoder, "report" if fits else "refused")] += 1
        except OSError:
            ends["reset"] += 1
        finally:
            peer.close()


def read_what_is_there(peer, decoder):
    peer.settimeout(0)
    with contextlib.suppress(BlockingIOError):
        while data := peer.recv(1 << 16):
            list(decoder.feed(data))
    peer.settimeout(20.0)


def last_of(peer, decoder, type_) -> str:
    """Reads until a message of a type, or the end; what it was."""
    while data := peer.recv(1 << 16):
        if any(message.type == type_ for message in decoder.feed(data)):
            return type_
    return "closed"


def fuzz(path, tmp_path, seed, count):
    """Attacks while another client turns its knobs; the growth in bytes over the second half."""
    preset = write_loop_preset(tmp_path)
    grown, ends = [], Counter()
    for half in range(2):
        other = Plugin(path, "another")
        other.open(preset)
        attacker = threading.Thread(target=attack, args=(path, preset, random.Random(seed + half), count // 2, ends))
        attacker.start()
        settled = 0
        while attacker.is_alive() or settled < SETTLES:
            settled += 1
            other.hands(positions=[settled % 7 / 7] * 8)
            other.settle()
            if settled % 5 == 0:
                other.link.send("reroll", key=36 + settled % 32)
        attacker.join()
        assert all(other.clips[name].whole for name in other.table.values())
        other.close()
        gc.collect()
        grown.append(resident_bytes() or 0)
    assert ends["report"]
    assert ends["refused"]
    assert set(ends) <= {"report", "refused", "closed", "reset"}
    assert ends["report"] + ends["refused"] > 0.8 * ends.total()
    return grown[1] - grown[0]


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(tmp_path / "run"))
    monkeypatch.setattr(clip_store, "CACHE_BYTES", 1 << 20)  # or it would go on filling for a while
    guests = Guests(Generators("cpu"), lambda: ("none", ""), random.Random(1))
    server = Server(make_link_folder(), guests, "ProducerGAN test")
    server.start()
    yield server.path
    assert server._thread.is_alive()
    assert all(thread.is_alive() for thread in guests._threads)
    server.close()
    guests.close()


def test_ten_thousand_frames(path, tmp_path):
    assert fuzz(path, tmp_path, 1, 10_000) < GROWTH


@pytest.mark.long
def test_a_hundred_thousand_frames(path, tmp_path):
    assert fuzz(path, tmp_path, 10, 100_000) < GROWTH
