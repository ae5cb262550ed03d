"""Finding bundled data, in a checkout and when installed."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from tiny_instrument import write_tiny_instrument

from engine import data
from engine.errors import UserError


def test_a_checkout_has_its_own_presets() -> None:
    assert data.bundled_folder() == Path(data.__file__).resolve().parent.parent / "presets"
    assert data.find_preset("drums") == data.bundled_folder() / "drums.toml"


def test_installed_presets_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "share" / "producergan" / "presets"
    write_tiny_instrument(folder / "instruments" / "choir.onnx")
    (folder / "instruments" / "choir.encoder.onnx").write_text("beside an instrument, but none")
    (folder / "choir.toml").write_text("")
    monkeypatch.setattr(data, "CHECKOUT", tmp_path / "site-packages")
    monkeypatch.setattr(sysconfig, "get_path", lambda name, scheme: str(tmp_path))
    assert data.bundled_presets() == {"choir": folder / "choir.toml"}
    assert list(data.bundled_instruments()) == ["choir"]
    assert data.find_instrument("choir", tmp_path) == folder / "instruments" / "choir.onnx"


def test_a_file_goes_before_a_bundled_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drums").write_text("")
    assert data.find_preset("drums") == Path("drums")


def test_an_instrument_is_looked_for_from_its_preset(tmp_path: Path) -> None:
    path = write_tiny_instrument(tmp_path / "sounds" / "mine.onnx")
    assert data.find_instrument("sounds/mine.onnx", tmp_path) == path
    assert data.find_instrument(str(path), Path("elsewhere")) == path
    with pytest.raises(UserError, match="is missing"):
        data.find_instrument("mine.onnx", tmp_path)
    with pytest.raises(UserError, match="is missing"):
        data.find_instrument("~nobody-of-this-name/mine.onnx", tmp_path)
    with pytest.raises(UserError, match="none of those bundled"):
        data.find_instrument("mine", tmp_path)
