"""Finds bundled presets and instruments, and what a user's text names: a file, or something bundled."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

from engine.errors import UserError

CHECKOUT = Path(__file__).resolve().parent.parent
DEFAULT_PRESET = "drums"
ENCODER_SUFFIX = ".encoder.onnx"  # of what may lie beside an instrument, and is none


def bundled_folder() -> Path:
    """The folder of bundled presets: the checkout's when the engine runs from one, otherwise the installed data."""
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT / "presets"
    schemes = [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")]
    folders = [Path(sysconfig.get_path("data", scheme), "share", "producergan", "presets") for scheme in schemes]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def bundled_presets() -> dict[str, Path]:
    """Name → file of every bundled preset, by name."""
    return {path.stem: path for path in sorted(bundled_folder().glob("*.toml"))}


def bundled_instruments() -> dict[str, Path]:
    """Name → file of every bundled instrument, by name."""
    files = sorted((bundled_folder() / "instruments").glob("*.onnx"))
    return {path.stem: path for path in files if not path.name.endswith(ENCODER_SUFFIX)}


def find_preset(text: str | os.PathLike[str]) -> Path:
    """The file that a preset's (or instrument's) path or bundled name means. Raises UserError if there is none."""
    path = Path(text)
    if path.is_file():
        return path
    bundled = bundled_presets()
    if str(text) in bundled:
        return bundled[str(text)]
    names = ", ".join(bundled) or "none"
    raise UserError(f"There is no preset or instrument {text}; give a file, or one of the bundled presets: {names}.")


def names_file(text: str) -> bool:
    """Whether a preset's `instrument` is a path, not a bundled name."""
    return text.lower().endswith(".onnx")


def find_instrument(text: str, relative_to: Path) -> Path:
    """The file that a preset names: a path from the preset's folder if it ends in .onnx, otherwise a bundled name.

    Raises UserError if it is not there.
    """
    if names_file(text):
        path = relative_to / os.path.expanduser(text)
        if path.is_file():
            return path
        raise UserError(f"The instrument {path} is missing; put it there or change 'instrument' in the preset.")
    bundled = bundled_instruments()
    if text in bundled:
        return bundled[text]
    names = ", ".join(bundled) or "none"
    raise UserError(
        f"The instrument {text!r} is missing: it is none of those bundled ({names}); "
        f"an instrument of your own is named by its file, which ends in .onnx."
    )
