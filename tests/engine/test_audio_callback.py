"""Events with known times through the audio callback: each sounds at its stamp plus the latency."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sampler_rig import RATE, Audio, Rig, clip, zone

from engine._native import AudioCallback, EventRing, NullClock, now_ns

LATENCY = 0.010  # a block of 256 frames and its lateness fit into it
CLICK = np.zeros(64, np.float32)
CLICK[0] = 0.5  # one frame, so that each onset is its own frame
NS = 1e9 / RATE


def make_ring() -> EventRing:
    raw = np.zeros(EventRing.SIZE + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return EventRing(raw[start : start + EventRing.SIZE], True)


class Device:
    """A sound card that asks for blocks at true times of its own plus a lateness; time is a number here."""

    def __init__(self, block: int, seed: int = 1, drift: float = 0.0, latency: float = LATENCY) -> None:
        keys = range(128)
        made = clip(1, CLICK)
        self.rig = Rig([zone(keys, velocity_track=0.0)], {(0, key, 0): made for key in keys})
        self.ring = make_ring()
        self.callback = AudioCallback(self.rig.sampler, RATE, latency)
        assert self.callback.add_ring(self.ring)
        self.block = block
        self.period = block * NS * (1 + drift)
        self.start = 5e12
        self.blocks = 0
        self.random = np.random.default_rng(seed)

    def time(self, block: int) -> float:
        """True beginning of a block, ns."""
        return self.start + block * self.period

    def run(self, blocks: int, lateness: np.ndarray, stamps: np.ndarray) -> Audio:
        """Renders; every event is pushed before the first callback that begins after its stamp."""
        parts, pushed = [], 0
        for late in lateness[:blocks]:
            now = self.time(self.blocks) + late
            while pushed < len(stamps) and stamps[pushed] <= now:
                self.ring.push(int(stamps[pushed]), bytes([0x90, pushed % 128, 100]))
                pushed += 1
            parts.append(self.callback.render(self.block, int(now)))
            self.blocks += 1
        return np.concatenate(parts)

    def delays(self, audio: Audio, stamps: np.ndarray) -> np.ndarray:
        """Seconds from each stamp to its onset, by the device's own true clock."""
        frames = np.flatnonzero(audio[:, 0] > 0.2)
        assert len(frames) == len(stamps)
        return (self.start + frames * self.period / self.block - stamps) / 1e9


def jitter(kind: str, blocks: int, block: int, random: np.random.Generator) -> np.ndarray:
    """How late each callback is, in ns."""
    period = block * NS
    burst = random.uniform(size=blocks) < 0.02
    late = {
        "none": np.zeros(blocks),
        "uniform": random.uniform(0, 0.9 * period, blocks),
        "exponential": np.minimum(random.exponential(0.3e6, blocks), 4e6),
        "bursts": np.where(burst, random.uniform(0, 4e6, blocks), random.uniform(0, 1e5, blocks)),
    }
    return late[kind]


@pytest.mark.parametrize("block", [64, 128, 256])
@pytest.mark.parametrize("kind", ["none", "uniform", "exponential", "bursts"])
def test_events_sound_at_their_time_plus_the_latency_however_late_the_callback(kind: str, block: int) -> None:
    device = Device(block)
    blocks = int(20 * RATE / block)
    late = jitter(kind, blocks, block, device.random)
    end = device.time(blocks) - 20e6
    stamps = np.arange(device.time(0) + 2e9, end, 7.013e6)  # once the clock has settled
    delays = device.delays(device.run(blocks, late, stamps), stamps)
    low, middle, high = np.percentile(delays, [1, 50, 99])
    assert high - low <= 0.0005
    # The callbacks' own mean lateness shifts the clock, and so is part of the constant.
    assert abs(middle + late.mean() / 1e9 - LATENCY) <= 0.0005
    assert device.rig.count("late_events") == 0


def test_without_jitter_each_event_is_at_its_frame() -> None:
    device = Device(128)
    stamps = np.arange(device.time(0) + 1e7, device.time(700), 3.1e6)
    delays = device.delays(device.run(710, np.zeros(710), stamps), stamps)
    assert np.abs(delays - LATENCY).max() <= 1.01 / RATE


@pytest.mark.parametrize("drift", [1e-4, -1e-4])
def test_a_device_whose_clock_is_off_is_followed(drift: float) -> None:
    device = Device(128, drift=drift)
    blocks = 6000
    late = device.random.uniform(0, 1e6, blocks)
    stamps = np.arange(device.time(0) + 3e9, device.time(blocks - 10), 11.1e6)
    delays = device.delays(device.run(blocks, late, stamps), stamps)
    low, high = np.percentile(delays, [1, 99])
    assert high - low <= 0.0005


def test_an_event_that_comes_after_its_time_sounds_at_once_and_is_counted() -> None:
    device = Device(128)
    device.run(10, np.zeros(10), np.empty(0))
    now = device.time(10)
    device.ring.push(int(now - 20e6), b"\x90\x3c\x40")
    audio = device.callback.render(128, int(now))
    assert audio[0, 0] > 0
    assert device.rig.count("late_events") == 1


def test_events_of_several_rings_are_merged_in_order_of_time() -> None:
    device = Device(256)
    others = [make_ring() for _ in range(3)]
    assert all(device.callback.add_ring(ring) for ring in others)
    assert not device.callback.add_ring(make_ring())  # four at most
    rings = [device.ring, *others]
    device.run(5, np.zeros(5), np.empty(0))
    begin = device.time(5) - LATENCY * 1e9
    for i in (3, 1, 0, 2):
        rings[i].push(int(begin + (10 + 20 * i) * NS + 1), bytes([0x90, 60 + i, 100]))
    audio = device.callback.render(256, int(device.time(5)))
    onsets = np.flatnonzero(audio[:, 0] > 0.2)
    np.testing.assert_allclose(onsets, [10, 30, 50, 70], atol=1)
    assert [voice.key for voice in device.rig.voices()] == [60, 61, 62, 63] or not device.rig.voices()


def test_what_was_pushed_before_the_ring_was_added_and_system_messages_are_not_played() -> None:
    device = Device(128)
    ring = make_ring()
    ring.push(int(device.time(0)), b"\x90\x3c\x40")
    device.callback.add_ring(ring)
    ring.push(int(device.time(0)), b"\xf8")
    assert not device.run(20, np.zeros(20), np.empty(0)).any()
    assert device.rig.count("notes") == 0


def test_system_messages_between_notes_leave_them_alone_and_are_never_late() -> None:
    device = Device(128)
    device.run(10, np.zeros(10), np.empty(0))
    now = device.time(10)
    old = int(now - 20e6)
    for status in range(0xF0, 0x100):  # exclusive, common, realtime; active sensing is 0xfe
        assert device.ring.push(old, bytes([status, 60, 127]))
    assert not device.ring.push(old, b"\xf0\x7e\x7f\x06\x01\xf7")  # longer than any message that is played
    assert device.ring.push(old, b"\xd0\x7f")
    assert device.ring.push(old, b"\x90\x3c\x40")
    device.callback.render(128, int(now))
    assert device.rig.count("notes") == 1
    assert device.rig.count("late_events") == 2  # the pressure and the note


def test_events_that_the_ring_lost_are_counted_as_dropped() -> None:
    device = Device(128)
    for i in range(6000):
        device.ring.push(int(device.time(0)) + i, b"\xb0\x01\x40")
    device.run(3, np.zeros(3), np.empty(0))
    assert 6000 - 4096 <= device.rig.count("dropped_events") <= 6000 - 2048


def test_a_stop_of_the_device_is_no_jitter() -> None:
    device = Device(128)
    device.run(100, np.zeros(100), np.empty(0))
    device.blocks += 2000  # five seconds without a callback
    now = device.time(device.blocks)
    device.callback.render(128, int(now))
    assert abs(device.callback.block_time - now) < 2


def test_the_null_clock_keeps_the_callback_going_and_stops() -> None:
    device = Device(480)
    clock = NullClock(device.callback, RATE, 480)
    clock.start()
    deadline = time.monotonic() + 10
    while device.rig.count("blocks") < 5 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert device.rig.count("blocks") >= 5
    assert abs(device.callback.block_time - now_ns()) < 10e9
    clock.stop()
    stopped = device.rig.count("blocks")
    time.sleep(0.03)
    assert device.rig.count("blocks") == stopped
    clock.start()
    clock.stop()


def test_after_an_underflow_the_clock_is_right_at_once() -> None:
    # The device skips 7 ms and says so with the first block after them.
    device = Device(128)
    quiet = np.full(750, 2e4)  # two seconds of callbacks 0.02 ms late
    device.run(750, quiet, np.array([]))
    device.start += 7e6
    begin = device.time(device.blocks)
    stamps = begin + np.arange(1, 20) * 5e6
    first = device.callback.render(128, int(begin + 2e4), True)
    device.blocks += 1
    audio = np.concatenate([first, device.run(60, np.full(60, 2e4), stamps)])
    device.start = begin
    delays = device.delays(audio, stamps)
    assert np.abs(delays - LATENCY).max() < 0.0005


def test_after_a_change_of_the_device_the_clock_is_right_at_once() -> None:
    # The next device begins 7 ms after the last one, less than what the clock would take for lost time by itself.
    device = Device(128)
    device.run(750, np.zeros(750), np.array([]))
    device.start += 7e6
    device.callback.restart_clock()
    begin = device.time(device.blocks)
    stamps = begin + np.arange(1, 20) * 5e6
    audio = device.run(60, np.zeros(60), stamps)
    device.start = begin
    assert np.abs(device.delays(audio, stamps) - LATENCY).max() < 0.0005
    assert device.rig.count("underflows") == 0


def test_a_block_of_no_frames_plays_nothing_and_the_next_one_does() -> None:
    device = Device(128)
    device.run(10, np.zeros(10), np.empty(0))
    now = device.time(10)
    device.ring.push(int(now - 20e6), b"\x90\x3c\x40")
    assert device.callback.render(0, int(now)).shape == (0, 2)
    assert device.rig.count("notes") == 0
    assert device.callback.render(128, int(now))[0, 0] > 0
    assert device.rig.count("notes") == 1
