"""The ring of stamped MIDI events that processes share."""

from __future__ import annotations

import struct
import subprocess
import sys
from multiprocessing import shared_memory

import numpy as np
import pytest

from engine._native import EventRing

CAPACITY = 4096  # events
HEADER, SLOT = 64, 24  # bytes; a slot is sequence, time, payload
NOTE = b"\x90\x3c\x40"


@pytest.fixture
def memory() -> np.ndarray:
    raw = np.zeros(EventRing.SIZE + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + EventRing.SIZE]


@pytest.fixture
def ring(memory: np.ndarray) -> EventRing:
    return EventRing(memory, True)


def test_events_are_read_in_order_with_time_port_and_bytes(ring: EventRing) -> None:
    reader = ring.reader()
    assert reader.read() == []
    sent = [(1000 * i, i % 5, bytes([0x90 | i % 16, i, 127 - i])) for i in range(100)]
    for time, port, message in sent:
        assert ring.push(time, message, port)
    assert ring.written == 100
    assert reader.read(30) + reader.read() == sent
    assert reader.read() == []
    assert reader.lost == 0


def test_short_messages_keep_their_length_and_long_ones_are_refused(ring: EventRing) -> None:
    reader = ring.reader()
    assert ring.push(-5, b"\xf8")
    assert ring.push(2**62, b"\xc1\x07")
    assert not ring.push(3, b"")
    assert not ring.push(3, b"\xf0\x01\x02\xf7")
    assert reader.read() == [(-5, 0, b"\xf8"), (2**62, 0, b"\xc1\x07")]
    assert ring.written == 2


def test_a_reader_starts_with_the_next_event(ring: EventRing) -> None:
    ring.push(1, NOTE)
    late = ring.reader()
    ring.push(2, NOTE)
    assert [time for time, _, _ in late.read()] == [2]


def test_readers_do_not_take_events_from_one_another(ring: EventRing) -> None:
    first, second = ring.reader(), ring.reader()
    ring.push(1, NOTE)
    assert first.read() == second.read() == [(1, 0, NOTE)]


def test_a_reader_just_the_capacity_behind_loses_nothing(ring: EventRing) -> None:
    reader = ring.reader()
    for i in range(CAPACITY):
        ring.push(i, NOTE)
    assert [time for time, _, _ in reader.read()] == list(range(CAPACITY))
    assert reader.lost == 0


@pytest.mark.parametrize("extra", [1, 100, CAPACITY, 3 * CAPACITY + 7])
def test_events_overwritten_are_counted_and_the_newest_are_kept(ring: EventRing, extra: int) -> None:
    reader = ring.reader()
    total = CAPACITY + extra
    for i in range(total):
        ring.push(i, NOTE)
    times = [time for time, _, _ in reader.read()]
    assert times == list(range(total - len(times), total))
    assert len(times) >= CAPACITY // 2
    assert reader.lost + len(times) == total
    ring.push(total, NOTE)
    assert [time for time, _, _ in reader.read()] == [total]


@pytest.mark.parametrize("stage", range(4))
def test_a_writer_killed_in_the_middle_of_a_write_leaves_no_broken_event(memory: np.ndarray, stage: int) -> None:
    """As it stands after each store of a push: sequence cleared, time, payload, sequence; the count was not raised."""
    ring = EventRing(memory, True)
    for i in range(CAPACITY + 10):
        ring.push(i, NOTE)
    reader, behind = ring.reader(), ring.reader()
    index = ring.written
    slot = HEADER + index % CAPACITY * SLOT
    sequence = index + 1 if stage == 3 else 0
    fields = [sequence, 0xDEAD if stage > 0 else None, (3 << 24 | 0xFFFFFF) if stage > 1 else None]
    for place, value in enumerate(fields):
        if value is not None:
            memory[slot + 8 * place : slot + 8 * place + 8] = np.frombuffer(struct.pack("<Q", value), np.uint8)
    assert reader.read() == []
    again = EventRing(memory, False)  # the process is started again
    assert again.written == index
    again.push(777, NOTE)
    again.push(778, NOTE)
    assert reader.read() == behind.read() == [(777, 0, NOTE), (778, 0, NOTE)]
    assert reader.lost == 0


def test_a_reader_whose_oldest_event_is_being_overwritten_counts_it_as_lost(memory: np.ndarray) -> None:
    ring = EventRing(memory, True)
    reader = ring.reader()
    for i in range(CAPACITY):
        ring.push(i, NOTE)
    memory[HEADER : HEADER + 8] = 0  # the writer has begun with event number 4096, where number 0 lay
    times = [time for time, _, _ in reader.read()]
    assert times[-1] == CAPACITY - 1
    assert reader.lost + len(times) == CAPACITY
    assert reader.lost > 0


def test_memory_that_holds_no_ring_is_refused(memory: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no event ring"):
        EventRing(memory, False)
    with pytest.raises(ValueError, match="too small"):
        EventRing(memory[:-64], True)
    raw = np.zeros(EventRing.SIZE + 128, np.uint8)
    start = -raw.ctypes.data % 64 + 8
    with pytest.raises(ValueError, match="aligned"):
        EventRing(raw[start : start + EventRing.SIZE], True)


WRITER = """
import sys
from multiprocessing import resource_tracker, shared_memory
from engine._native import EventRing
memory = shared_memory.SharedMemory(sys.argv[1])
resource_tracker.unregister(memory._name, "shared_memory")  # it is the other process's to remove
ring = EventRing(memory.buf, False)
for i in range(int(sys.argv[2])):
    ring.push(i, bytes([0x90, i % 128, 1 + i % 127]), 3)
del ring
memory.close()
"""


def test_another_process_writes() -> None:
    memory = shared_memory.SharedMemory(create=True, size=EventRing.SIZE)
    try:
        ring = EventRing(memory.buf, True)
        reader = ring.reader()
        subprocess.run([sys.executable, "-c", WRITER, memory.name, "3000"], check=True)
        assert reader.read() == [(i, 3, bytes([0x90, i % 128, 1 + i % 127])) for i in range(3000)]
        del reader, ring
    finally:
        memory.close()
        memory.unlink()
