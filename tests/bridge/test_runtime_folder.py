"""Where engines and plugins find each other: whose folder it is, what is swept, and what is told there."""

import os
import socket
import stat
from pathlib import Path

import pytest

from bridge import runtime_folder
from bridge.runtime_folder import connect, engine_sockets, link_folder, listen, make_link_folder, sweep, tell_command
from engine.errors import UserError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(tmp_path / "run"))
    return make_link_folder()


def test_the_variable_comes_before_the_session_and_that_before_tmp(monkeypatch):
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", "/a/b")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert link_folder() == Path("/a/b")
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", "")
    assert link_folder() == Path("/run/user/7/producergan")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert link_folder() == Path(f"/tmp/producergan-{os.getuid()}")


def test_it_is_made_for_its_user_alone(folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert make_link_folder() == folder


def test_a_folder_that_others_can_get_into_is_refused(folder):
    folder.chmod(0o755)
    with pytest.raises(UserError, match="chmod 700"):
        make_link_folder()


def test_a_link_or_a_file_in_its_place_is_refused(tmp_path, monkeypatch):
    (tmp_path / "own").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "own")
    (tmp_path / "file").write_text("")
    for name in ("link", "file"):
        monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(tmp_path / name))
        with pytest.raises(UserError, match="not a folder of yours"):
            make_link_folder()


def test_somebody_elses_folder_is_refused(folder, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(UserError, match="not a folder of yours"):
        make_link_folder()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(tmp_path / "file" / "run"))
    with pytest.raises(UserError, match="cannot be used for plugins: Not a directory"):
        make_link_folder()


def test_a_name_too_long_for_a_socket_is_one_sentence(folder):
    with pytest.raises(UserError, match="too long"):
        listen(folder / ("x" * 100), 1)


def test_stale_sockets_are_swept_and_living_ones_stay(folder):
    alive, path = listen(folder, 1)
    dead, stale = listen(folder, 2)
    dead.close()
    (folder / "engine-3.sock").write_text("no socket")
    (folder / "other").write_text("")
    assert sweep(folder) == [stale]
    assert not stale.exists()
    assert [pid for pid, _ in engine_sockets(folder)] == [1]
    assert (folder / "engine-3.sock").exists()
    connect(path).close()
    alive.close()


def test_an_engine_that_takes_no_more_connections_is_not_swept(folder):
    full = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    full.bind(str(folder / "engine-4.sock"))
    full.listen(0)
    waiting = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(3)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(str(folder / "engine-4.sock"))
    assert sweep(folder) == []
    for one in [*waiting, full]:
        one.close()


def test_the_newest_engine_comes_first(folder):
    sockets = [listen(folder, pid)[0] for pid in (30, 10, 20)]
    for age, pid in enumerate((20, 30, 10)):
        os.utime(folder / f"engine-{pid}.sock", ns=(10**18 - age, 10**18 - age))
    assert [pid for pid, _ in engine_sockets(folder)] == [20, 30, 10]
    for one in sockets:
        one.close()


def test_a_pids_old_socket_makes_way(folder):
    old, path = listen(folder, 5)
    old.close()
    new, again = listen(folder, 5)
    assert again == path
    connect(path).close()
    assert list(folder.iterdir()) == [path]
    new.close()


def test_the_command_is_told_by_its_whole_path(folder):
    tell_command(folder)
    command = Path((folder / "engine").read_text().strip())
    assert command.is_absolute()
    assert command.name == "engine"
    assert os.access(command, os.X_OK)
    assert runtime_folder.engine_command() == command
