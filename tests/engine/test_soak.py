"""Minutes at random: notes, controllers, presets, ports that come and go, a JACK server that is killed twice."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import jack_server
import numpy as np
import pytest
from engine_process import EngineProcess
from jack_probe import Probe

from engine.data import bundled_folder
from engine.programs import presets_in

pytestmark = [
    pytest.mark.jack,
    pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc"),
]

RATE, PERIOD = 48000, 256
WARM_UP_S = 180.0
GROWTH = 1.05


@pytest.mark.parametrize("seconds", [20.0, pytest.param(600.0, marks=pytest.mark.long)])
@pytest.mark.timeout(1200)
def test_it_plays_on_through_everything(seconds: float, tmp_path: Path) -> None:
    folder = tmp_path / "presets"
    shutil.copytree(bundled_folder(), folder, ignore=shutil.ignore_patterns("*.py", "grooves", "*.encoder.onnx"))
    assert len(presets_in(folder)) == 5
    with jack_server.running(RATE, PERIOD) as server:
        arguments = ("play", str(folder), "--audio", "jack", "--connect", "Keyboard")
        with EngineProcess(*arguments, soak=seconds) as engine:
            engine.wait_ready()
            begun = int(engine.wait_for("soak begins", WARM_UP_S).split()[2])
            end = time.monotonic() + seconds
            kills = [end - seconds * 2 / 3, end - seconds / 3]
            for turn in itertools.count():
                if time.monotonic() > end:
                    break
                # A keyboard is plugged in, played and pulled out. By the same name it might come back before it is
                # known that it was gone.
                with Probe(f"Keyboard{turn % 2}") as probe:
                    probe.wait_connected()
                    probe.take([(0, bytes((0x90, 60, 80))), (RATE // 8, bytes((0x80, 60, 0)))], RATE)
                if kills and time.monotonic() > kills[0]:
                    kills.pop(0)
                    os.kill(server.pid, signal.SIGKILL)
                    server.stop()
                    engine.wait_for("JACK has gone")
                    server.start()
                    engine.wait_for("JACK is back")
            words = engine.wait_for("soak over", 60.0).split()
            over, voices = int(words[2]), int(words[3])
            assert not kills
            assert voices == 0, "a note hangs"
            print(f"memory: {begun / 2**20:.0f} MiB when it began, {over / 2**20:.0f} at the end")
            assert over <= GROWTH * begun
            with Probe() as probe:
                probe.wait_connected()
                chord = [(0, bytes((0x90, key, 110))) for key in (48, 52, 55)]
                assert np.abs(probe.take(chord, RATE // 2).audio[-4000:]).max() > 1e-3
            assert engine.counters()["muted"] == 0
            assert engine.process.poll() is None
            assert engine.interrupt() < 3.0
            assert engine.process.returncode == 0
