"""Fixtures of the engine's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fake_portaudio import FakePortAudio
from tiny_instrument import write_tiny_instrument


@pytest.fixture
def tiny_path(tmp_path: Path) -> Path:
    """A real instrument file: one second at 16 kHz, mono, eight latent dimensions, the uniform prior."""
    return write_tiny_instrument(tmp_path / "tiny.onnx")


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    """In the place of PortAudio, and no JACK server that could be found."""
    fake = FakePortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "producergan-no-such-server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    return fake
