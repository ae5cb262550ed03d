"""Fixtures of the engine's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_instrument import write_tiny_instrument


@pytest.fixture
def tiny_path(tmp_path: Path) -> Path:
    """A real instrument file: one second at 16 kHz, mono, eight latent dimensions, the uniform prior."""
    return write_tiny_instrument(tmp_path / "tiny.onnx")
