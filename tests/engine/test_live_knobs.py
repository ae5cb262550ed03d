"""A controller moved while a note sounds, through a JACK server without a sound card."""

from __future__ import annotations

from pathlib import Path

import jack_server
import knob_latency
import numpy as np
import pytest
from engine_process import EngineProcess
from jack_probe import Probe
from numpy.typing import NDArray
from tiny_instrument import frequency, write_tiny_instrument

from engine._native import SWAP_SECONDS
from engine.preset import Preset

pytestmark = [pytest.mark.jack, pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")]

RATE = 48000
LOOP_FADE = 0.05
PRESET = f"""
format = 1
name = "Morph"
instrument = "tiny.onnx"

[[zone]]
name = "keys"
keys = "60"
source = "path"
corners = [3, 4]
mode = "loop"
loop_crossfade = {LOOP_FADE}

[[macro]]
id = 1
name = "Morph"
position = 0
controller = 1
targets = [{{ to = "morph_x", range = [0, 1] }}]
"""


def loudest_hz(audio: NDArray[np.float32]) -> float:
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return float(np.argmax(spectrum)) * RATE / len(audio)


def test_a_held_note_becomes_the_other_sound_without_a_step(tmp_path: Path) -> None:
    write_tiny_instrument(tmp_path / "tiny.onnx", sample_rate=RATE, frames=RATE)
    path = tmp_path / "morph.toml"
    path.write_text(PRESET)
    preset = Preset.load(path)
    ends = [frequency(preset.sounds({1: float(position)})[0, 60, 0].z()) for position in (0, 1)]
    assert abs(ends[0] - ends[1]) > 50
    move, end = RATE, 2 * RATE
    events = [
        (0, bytes((0xB0, 1, 0))),  # of a try before
        (RATE // 4, bytes((0x90, 60, 127))),
        (move, bytes((0xB0, 1, 127))),
        (end, bytes((0x80, 60, 0))),
    ]
    with (
        jack_server.running(RATE, 128, realtime=True),
        Probe() as probe,
        EngineProcess("play", str(path), "--audio", "jack", "--connect", "Keyboard:in") as engine,
    ):
        engine.wait_ready()
        probe.wait_connected()
        taken = probe.undisturbed(events, end + RATE // 2)
        counters = engine.counters()
    audio = taken.audio[:end, 0]
    assert counters["starved"] == 0
    width = RATE // 2
    assert loudest_hz(audio[move - width : move]) == pytest.approx(ends[0], abs=2.1)
    assert loudest_hz(audio[-width:]) == pytest.approx(ends[1], abs=2.1)
    heard = audio[RATE // 2 :]
    peak = float(np.abs(heard).max())
    own = peak * 2 * np.pi * max(ends) / RATE
    fades = 2 * peak / (SWAP_SECONDS * RATE) + 2 * peak / (LOOP_FADE * RATE)
    if taken.xruns or taken.missed:
        pytest.skip("this machine is too late for a JACK server: frames are missing")
    assert float(np.abs(np.diff(heard)).max()) <= own + fades


def test_every_move_of_a_knob_is_heard() -> None:
    with jack_server.running(RATE, 128, realtime=True):
        result = knob_latency.measure_case(8, 0, 0)
    assert result["heard"] == 8
    assert result["p50_ms"] > 0
