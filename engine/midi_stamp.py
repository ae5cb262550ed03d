"""When MIDI messages arrived, and what must be said when they stop coming. Pure: no port, no clock of its own."""

from __future__ import annotations

NOTE_OFF, NOTE_ON, CONTROL_CHANGE = 0x80, 0x90, 0xB0
SUSTAIN, SOSTENUTO, ALL_NOTES_OFF = 64, 66, 123

# Far above the drift between any two clocks of a computer, far below what a player could notice between two notes.
DRIFT_PER_SECOND = 200e-6
# A rebuilt time that is this far back says that the port's deltas are wrong (macOS, python-rtmidi #204).
OLDEST_NS = 250_000_000


class Stamper:
    """Rebuilds arrival times from one port's deltas, on the clock of the reader that polls the port.

    The port tells exactly how far messages are apart, and the poll tells a time at which each had arrived already.
    So the earliest "time of polling − sum of deltas" that was ever seen is the best guess of where the port's clock
    starts; it is let slip slowly, so that two clocks may drift apart. Call with one port's messages in order.
    """

    def __init__(self) -> None:
        self._sum_ns = 0
        self._anchor_ns: int | None = None
        self._last_now_ns = 0
        self._last_stamp_ns = 0

    def stamp(self, delta_s: float, now_ns: int) -> int:
        """The arrival time in ns of a message polled at `now_ns`, `delta_s` after the one before (the first: 0).

        Never later than `now_ns`, never earlier than the message before.
        """
        self._sum_ns += round(delta_s * 1e9)
        start_ns = now_ns - self._sum_ns
        if self._anchor_ns is None:
            self._anchor_ns = start_ns
        else:
            slip_ns = round((now_ns - self._last_now_ns) * DRIFT_PER_SECOND)
            self._anchor_ns = min(self._anchor_ns + slip_ns, start_ns)
            if start_ns - self._anchor_ns > OLDEST_NS:
                self._anchor_ns = start_ns
        self._last_now_ns = now_ns
        self._last_stamp_ns = max(self._last_stamp_ns, self._anchor_ns + self._sum_ns)
        return self._last_stamp_ns


class Held:
    """What one port holds down: notes and pedals."""

    def __init__(self) -> None:
        self._notes: set[tuple[int, int]] = set()
        self._pedals: set[tuple[int, int]] = set()

    def follow(self, message: bytes) -> None:
        """Takes note of one message."""
        if len(message) < 3:
            return
        kind, channel, number, value = message[0] & 0xF0, message[0] & 0x0F, message[1], message[2]
        if kind == NOTE_ON and value > 0:
            self._notes.add((channel, number))
        elif kind in (NOTE_ON, NOTE_OFF):
            self._notes.discard((channel, number))
        elif kind == CONTROL_CHANGE and number in (SUSTAIN, SOSTENUTO):
            (self._pedals.add if value >= 64 else self._pedals.discard)((channel, number))

    def let_go(self) -> list[bytes]:
        """The messages that release everything held; nothing is held afterwards."""
        messages = [bytes((CONTROL_CHANGE | channel, pedal, 0)) for channel, pedal in sorted(self._pedals)]
        messages += [bytes((NOTE_OFF | channel, note, 0)) for channel, note in sorted(self._notes)]
        self._pedals.clear()
        self._notes.clear()
        return messages


def release_all() -> list[bytes]:
    """The messages that end every note on every channel: pedals up, all notes off."""
    return [
        bytes((CONTROL_CHANGE | channel, controller, 0))
        for channel in range(16)
        for controller in (SUSTAIN, SOSTENUTO, ALL_NOTES_OFF)
    ]
