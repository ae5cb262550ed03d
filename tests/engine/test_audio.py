"""Choosing and opening audio outputs."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import jack_server
import pytest
from fake_portaudio import FakePortAudio

from engine import _native, audio
from engine.errors import UserError


def test_null_has_defaults_and_takes_what_is_asked() -> None:
    choice = audio.choose("null")
    assert (choice.kind, choice.rate, choice.block) == ("null", audio.NULL_RATE, audio.DEFAULT_BLOCK)
    choice = audio.choose("null", 44100, 64)
    assert (choice.rate, choice.block) == (44100, 64)


@pytest.mark.parametrize(("rate", "block"), [(7999, None), (10**6, None), (None, 0), (None, 10000)])
def test_what_cannot_be_played_is_refused(rate: int | None, block: int | None) -> None:
    with pytest.raises(UserError, match="cannot be played; choose one from"):
        audio.choose("null", rate, block)


def test_an_unknown_device_is_refused_and_what_there_is_is_named() -> None:
    with pytest.raises(UserError, match=r'There is no audio device "No Such Card"; there are: .* "jack" and "null"'):
        audio.choose("No Such Card")


def test_jack_without_a_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "producergan-no-such-server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    with pytest.raises(UserError, match="no JACK server running"):
        audio.choose("jack")


def test_without_a_name_the_systems_own_device_is_taken(portaudio: FakePortAudio) -> None:
    choice = audio.choose(None)
    assert (choice.kind, choice.description, choice.rate) == ("device", "Speakers (Cards)", 48000)
    portaudio.unplug_all()
    choice = audio.choose(None)
    assert choice.kind == "null"
    assert choice.note == "There is no sound card here, so nothing will be heard; everything else works."


def test_a_rate_that_the_device_lacks_is_refused(portaudio: FakePortAudio) -> None:
    with pytest.raises(UserError, match=r"Speakers \(Cards\) does not play at 96000 Hz"):
        audio.choose(None, 96000)


def test_an_output_does_not_begin_with_the_clock_of_the_one_before() -> None:
    sampler = _native.Sampler()
    sampler.prepare(48000.0)
    callback = _native.AudioCallback(sampler, 48000.0, 0.005)
    period = 128 * 1e9 / 48000
    ahead = _native.now_ns() + 20e6  # less than what the clock takes for a stop by itself
    for block in range(-300, 0):
        callback.render(128, int(ahead + block * period))
    clock = sampler.clock
    output = audio.open_output(audio.choose("null", 48000, 128), callback)
    while sampler.clock == clock:
        pass
    begin, now = callback.block_time, _native.now_ns()
    output.close()
    assert begin <= now


def test_null_asks_for_blocks_in_time_until_it_is_closed() -> None:
    sampler = _native.Sampler()
    sampler.prepare(48000.0)
    callback = _native.AudioCallback(sampler, 48000.0, 0.005)
    output = audio.open_output(audio.choose("null", 48000, 64), callback)
    begin = time.monotonic()
    while sampler.clock < 9600:
        assert time.monotonic() - begin < 5
        time.sleep(0.001)
    assert output.alive()
    output.close()
    assert time.monotonic() - begin > 0.15  # 0.2 s of audio are not computed in less
    clock = sampler.clock
    begin = time.monotonic()
    while time.monotonic() - begin < 0.02:
        assert sampler.clock == clock


@pytest.mark.jack
@pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")
def test_jack_is_taken_as_it_runs() -> None:
    """In a process of its own, to see that PortAudio is not there: it would abort once the server has ended."""
    code = """
from engine import audio
from engine.errors import UserError
choice = audio.choose("jack")
print(choice.kind, choice.rate, choice.block)
for asked in ((48000, None), (None, 64)):
    try:
        audio.choose("jack", *asked)
    except UserError as error:
        print(error)
import sys
print("sounddevice" in sys.modules)
"""
    with jack_server.running(44100, 256) as server:
        result = subprocess.run(
            [sys.executable, "-c", code], env=server.environment, capture_output=True, text=True, timeout=60
        )
    assert result.stdout.splitlines() == [
        "jack 44100 256",
        "JACK runs at 44100 Hz, not at 48000; change it in JACK, or leave the option out.",
        "JACK runs at 256 frames, not at 64; change it in JACK, or leave the option out.",
        "False",
    ], result.stderr


@pytest.mark.jack
@pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")
def test_without_a_name_and_a_card_a_jack_server_is_taken(portaudio: FakePortAudio) -> None:
    portaudio.unplug_all()
    with jack_server.running(44100, 256):
        assert audio.choose(None) == audio.Choice("jack", "JACK", 44100, 256) == audio.choose("JACK")


@pytest.mark.jack
@pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")
def test_portaudio_outlives_the_jack_server() -> None:
    """In a process of its own, which PortAudio would abort at its end if it were a client of that server."""
    code = """
import jack_server, os, sys
from engine.platform import portaudio, restart_portaudio
with jack_server.running() as server:
    devices = portaudio().query_devices()
    print([device["name"] for device in devices if device["name"] == "system"], "ProducerGAN" in str(server.ports()))
    restart_portaudio()
    print(os.environ["JACK_DEFAULT_SERVER"] == server.name)
restart_portaudio()
"""
    environment = {**os.environ, "PYTHONPATH": "tests"}
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert result.stdout.splitlines() == ["[] False", "True"], result.stderr
    assert result.returncode == 0, result.stderr


@pytest.mark.jack
@pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")
def test_portaudio_runs_the_native_callback() -> None:
    """Through the one host API that works without a card; in a process of its own, which keeps its JACK client."""
    code = """
import os, sounddevice, time
from engine import _native, audio
(device,) = [device for device in sounddevice.query_devices() if device["name"] == "system"]
sampler = _native.Sampler()
sampler.prepare(48000.0)
callback = _native.AudioCallback(sampler, 48000.0, 0.005)
output = audio.open_output(audio.Choice("device", "system", 48000, 128, device["index"]), callback)
end = time.monotonic() + 10
while sampler.clock < 4800 and time.monotonic() < end:
    time.sleep(0.001)
print(sampler.clock >= 4800, output.alive(), output.latency > 0)
output.close()
clock = sampler.clock
time.sleep(0.05)
print(sampler.clock == clock)
"""
    with jack_server.running() as server:
        result = subprocess.run(
            [sys.executable, "-c", code], env=server.environment, capture_output=True, text=True, timeout=60
        )
    assert result.stdout.splitlines() == ["True True True", "True"], result.stderr
