"""The rows of `presets`: files are read once, until they change."""

import os

import pytest

from bridge import preset_rows
from bridge.preset_rows import Listing, PresetRows
from engine.preset import Preset

TEXT = """
format = 1
name = "{}"
about = "Mine"
instrument = "tiny.onnx"

[[zone]]
name = "keys"
keys = "36"
source = "seeds"
"""


@pytest.fixture
def read(monkeypatch):
    """The files that were read."""
    read, whole = [], Preset.read
    monkeypatch.setattr(Preset, "read", lambda path: (read.append(path), whole(path))[1])
    return read


def write(path, name):
    path.write_text(TEXT.format(name))
    return path


def test_a_file_is_read_once_and_again_when_it_has_changed(tmp_path, read):
    rows, path = PresetRows(), write(tmp_path / "one.toml", "One")
    for _ in range(3):
        assert rows.row(path) == ["One", str(path), "Mine"]
    assert read == [path]
    write(path, "Another")
    assert rows.row(path)[0] == "Another"
    os.utime(path, (1, 1))
    rows.row(path)
    assert read == [path] * 3


def test_what_cannot_be_read_is_not_told_until_it_can(tmp_path, read):
    rows, path = PresetRows(), tmp_path / "one.toml"
    assert rows.row(path) is None
    path.write_text("format = ")
    assert rows.row(path) is None
    assert rows.row(path) is None
    assert read == [path]
    write(path, "One")
    assert rows.row(path) is not None
    path.unlink()
    assert rows.row(path) is None


def test_a_bounded_number_of_rows_is_kept_those_asked_for_last(tmp_path, read, monkeypatch):
    monkeypatch.setattr(preset_rows, "MOST_KEPT", 3)
    rows = PresetRows()
    paths = [write(tmp_path / f"{number}.toml", number) for number in range(4)]
    for number in (0, 1, 2, 0, 3):
        rows.row(paths[number])
    read.clear()
    for number in (0, 2, 3, 1):
        rows.row(paths[number])
    assert read == [paths[1]]


def test_a_folder_that_no_system_could_have_has_no_presets():
    listing = Listing(PresetRows(), "x" * 4000)
    assert listing.go_on(lambda: False)
    assert {row[0] for row in listing.rows} >= {"Drums"}
