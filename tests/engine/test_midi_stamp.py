import random

from engine.midi_stamp import Held, Stamper, release_all

MS = 1_000_000


def test_polling_late_does_not_move_the_stamps() -> None:
    chance = random.Random(1)
    stamper = Stamper()
    arrivals = [1_000_000_000 + i * 7 * MS for i in range(300)]
    errors = []
    for i, arrival in enumerate(arrivals):
        delta = 0.0 if i == 0 else 0.007
        errors.append(stamper.stamp(delta, arrival + chance.randrange(0, 5 * MS)) - arrival)
    settled = errors[50:]
    assert max(settled) - min(settled) < 0.3 * MS
    assert all(0 <= error < 0.5 * MS for error in settled)


def test_stamps_are_never_in_the_future_and_never_go_back() -> None:
    chance = random.Random(2)
    stamper = Stamper()
    now = last = 0
    for _ in range(1000):
        now += chance.randrange(0, 20 * MS)
        stamp = stamper.stamp(chance.random() * 0.02, now)
        assert last <= stamp <= now
        last = stamp


def test_a_clock_that_drifts_is_followed_over_an_hour() -> None:
    for drift in (-100e-6, 100e-6):
        stamper = Stamper()
        stamper.stamp(0.0, 0)
        for second in range(1, 3600):
            arrival = second * 1000 * MS
            assert abs(stamper.stamp(1 + drift, arrival) - arrival) < 0.5 * MS


def test_deltas_that_are_wrong_do_not_put_notes_into_the_past() -> None:
    stamper = Stamper()
    stamper.stamp(0.0, 0)
    for i in range(1, 100):
        assert stamper.stamp(0.0, i * 100 * MS) >= i * 100 * MS - 250 * MS


def test_let_go_releases_what_is_held_and_only_that() -> None:
    held = Held()
    for message in (b"\x90\x3c\x64", b"\x91\x3c\x64", b"\x90\x40\x64", b"\x90\x40\x00", b"\xb0\x40\x7f", b"\xc0\x05"):
        held.follow(message)
    assert held.let_go() == [b"\xb0\x40\x00", b"\x80\x3c\x00", b"\x81\x3c\x00"]
    assert held.let_go() == []


def test_a_lifted_pedal_is_not_lifted_again() -> None:
    held = Held()
    held.follow(b"\xb3\x40\x7f")
    held.follow(b"\xb3\x40\x00")
    assert held.let_go() == []


def test_release_all_reaches_every_channel() -> None:
    messages = release_all()
    for channel in range(16):
        assert bytes((0xB0 | channel, 123, 0)) in messages
        assert bytes((0xB0 | channel, 64, 0)) in messages
