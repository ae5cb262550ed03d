"""Whether audio is still asked for, by a clock that the test turns."""

from __future__ import annotations

import pytest

from engine import _native, pulse

S = 1_000_000_000


def test_it_beats_until_no_block_has_been_asked_for_in_three_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100 * S]
    monkeypatch.setattr(_native, "now_ns", lambda: now[0])
    callback = _native.AudioCallback(_native.Sampler(), 48000.0, 0.005)
    watched = pulse.Pulse(callback)  # nothing was asked for yet: the device takes its time to begin
    for seconds, beats in ((2.9, True), (3.1, False)):
        now[0] = 100 * S + round(seconds * S)
        assert watched.beats() == beats
    callback.render(64, now[0])
    for seconds, beats in ((3.1, True), (6.0, True), (6.2, False)):
        now[0] = 100 * S + round(seconds * S)
        assert watched.beats() == beats
    assert pulse.Pulse(callback).beats()  # another device begins
