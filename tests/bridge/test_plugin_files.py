"""`bridge plugin`: what was built comes whole to where hosts look, and the plugin learns where the engine is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import plugin_build
import pytest
from plugin_build import ROOT

from bridge import cli, plugin_files
from bridge.plugin_files import FORMATS
from engine.errors import UserError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path / "home"


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's build folder with both formats in it."""
    folder = tmp_path / "checkout/build/plugin/ProducerGAN_artefacts/Release"
    monkeypatch.setattr(plugin_files, "BUILD", folder)
    for format in FORMATS[:2]:
        (folder / format.name / format.file).mkdir(parents=True)
        (folder / format.name / format.file / "code.so").write_text("first")
    (tmp_path / "checkout/bridge/plugin").mkdir(parents=True)
    return folder


def test_install_copies_and_replaces(home: Path, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plugin", "install"]) == 0
    said = capsys.readouterr().out
    assert f"VST3: {home}/.vst3/ProducerGAN.vst3 (new)." in said
    assert f"LV2: {home}/.lv2/ProducerGAN.lv2 (new)." in said
    (build / "VST3/ProducerGAN.vst3/code.so").write_text("second")
    (home / ".vst3/ProducerGAN.vst3/left over").touch()
    assert cli.main(["plugin", "install"]) == 0
    assert f"VST3: {home}/.vst3/ProducerGAN.vst3 (replaced)." in capsys.readouterr().out
    assert [path.name for path in (home / ".vst3").iterdir()] == ["ProducerGAN.vst3"]
    assert [path.name for path in (home / ".vst3/ProducerGAN.vst3").iterdir()] == ["code.so"]
    assert (home / ".vst3/ProducerGAN.vst3/code.so").read_text() == "second"


def test_a_copy_that_fails_leaves_what_was_there(
    home: Path, build: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plugin", "install"]) == 0

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copytree", full)
    with pytest.raises(UserError, match="No space left on device"):
        plugin_files.install(lambda sentence: None)
    assert [path.name for path in (home / ".vst3").iterdir()] == ["ProducerGAN.vst3"]
    assert (home / ".vst3/ProducerGAN.vst3/code.so").read_text() == "first"


def test_install_tells_where_the_engine_is(home: Path, build: Path) -> None:
    assert cli.main(["plugin", "install"]) == 0
    command = Path((home / ".config/producergan/engine").read_text().strip())
    assert command.is_absolute()
    assert command.name == "engine"


def test_path_prints_what_is_installed_else_what_is_built(
    home: Path, build: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plugin", "path"]) == 0
    assert capsys.readouterr().out.split("\n")[0] == str(build / "VST3/ProducerGAN.vst3")
    assert cli.main(["plugin", "install"]) == 0
    capsys.readouterr()
    assert cli.main(["plugin", "path"]) == 0
    assert capsys.readouterr().out.split("\n")[0] == str(home / ".vst3/ProducerGAN.vst3")
    assert cli.main(["plugin", "path", "--json"]) == 0
    (first, _) = json.loads(capsys.readouterr().out)["plugin"]
    assert first["format"] == "VST3"
    assert first["built"] == str(build / "VST3/ProducerGAN.vst3")
    assert first["installed"] == str(home / ".vst3/ProducerGAN.vst3")


@pytest.mark.parametrize("action", ["install", "path"])
def test_what_is_not_built_is_said(
    action: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plugin_files, "BUILD", tmp_path / "checkout/build/plugin/ProducerGAN_artefacts/Release")
    assert cli.main(["plugin", action]) != 0
    assert "does not hold the plugin" in capsys.readouterr().err
    (tmp_path / "checkout/bridge/plugin").mkdir(parents=True)
    assert cli.main(["plugin", action]) != 0
    assert f"make -C {tmp_path / 'checkout'} plugin" in capsys.readouterr().err


def test_what_is_built_is_not_built_again() -> None:
    path = plugin_build.plugin("VST3")
    (library,) = path.rglob("*.so")
    before = library.stat().st_mtime_ns
    assert "no work to do" in plugin_build.build()
    assert library.stat().st_mtime_ns == before


def test_the_plugin_finds_the_engine_that_install_told(tmp_path: Path) -> None:
    """After a restart of the machine: an empty runtime folder, and nothing on PATH."""
    from plugin_host import Job

    started = tmp_path / "started"
    settings = tmp_path / "config/producergan"
    settings.mkdir(parents=True)
    command = tmp_path / "engine"
    command.write_text(f'#!/bin/sh\necho "$@" >{started}.new\nmv {started}.new {started}\n')
    command.chmod(0o755)
    (settings / "engine").write_text(f"{command}\n")
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    environment = {
        "PRODUCERGAN_RUNTIME": str(runtime),
        "PRODUCERGAN_ENGINE": "",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PATH": "/usr/bin:/bin",
    }
    Job("minihost", plugin_build.plugin("VST3"), tmp_path, environment=environment).wait(1.0).run()
    assert started.read_text().split() == ["play", "--audio", "none", "--until-idle", "30"]


def test_make_plugin_says_where_it_is() -> None:
    shown = subprocess.run(["make", "-n", "plugin"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "tools/build-plugin" in shown
    assert "bridge plugin path" in shown
