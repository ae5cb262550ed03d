"""The plugin and the engine it depends on: killed, stopped, missing, of another version; found or started, or not."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click_instrument import write_click_instrument
from engine_process import EngineProcess
from live_host import SERVED, LiveHost
from plugin_build import build_program
from tiny_instrument import LOOP, write_tiny_instrument

from bridge.link import engines_status
from bridge.runtime_folder import engine_sockets, listen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the host program uses what only Linux has")

KILLS = 10
RECONNECT_S = 2.0
SPEAKS = "Plugins are served at"
PRESET = (
    LOOP
    + """
[[zone]]
name = "hits"
keys = "68-79"
source = "seeds"
seed = 2
mode = "one-shot"
"""
)

TURNED = (
    LOOP
    + """
[[macro]]
id = 1
name = "Pitch"
controller = 1
targets = [{ to = "direction:pitch", range = [-0.5, 0.5] }]
"""
)
Spoil = Callable[[EngineProcess, LiveHost, contextlib.ExitStack], EngineProcess]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(folder))
    monkeypatch.setenv("PRODUCERGAN_PRESET", str(tmp_path / "preset.toml"))
    monkeypatch.setenv("PRODUCERGAN_ENGINE", str(tmp_path / "none"))
    write_tiny_instrument(tmp_path / "tiny.onnx")
    (tmp_path / "preset.toml").write_text(PRESET)
    return folder


@contextlib.contextmanager
def engine() -> Iterator[EngineProcess]:
    with EngineProcess("play", "--audio", "none") as process:
        yield process
        process.process.kill()


def come_up(folder: Path, process: EngineProcess) -> float:
    """Waits until the engine's socket is there; when that was."""
    path = folder / f"engine-{process.process.pid}.sock"
    while not path.exists():
        assert process.process.poll() is None, process.lines
        time.sleep(0.001)
    return time.monotonic()


def undisturbed(tmp_path: Path, frames: int) -> np.ndarray:
    """What the host hears whose engine is left alone."""
    with engine() as process:
        process.wait_for(SPEAKS)
        with LiveHost(tmp_path / "alone.f32", frames) as host:
            host.wait_for("ready")
            host.tell("play")
            host.tell("stop")
            return host.finish()


def check_the_same(tmp_path: Path, host: LiveHost) -> None:
    """Whatever was done to the engine, not one frame is another one than if it had been left alone."""
    heard = host.finish()
    alone = undisturbed(tmp_path, len(heard))
    assert host.result["not_finite"] == 0
    assert host.result["hung"] == 0
    assert host.result["waits"] == 0
    assert len(alone) == len(heard)
    difference = np.abs(heard - alone)
    print(f"{len(heard)} frames, the largest difference {difference.max():g}, {host.result}")
    assert difference.max() == 0, f"first at frame {int(np.flatnonzero(difference.max(axis=1))[0])}"
    assert (np.abs(heard).reshape(-1, 2)[: len(heard) // 480 * 480].reshape(-1, 960).max(axis=1) > 0.01).all(), "a gap"


def test_killed_and_started_again_ten_times_while_a_host_plays(folder: Path, tmp_path: Path) -> None:
    took = []
    with contextlib.ExitStack() as engines:
        process = engines.enter_context(engine())
        process.wait_for(SPEAKS)
        with LiveHost(tmp_path / "heard.f32") as host:
            host.wait_for("ready")
            host.tell("play")
            for _ in range(KILLS):
                process.process.kill()
                process.process.wait()
                host.wait_for("frozen", "starting")
                process = engines.enter_context(engine())
                there = come_up(folder, process)
                took.append(host.wait_for(*SERVED)["seconds"] - there)
            host.tell("stop")
            check_the_same(tmp_path, host)
    print(f"reconnected within {max(took):.2f} s: {[round(seconds, 2) for seconds in took]}")
    assert max(took) < RECONNECT_S


@pytest.mark.parametrize("seconds", [3, pytest.param(10, marks=pytest.mark.long)])
def test_stopped_for_a_while(folder: Path, tmp_path: Path, seconds: int) -> None:
    with engine() as process, LiveHost(tmp_path / "heard.f32") as host:
        process.wait_for(SPEAKS)
        host.wait_for("ready")
        host.tell("play")
        process.process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.process.send_signal(signal.SIGCONT)
        (status,) = engines_status(folder)
        assert [client["preset"] for client in status["clients"]] == ["Loop"]
        host.tell("stop")
        check_the_same(tmp_path, host)
        assert host.statuses[-1]["status"] == "ready"


def spoil_by_kill(process: EngineProcess, host: LiveHost, engines: contextlib.ExitStack) -> EngineProcess:
    process.process.kill()
    process.process.wait()
    host.wait_for("frozen", "starting")
    process = engines.enter_context(engine())
    host.wait_for(*SERVED)
    return process


def spoil_by_stop(process: EngineProcess, host: LiveHost, engines: contextlib.ExitStack) -> EngineProcess:
    process.process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)  # longer than any sound that is under way
    process.process.send_signal(signal.SIGCONT)
    return process


@pytest.mark.parametrize("spoil", [spoil_by_kill, spoil_by_stop])
def test_a_knob_that_turns_while_the_engine_goes_costs_new_sounds_never_audio(
    folder: Path, tmp_path: Path, spoil: Spoil
) -> None:
    # So slow that there is always a sound of which but the beginning has come.
    write_click_instrument(tmp_path / "tiny.onnx", work=60, amplitude=0.4, low_hz=200, high_hz=900, frames=4 * 16000)
    (tmp_path / "preset.toml").write_text(TURNED)
    draw = random.Random(1)
    with contextlib.ExitStack() as engines, LiveHost(tmp_path / "heard.f32", 0, "turn") as host:
        process = engines.enter_context(engine())
        host.wait_for("ready")
        host.tell("play")
        host.wait_for("rendering")
        for _ in range(KILLS // 2):
            time.sleep(draw.uniform(0.2, 0.5))
            process = spoil(process, host, engines)
        host.tell("stop")
        heard = host.finish()
    assert host.result["not_finite"] == host.result["hung"] == host.result["waits"] == 0
    loudest = np.abs(heard[: len(heard) // 480 * 480]).reshape(-1, 960).max(axis=1)
    silent = np.flatnonzero(loudest < 0.02)
    print(f"{len(loudest)} times 10 ms, the softest {loudest.min():.3f}, silent {len(silent)}: {silent[:10]}")
    assert len(silent) == 0


def test_an_engine_that_stops_at_the_handshake_is_passed_over(folder: Path, tmp_path: Path) -> None:
    with engine() as older, engine() as newer:
        older.wait_for(SPEAKS)
        newer.wait_for(SPEAKS)
        os.utime(folder / f"engine-{newer.process.pid}.sock")  # what the plugin tries first
        newer.process.send_signal(signal.SIGSTOP)
        with LiveHost(tmp_path / "heard.f32") as host:
            host.wait_for(*SERVED, deadline_s=20)
            older.wait_for("1 connected")


def test_an_engine_that_stopped_at_the_handshake_is_told_of_and_tried_again(folder: Path, tmp_path: Path) -> None:
    with engine() as process:
        process.wait_for(SPEAKS)
        process.process.send_signal(signal.SIGSTOP)
        with LiveHost(tmp_path / "heard.f32") as host:
            host.wait_for("missing", sentence="does not answer", deadline_s=20)
            process.process.send_signal(signal.SIGCONT)
            host.wait_for(*SERVED, deadline_s=20)


def test_a_bounce_that_lacks_sounds_says_so_and_the_next_one_may_not(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "preset.toml").write_text(TURNED)
    with engine() as process, LiveHost(Path("bounce"), 700) as host:
        process.wait_for(SPEAKS)

        def bounced(sentence: str = "") -> dict[str, Any]:
            host.tell("play")
            return host.wait_for("bounced", sentence=sentence)

        good = bounced()
        assert good["sentence"] == ""
        assert good["peak"] > 0.1
        process.process.send_signal(signal.SIGSTOP)
        bad = bounced("The bounce lacks sounds: the engine did not answer. Bounce it again.")
        assert bad["peak"] == pytest.approx(good["peak"]), "what there is is played all the same"
        process.process.send_signal(signal.SIGCONT)
        assert bounced()["sentence"] == ""
        process.process.kill()
        process.process.wait()
        host.wait_for("frozen")
        assert bounced()["sentence"] == "", "all that it needs was kept"
        host.tell("turn")
        bad = bounced("The bounce lacks sounds that the project does not hold.")
        assert bad["peak"] > 0.1


def test_a_bounce_without_engine_and_preset_says_so(folder: Path, tmp_path: Path) -> None:
    with LiveHost(Path("bounce"), 700) as host:
        host.tell("play")
        assert host.wait_for("bounced", sentence="The bounce is silent: ")["peak"] == 0


def test_another_instrument_under_the_same_name_is_not_taken_for_the_projects(folder: Path, tmp_path: Path) -> None:
    with LiveHost(tmp_path / "heard.f32") as host:
        with engine():
            host.wait_for("ready")
        host.wait_for("frozen", "starting")
        write_tiny_instrument(tmp_path / "tiny.onnx", amplitude=0.25)
        with engine():
            host.wait_for("frozen", sentence="The instrument tiny is another one now")
        write_tiny_instrument(tmp_path / "tiny.onnx")
        with engine():
            host.wait_for("ready")


class Refusing:
    """An engine that gives everybody one answer."""

    def __init__(self, folder: Path, **answer: object) -> None:
        self.asked = 0
        self._socket, self._path = listen(folder, os.getpid())
        self._answer = answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        head = json.dumps(self._answer).encode()
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                self.asked += 1
                with peer, contextlib.suppress(OSError):
                    peer.recv(1 << 16)
                    peer.sendall(struct.pack("<II", len(head), 0) + head)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink()


def test_an_engine_of_another_version_says_so_and_is_not_pestered(folder: Path, tmp_path: Path) -> None:
    sentence = "This engine speaks version 2 of the link and the plugin version 1; update the plugin."
    refusing = Refusing(folder, type="refused", reason=sentence)
    with LiveHost(tmp_path / "heard.f32") as host:
        host.wait_for("missing", sentence=sentence)
        before = refusing.asked
        time.sleep(1.0)
        assert refusing.asked - before <= 8
        with engine() as process:  # another one beside it that fits, though it is not the newest
            process.wait_for(SPEAKS)
            os.utime(refusing._path)
            host.wait_for(*SERVED)
    refusing.close()


def test_an_engine_of_another_version_that_does_not_refuse_is_told_of_too(folder: Path, tmp_path: Path) -> None:
    later = Refusing(folder, type="welcome", version=2, engine="ProducerGAN 9", news=True)
    with LiveHost(tmp_path / "heard.f32") as host:
        host.wait_for("missing", sentence="speaks version 2 of the link and the plugin version 1; install the plugin")
    later.close()


def test_no_engine_to_start(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LiveHost(tmp_path / "heard.f32") as host:
        host.wait_for("missing", sentence=str(tmp_path / "none"))
        assert list(folder.iterdir()) == []


def starter(tmp_path: Path) -> Path:
    """A command `engine` that notes each time it is started."""
    command = tmp_path / "engine"
    start = f'exec "{sys.executable}" -c "import sys; from engine.cli import main; sys.exit(main())" "$@"'
    command.write_text(f'#!/bin/sh\necho "$@" >>"{tmp_path}/starts"\n{start}\n')
    command.chmod(0o755)
    return command


def starts(tmp_path: Path) -> list[str]:
    there = tmp_path / "starts"
    return there.read_text().splitlines() if there.exists() else []


@pytest.fixture
def ended(folder: Path) -> Iterator[None]:
    """Engines that plugins started end with the test."""
    yield
    for pid, _ in engine_sockets(folder):
        os.kill(pid, signal.SIGKILL)


def test_two_plugins_at_once_start_one_engine(folder: Path, tmp_path: Path, ended: None) -> None:
    folder.rmdir()  # the first one makes it
    command = starter(tmp_path)
    with contextlib.ExitStack() as hosts:
        pair = [hosts.enter_context(LiveHost(tmp_path / f"heard{i}.f32", PRODUCERGAN_ENGINE=command)) for i in range(2)]
        for host in pair:
            host.wait_for("starting")
            host.wait_for(*SERVED)
        assert len(starts(tmp_path)) == 1
        assert folder.stat().st_mode & 0o777 == 0o700
        (status,) = engines_status(folder)
        assert len(status["clients"]) == 2


def test_a_plugin_that_is_only_scanned_starts_nothing(folder: Path, tmp_path: Path) -> None:
    folder.rmdir()
    environment = os.environ | {"PRODUCERGAN_ENGINE": str(starter(tmp_path))}
    subprocess.run([build_program("host"), "scan"], env=environment, check=True)
    assert starts(tmp_path) == []
    assert not folder.exists()


def open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def of_somebody_else(folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    os.chown(folder, 12345, 12345)


def a_link(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize("spoil", [open_to_all, of_somebody_else, a_link])
def test_a_folder_that_others_can_get_into_is_not_used(folder: Path, tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    with engine() as process:
        process.wait_for(SPEAKS)
        spoil(folder)
        with LiveHost(tmp_path / "heard.f32", PRODUCERGAN_ENGINE=starter(tmp_path)) as host:
            host.wait_for("missing", sentence=str(folder))
            assert starts(tmp_path) == []
