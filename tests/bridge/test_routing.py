"""Another JACK client in the place of the DAW: it plays the engine and records it, goes and returns."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import jack_server
import numpy as np
import pytest
from click_instrument import HEARD_CLICK, onsets, write_click_preset
from engine_process import EngineProcess
from jack_probe import Event, Probe, Take
from tiny_instrument import write_loop_preset

from engine.player import event_latency

pytestmark = [pytest.mark.jack, pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")]

RATE, PERIOD = 48000, 128
SLACK_FRAMES = 48  # a millisecond: what the machine's scheduling may add
NOTE_FRAMES = [4800, 9000, 9700, 14000, 20001]
BACK_SECONDS = 2.0


@pytest.fixture(scope="module")
def server() -> Iterator[jack_server.JackServer]:
    with jack_server.running(RATE, PERIOD, realtime=True) as running:
        yield running


def notes() -> list[Event]:
    return [(frame, bytes((0x90, 36 + i, 127))) for i, frame in enumerate(NOTE_FRAMES)]


def assert_onsets_belong(take: Take) -> None:
    assert not take.xruns, "this machine is too busy for a JACK server"
    heard = onsets(take.audio[:, 0], HEARD_CLICK)
    assert len(heard) == len(NOTE_FRAMES)
    delays = np.array(heard) - np.array(NOTE_FRAMES)
    constant = event_latency(RATE, PERIOD) * RATE
    # RtMidi loses a note's place within JACK's period, and the engine is a period behind at most.
    assert delays.min() >= constant - PERIOD - SLACK_FRAMES
    assert delays.max() <= constant + PERIOD + SLACK_FRAMES
    assert delays.max() - delays.min() <= PERIOD + SLACK_FRAMES
    assert np.array_equal(take.audio[:, 0], take.audio[:, 1])


def test_a_daw_plays_and_records_the_engine_goes_and_returns(server: jack_server.JackServer, tmp_path: Path) -> None:
    preset = write_click_preset(tmp_path, sample_rate=RATE, frames=4096)
    with EngineProcess("play", str(preset), "--audio", "jack", "--connect", "DAW:in") as engine:
        engine.wait_ready()
        for _ in range(2):
            with Probe("DAW") as daw:
                daw.wait_connected()
                assert "DAW:in_1" in engine.wait_for("Connected ")
                assert_onsets_belong(daw.undisturbed(notes(), RATE))
            engine.wait_for("No JACK port matches")
        assert engine.interrupt() < 1.0
        assert engine.process.returncode == 0


def test_the_midi_process_is_killed_while_notes_sound(server: jack_server.JackServer, tmp_path: Path) -> None:
    preset = write_loop_preset(tmp_path)
    with (
        Probe() as probe,
        EngineProcess("play", str(preset), "--audio", "jack", "--connect", "Keyboard:in") as engine,
    ):
        engine.wait_ready()
        probe.wait_connected()
        chord = [(0, bytes((0x90, key, 100))) for key in range(36, 44)]
        assert np.abs(probe.take(chord, RATE // 2).audio[-1000:]).max() > 0.01
        os.kill(midi_process(engine.process.pid), signal.SIGKILL)
        begin = time.monotonic()
        engine.wait_for("The MIDI reader has ended")
        probe.wait_connected(audio=False)
        assert time.monotonic() - begin < BACK_SECONDS
        assert np.abs(probe.take([], RATE // 2).audio[-1000:]).max() == 0
        assert np.abs(probe.take(chord[:1], RATE // 2).audio[-1000:]).max() > 0.01


def midi_process(engine_pid: int) -> int:
    """The engine's child that reads MIDI ports."""
    for task in Path(f"/proc/{engine_pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if "engine.midi_ports" in Path(f"/proc/{child}/cmdline").read_text():
                return int(child)
    raise AssertionError("the engine has no MIDI process")
