"""`engine play` serves plugins, with audio and without; and what it says of that."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click_instrument import write_click_preset
from engine_process import EngineProcess
from link_rig import Plugin
from tiny_instrument import write_loop_preset

from bridge.link import Link, engines_status
from bridge.runtime_folder import engine_sockets, make_link_folder
from engine.errors import UserError

DEADLINE_S = 20.0
SERVED = "Plugins are served at"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(tmp_path / "run"))
    return make_link_folder()


def socket_of(folder: Path, engine: EngineProcess) -> Path:
    return folder / f"engine-{engine.process.pid}.sock"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from engine.cli import main; sys.exit(main())", "play", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)


def bridge_status(*arguments: str) -> str:
    command = [sys.executable, "-c", "import sys; from bridge.cli import main; sys.exit(main())", "status", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=True).stdout


def test_an_engine_without_audio_serves_and_says_who_is_there(folder, tmp_path):
    with EngineProcess("play", "--audio", "none") as engine:
        assert str(socket_of(folder, engine)) in engine.wait_for(SERVED)
        plugin = Plugin(socket_of(folder, engine), "Song 1")
        engine.wait_for("1 connected.")
        plugin.open(write_loop_preset(tmp_path))
        plugin.settle()
        (status,) = engines_status(folder)
        assert (status["audio"], status["preset"]) == ("none", "")
        assert [client["preset"] for client in status["clients"]] == ["Loop"]
        text = bridge_status()
        assert f"Engine {engine.process.pid} only serves plugins; 1 connected." in text
        assert f"Song 1 ({os.getpid()}): Loop" in text
        assert f'"pid": {engine.process.pid}' in bridge_status("--json")
        with Link(socket_of(folder, engine), "A\x1b[31m\nsong", pid=7):
            assert "  A?[31m?song (7): no preset yet\n" in bridge_status()
        plugin.close()
        engine.wait_for("Nobody is connected.")
        engine.interrupt()
        assert engine.process.returncode == 0
        assert engine.lines[-1] == "Goodbye."
    assert list(engine_sockets(folder)) == []
    assert "No engine is running" in bridge_status()


def test_an_engine_that_plays_serves_as_well(folder, tmp_path):
    preset = write_click_preset(tmp_path, keys="35-59")
    with EngineProcess("play", str(preset), "--audio", "null") as engine:
        engine.wait_ready()
        plugin = Plugin(socket_of(folder, engine))
        plugin.open(preset)
        plugin.settle()
        (status,) = engines_status(folder)
        assert status["audio"].startswith("null")
        assert status["preset"] == "Clicks"
        plugin.close()


def test_it_ends_when_nobody_came_or_all_have_gone(folder):
    with EngineProcess("play", "--audio", "none", "--until-idle", "0.3") as engine:
        engine.wait_for("Nobody was connected for 0.3 seconds.")
        assert engine.process.wait(DEADLINE_S) == 0
    with EngineProcess("play", "--audio", "none", "--until-idle", "0.3") as engine:
        engine.wait_for(SERVED)
        link = Link(socket_of(folder, engine), "one")
        engine.wait_for("1 connected.")
        link.ask("presets", "presets")
        assert engine.process.poll() is None
        link.close()
        engine.wait_for("Nobody was connected for 0.3 seconds.")
        assert engine.process.wait(DEADLINE_S) == 0


def test_it_serves_where_its_output_is_closed(folder):
    command = [sys.executable, "-c", "import sys; from engine.cli import main; sys.exit(main())", "play"]
    closed = ["sh", "-c", 'exec "$0" "$@" >&-', *command, "--audio", "none", "--until-idle", "0.1"]
    ended = subprocess.run(closed, capture_output=True, text=True, timeout=DEADLINE_S)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_of_two_that_plugins_start_one_makes_way(folder):
    with EngineProcess("play", "--audio", "none") as first:
        first.wait_for(SERVED)
        with EngineProcess("play", "--audio", "none", "--until-idle", "60") as second:
            second.wait_for("There is an engine that plugins use already")
            assert second.process.wait(DEADLINE_S) == 0
        with EngineProcess("play", "--audio", "none") as third:  # whoever asks for a second one gets it
            third.wait_for(SERVED)


def test_an_engine_that_was_killed_leaves_a_socket_that_the_next_sweeps(folder):
    with EngineProcess("play", "--audio", "none") as engine:
        engine.wait_for(SERVED)
        engine.process.send_signal(signal.SIGKILL)
        engine.process.wait(DEADLINE_S)
    assert socket_of(folder, engine).exists()
    with EngineProcess("play", "--audio", "none", "--until-idle", "60") as after:
        after.wait_for(SERVED)
        assert [pid for pid, _ in engine_sockets(folder)] == [after.process.pid]


def test_the_folder_tells_how_to_start_one(folder):
    with EngineProcess("play", "--audio", "none") as engine:
        engine.wait_for(SERVED)
        command = (folder / "engine").read_text().strip()
    shown = subprocess.run([command, "--help"], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert "play" in shown.stdout


def test_a_folder_that_cannot_be_used_is_said_and_it_plays_on(folder, tmp_path):
    folder.chmod(0o755)
    preset = write_click_preset(tmp_path, keys="35-59")
    with EngineProcess("play", str(preset), "--audio", "null") as engine:
        engine.wait_ready()
        assert any("Others can get into" in line for line in engine.lines)
        engine.interrupt()
        assert engine.process.returncode == 0
    answer = run("--audio", "none")
    assert answer.returncode == 1
    assert "Others can get into" in answer.stderr
    with pytest.raises(UserError, match="Others can get into"):  # what answers there may be anybody
        engines_status()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--connect", "Ardour"], "leave out --connect"),
        (["--record", "a.wav"], "leave out --record"),
        (["--demo"], "leave out --demo"),
        (["--midi", "Keys"], "leave out --midi"),
        (["--save-as", "a.toml"], "leave out --save-as"),
        (["--rate", "48000"], "leave out --rate"),
        (["--block", "64"], "leave out --block"),
        (["choir"], "leave out choir"),
    ],
)
def test_what_means_nothing_without_audio_is_refused(options, says):
    answer = run(*options, "--audio", "none")
    assert answer.returncode == 1
    assert says in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_until_idle_is_for_an_engine_without_audio():
    answer = run("--audio", "null", "--until-idle", "3")
    assert answer.returncode == 1
    assert "use it with --audio none" in answer.stderr
    assert run("--audio", "none", "--until-idle", "-1").returncode == 2
