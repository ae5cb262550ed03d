"""The whole engine on a JACK server that is killed and comes back: it is played and heard again, and recorded."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import jack_server
import numpy as np
import pytest
import soundfile
from engine_process import EngineProcess
from jack_probe import Probe
from tiny_instrument import write_loop_preset

pytestmark = [pytest.mark.jack, pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")]

RATE, PERIOD = 48000, 128
STEP = 2.0**-23  # of 24 bits
CHORD = [(0, bytes((0x90, key, 100))) for key in range(36, 44)]


@pytest.fixture
def server() -> Iterator[jack_server.JackServer]:
    with jack_server.running(RATE, PERIOD, realtime=True) as running:
        yield running


@pytest.fixture
def preset(tmp_path: Path) -> Path:
    return write_loop_preset(tmp_path)


def test_the_server_is_killed_twice_while_a_chord_is_held(
    server: jack_server.JackServer, preset: Path, tmp_path: Path
) -> None:
    take = tmp_path / "take.wav"
    arguments = ("play", str(preset), "--audio", "jack", "--connect", "Keyboard:in", "--record", str(take))
    with EngineProcess(*arguments) as engine:
        engine.wait_ready()
        for number in (signal.SIGKILL, signal.SIGTERM, None):
            with Probe() as probe:
                probe.wait_connected()
                assert np.abs(probe.take([], RATE // 2).audio[-1000:]).max() == 0  # no note hangs
                assert np.abs(probe.take(CHORD, RATE // 2).audio[-1000:]).max() > 0.01
                if number is not None:
                    os.kill(server.pid, number)
                    server.stop()
                    engine.wait_for("JACK has gone: the engine goes on, unheard")
            if number is not None:
                server.start()
                engine.wait_for("JACK is back: what you play is heard again.")
        assert "libportaudio" not in Path(f"/proc/{engine.process.pid}/maps").read_text()  # it would abort at the end
        assert engine.counters()["notes"] == 3 * len(CHORD)
        assert engine.interrupt() < 1.0
        assert engine.process.returncode == 0
        said = "\n".join(engine.lines)
        assert said.count("JACK has gone") == said.count("JACK is back") == 2
        assert said.count("Connected ProducerGAN:left to Keyboard:in_1") == 3
    audio, _ = soundfile.read(take)
    assert np.abs(audio[:, 0]).max() > 0.01


def test_the_recording_is_what_jack_got_frame_for_frame(
    server: jack_server.JackServer, preset: Path, tmp_path: Path
) -> None:
    path = tmp_path / "take.wav"
    arguments = ("play", str(preset), "--audio", "jack", "--connect", "Keyboard:in", "--record", str(path))
    with Probe() as probe, EngineProcess(*arguments) as engine:
        engine.wait_ready()
        probe.wait_connected()
        probe.take(CHORD, RATE // 2)
        taken = probe.undisturbed([], RATE // 5, tries=40)
        assert not taken.missed, "this machine is too busy for a JACK server"
        engine.interrupt()
    recorded, _ = soundfile.read(path, dtype="float32")
    assert np.abs(taken.audio).max() > 0.01
    frames = len(taken.audio)
    alike = np.abs(recorded[: -frames + 1] - taken.audio[0]).max(axis=1) <= STEP
    assert any(np.abs(recorded[begin : begin + frames] - taken.audio).max() <= STEP for begin in np.flatnonzero(alike))


def test_a_second_engine_connects_its_own_ports(server: jack_server.JackServer, preset: Path) -> None:
    arguments = ("play", str(preset), "--audio", "jack", "--connect", "Keyboard:in")
    with Probe() as probe, EngineProcess(*arguments) as first:
        first.wait_for("Connected ProducerGAN:left to Keyboard:in_1")
        with EngineProcess(*arguments) as second:
            second.wait_for("Connected ProducerGAN-01:left to Keyboard:in_1")
            probe.wait_connected(midi=False)
