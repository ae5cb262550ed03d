"""The engine in JACK: what JACK gets is what was rendered, on two ports of known names; time lost is counted."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator

import jack_server
import numpy as np
import pytest
from jack_probe import Probe
from sampler_rig import LOOP, RATE, Rig, clip, noise, on, zone

from engine import _native, pulse
from engine.jack_output import JackOutput
from engine.platform import jack_client

DEADLINE_S = 10.0
NOTE = (0, on(60))


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def make_callback() -> tuple[Rig, _native.AudioCallback]:
    """A sampler whose key 60 loops for ever, differently on each side."""
    made = clip(1, noise(1, 4 * _native.BLOCK_FRAMES, channels=2))
    rig = Rig([zone([60], mode=LOOP, velocity_track=0.0)], {(0, 60, 0): made})
    return rig, _native.AudioCallback(rig.sampler, RATE, 0.005)


class FakeJack:
    """Two ports as JACK's library has them; their addresses are 0 and 1."""

    def __init__(self, callback: _native.AudioCallback, frames: int) -> None:
        self.ports = np.full((2, frames), np.nan, np.float32)
        self.asked: list[int] = []

        def get_buffer(port: int | None, count: int) -> int:
            self.asked.append(count)
            return int(self.ports[port or 0].ctypes.data)

        self._get_buffer = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32)(get_buffer)
        address = ctypes.cast(self._get_buffer, ctypes.c_void_p).value
        assert address is not None
        self.output = _native.JackOutput(callback, address, 0, 1)

    def process(self, frames: int) -> int:
        function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)(_native.JackOutput.process)
        return int(function(frames, self.output.user_data))

    def xrun(self) -> int:
        return int(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_native.JackOutput.xrun)(self.output.user_data))

    def shut_down(self) -> None:
        function = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
        function(_native.JackOutput.shut_down)(0, b"", self.output.user_data)


def test_both_ports_get_what_is_rendered() -> None:
    expected = make_callback()[0]
    rig, callback = make_callback()
    fake = FakeJack(callback, 480)
    for played in (expected, rig):
        played.sampler.process([NOTE], 64)
    assert fake.process(480) == 0
    assert fake.asked == [480, 480]
    audio = expected.sampler.process([], 480)
    np.testing.assert_array_equal(fake.ports.T, audio)
    assert np.abs(audio[:, 0] - audio[:, 1]).max() > 0.01


def test_an_xrun_is_counted_with_the_next_block_and_only_there() -> None:
    rig, callback = make_callback()
    fake = FakeJack(callback, 64)
    fake.process(64)
    assert rig.count("underflows") == 0
    fake.xrun()
    fake.xrun()
    fake.process(64)
    fake.process(64)
    assert rig.count("underflows") == 1


def test_the_servers_end_is_known() -> None:
    fake = FakeJack(make_callback()[1], 64)
    assert not fake.output.ended
    fake.shut_down()
    assert fake.output.ended


jack = [pytest.mark.jack, pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")]


@pytest.fixture
def server() -> Iterator[jack_server.JackServer]:
    with jack_server.running(RATE, 128, realtime=True) as running:
        yield running


class TestInJack:
    pytestmark = jack

    def test_the_ports_have_their_names_and_are_on_the_speakers(self, server: jack_server.JackServer) -> None:
        output = JackOutput(make_callback()[1])
        assert output.client_name == "ProducerGAN"
        connections = server.connections()
        assert connections["ProducerGAN:left"] == ["system:playback_1"]
        assert connections["ProducerGAN:right"] == ["system:playback_2"]
        assert output.latency == 2 * 128 / RATE  # of jackd's dummy driver, which says so of its ports
        second = JackOutput(make_callback()[1])
        assert second.client_name != "ProducerGAN"
        assert f"{second.client_name}:left" in server.ports()
        second.close()
        output.close()
        assert not [name for name in server.ports() if name.startswith("ProducerGAN")]

    def test_what_jack_gets_is_what_is_recorded_frame_for_frame(self, server: jack_server.JackServer) -> None:
        rig, callback = make_callback()
        rig.sampler.process([NOTE], 64)
        ring = _native.RecordingRing(30 * RATE)
        callback.record(ring)
        output = JackOutput(callback)
        with Probe("Listener") as probe:
            patch = jack_client("Patch")
            for name, port in (("left", "in_1"), ("right", "in_2")):
                patch.connect(f"ProducerGAN:{name}", f"Listener:{port}")
            taken = probe.undisturbed([], RATE // 5, tries=40)
            patch.close()
        output.close()
        assert not taken.missed, "this machine is too busy for a JACK server"
        recorded = ring.read()
        assert len(recorded) == rig.sampler.clock - 64
        (begins,) = np.nonzero((recorded[: -len(taken.audio)] == taken.audio[0]).all(axis=1))
        assert any(np.array_equal(recorded[begin : begin + len(taken.audio)], taken.audio) for begin in begins)

    def test_it_ends_with_the_server_and_begins_with_the_next(self, server: jack_server.JackServer) -> None:
        rig, callback = make_callback()
        for _ in range(2):
            output = JackOutput(callback)
            before = rig.sampler.clock
            wait_until(lambda before=before: rig.sampler.clock > before)
            assert output.alive()
            server.stop()
            wait_until(lambda output=output: not output.alive())
            output.close()
            server.start()

    def test_a_server_that_no_longer_asks_for_audio_has_gone(
        self, server: jack_server.JackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        output = JackOutput(make_callback()[1])
        assert output.alive()
        output._client.deactivate()  # the client is there still, and nobody has told it that it ended
        assert not output._native.ended
        monkeypatch.setattr(pulse, "STALL_NS", 1_000_000)
        wait_until(lambda: not output.alive())
        output.close()
