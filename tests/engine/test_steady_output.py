"""Outputs that go and come back: said once each time, the audio goes on meanwhile, and nothing is lost of a recording.

The devices are those of a PortAudio that is made up; JACK is a real server, killed and started again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import jack_server
import numpy as np
import pytest
from fake_portaudio import FakePortAudio
from sampler_rig import LOOP, RATE, Rig, clip, noise, on, zone

from engine import _native, audio, pulse
from engine.errors import UserError
from engine.steady_output import RETRY_SECONDS, SteadyOutput

DEADLINE_S = 10.0
NOTE_FRAMES = 64


def sounding_rig() -> Rig:
    """A sampler that has just been given a note, which sounds for ever and differently on each side."""
    made = clip(1, noise(1, 4 * _native.BLOCK_FRAMES, channels=2))
    rig = Rig([zone([60], mode=LOOP, velocity_track=0.0)], {(0, 60, 0): made})
    rig.sampler.process([(0, on(60))], NOTE_FRAMES)
    return rig


class Player:
    """A sampler that sounds, an output, and a clock that the test turns."""

    def __init__(self, name: str | None, ring: _native.RecordingRing | None = None) -> None:
        self.rig = sounding_rig()
        self.callback = _native.AudioCallback(self.rig.sampler, RATE, 0.005)
        self.callback.record(ring)
        self.now = 0.0
        self.choice = audio.choose(name)
        self.output = SteadyOutput(self.choice, name, self.callback, lambda: self.now)

    def run(self, seconds: float) -> list[str]:
        """What is said in that time."""
        said = []
        for _ in range(round(seconds / 0.05)):
            self.now += 0.05
            said += self.output.step()
        return said

    def goes_on(self) -> None:
        """Waits until audio is asked for."""
        before = self.rig.sampler.clock
        wait_until(lambda: self.rig.sampler.clock > before)


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("name", ["interface", "1"])
def test_a_device_goes_and_comes_back_and_both_are_said_once(portaudio: FakePortAudio, name: str) -> None:
    player = Player(name)
    assert player.run(1) == []
    for _ in range(2):
        del portaudio.plugged["Interface"]
        said = player.run(10)
        assert said == [
            "Interface (Cards) has gone: the engine goes on, unheard, and plays there again when it is back."
        ]
        player.goes_on()
        assert player.output.latency == 0
        # What comes stands before it in the list by then.
        portaudio.plugged = {"Headset": [48000], **portaudio.plugged, "Interface": [44100, 48000]}
        assert player.run(3) == ["Interface (Cards) is back: what you play is heard again."]
        assert player.output.latency == 0.004
        stream = portaudio.streams[-1]
        assert (stream.name, stream.active) == ("Interface", True)
        clock = player.rig.sampler.clock
        player.run(10)
        assert player.rig.sampler.clock == clock  # the device alone asks, and this one never does
    player.output.close()
    assert not any(stream.open for stream in portaudio.streams)


def test_the_default_goes_to_whatever_the_system_plays_on_then(portaudio: FakePortAudio) -> None:
    player = Player(None)
    assert portaudio.streams[-1].name == "Speakers"
    del portaudio.plugged["Speakers"]
    assert len(player.run(10)) == 2
    assert portaudio.streams[-1].name == "Interface"
    portaudio.plugged.clear()
    assert player.run(10) == [
        "Interface (Cards) has gone: the engine goes on, unheard, and plays there again when it is back."
    ]
    player.goes_on()
    player.output.close()


def test_a_device_that_has_lost_the_rate_is_not_played_and_that_is_said_once(portaudio: FakePortAudio) -> None:
    player = Player("interface")
    del portaudio.plugged["Interface"]
    player.run(1)
    portaudio.plugged["Interface"] = [44100]
    assert player.run(20) == ["Interface (Cards) does not play at 48000 Hz: Invalid sample rate."]
    player.goes_on()
    portaudio.plugged["Interface"] = [48000]
    assert player.run(3) == ["Interface (Cards) is back: what you play is heard again."]
    player.output.close()


@pytest.mark.parametrize("refused", ["open", "start"])
def test_a_device_that_is_taken_is_tried_until_it_is_free(portaudio: FakePortAudio, refused: str) -> None:
    player = Player("interface")
    plugged = portaudio.plugged.pop("Interface")
    player.run(1)
    portaudio.plugged["Interface"], portaudio.busy = plugged, refused
    (said,) = player.run(20)
    assert "could not be opened: Device unavailable; is another program using it?" in said
    player.goes_on()
    portaudio.busy = ""
    assert player.run(3) == ["Interface (Cards) is back: what you play is heard again."]
    player.output.close()


def test_a_device_that_is_not_there_at_first_is_refused(portaudio: FakePortAudio) -> None:
    with pytest.raises(UserError, match='no audio device "Phones"; there are: "Speakers'):
        Player("Phones")


def test_a_device_that_no_longer_asks_for_audio_has_gone(
    portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PortAudio calls a stream of Core Audio's active though its device is unplugged.
    player = Player("interface")
    assert player.run(10) == []
    monkeypatch.setattr(pulse, "STALL_NS", 1_000_000)
    wait_until(lambda: bool(player.run(0.05)))
    player.goes_on()
    player.output.close()


def test_it_is_looked_for_now_and_then_only(portaudio: FakePortAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    initialize = portaudio._initialize
    monkeypatch.setattr(portaudio, "_initialize", lambda: (begun.append(1), initialize()))
    player = Player("interface")
    player.run(10)
    assert not begun
    del portaudio.plugged["Interface"]
    player.run(20)
    assert 1 < len(begun) <= 20 / RETRY_SECONDS["device"]
    player.output.close()


def test_null_stays_null() -> None:
    player = Player("null")
    assert player.run(10) == []
    player.goes_on()
    player.output.close()


@pytest.fixture
def server() -> Iterator[jack_server.JackServer]:
    with jack_server.running(RATE, 128, realtime=True) as running:
        yield running


@pytest.mark.jack
@pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")
class TestJack:
    def test_jack_ends_and_returns_twice_and_the_recording_has_no_gap(self, server: jack_server.JackServer) -> None:
        ring = _native.RecordingRing(60 * RATE)
        player = Player("jack", ring)
        for _ in range(2):
            assert player.output.jack_name == "ProducerGAN"
            player.goes_on()
            server.stop()
            said: list[str] = []
            wait_until(lambda said=said: bool(said.extend(player.run(0.05)) or said))
            assert said == ["JACK has gone: the engine goes on, unheard, and plays there again when it is back."]
            assert player.output.jack_name is None
            player.goes_on()
            assert player.run(3) == []
            server.start()
            assert player.run(2) == ["JACK is back: what you play is heard again."]
            assert server.connections()["ProducerGAN:left"] == ["system:playback_1"]
        player.output.close()
        (voice,) = player.rig.voices()  # the note that was held is held still
        assert voice.key == 60
        recorded = ring.read()
        assert ring.dropped == 0
        assert len(recorded) == player.rig.sampler.clock - NOTE_FRAMES
        np.testing.assert_allclose(recorded, sounding_rig().sampler.process([], len(recorded)), rtol=0, atol=1e-6)

    def test_another_rate_is_said_once_and_not_played(self, server: jack_server.JackServer) -> None:
        player = Player("jack")
        server.stop()
        wait_until(lambda: bool(player.run(0.05)))
        server.rate = 44100
        server.start()
        assert player.run(10) == [
            "JACK is back at 44100 Hz, but the engine plays at 48000: let JACK run at 48000 Hz again, or start the "
            "engine anew."
        ]
        player.goes_on()
        assert not [name for name in server.ports() if name.startswith("ProducerGAN")]
        server.stop()
        server.rate, server.period = 48000, 256
        server.start()
        assert player.run(2) == [
            "JACK is back with blocks of 256 frames: notes may come late; start the engine again to take up its new "
            "latency."
        ]
        player.goes_on()
        server.stop()
        wait_until(lambda: bool(player.run(0.05)))
        server.period = 64
        server.start()
        assert player.run(2) == ["JACK is back: what you play is heard again."]
        player.output.close()
