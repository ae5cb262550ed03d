"""The plugin's files: where a build leaves them, where hosts look for them, and how they come there."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bridge.runtime_folder import settings_folder, tell_command
from engine.errors import UserError

BUILD = Path(__file__).resolve().parents[1] / "build/plugin/ProducerGAN_artefacts/Release"
MAC_FOLDER = "Library/Audio/Plug-Ins"


@dataclass(frozen=True)
class Format:
    """One of the plugin's formats: a folder that hosts look for in another."""

    name: str  # as JUCE's build names its folder
    file: str
    linux: str | None  # where hosts look, in the home folder; None where there is no such format
    mac: str

    def place(self) -> Path | None:
        """Where this user's hosts look for it; None if none does on this system."""
        folder = self.mac if sys.platform == "darwin" else self.linux
        return Path.home() / folder / self.file if folder else None


FORMATS = (
    Format("VST3", "ProducerGAN.vst3", ".vst3", f"{MAC_FOLDER}/VST3"),
    Format("LV2", "ProducerGAN.lv2", ".lv2", f"{MAC_FOLDER}/LV2"),
    Format("AU", "ProducerGAN.component", None, f"{MAC_FOLDER}/Components"),
)


def built(format: Format) -> Path | None:
    """What the build left, if it did."""
    path = BUILD / format.name / format.file
    return path if path.is_dir() else None


def installed(format: Format) -> Path | None:
    """What was installed for this user, if it was."""
    path = format.place()
    return path if path is not None and path.is_dir() else None


def check_built() -> None:
    """Raises UserError if there is no built plugin."""
    if any(built(format) for format in FORMATS):
        return
    checkout = BUILD.parents[3]
    if (checkout / "bridge/plugin").is_dir():
        raise UserError(f"The plugin is not built yet; build it with: make -C {checkout} plugin")
    raise UserError(
        "This installation does not hold the plugin, which is built from a checkout of the sources; "
        "say `make plugin` there, then `bridge plugin install`."
    )


def install(say: Callable[[str], None]) -> list[tuple[Format, Path]]:
    """Copies every built format to where hosts look, and leaves word there of this engine. Raises UserError."""
    check_built()
    done = []
    for format in FORMATS:
        source, target = built(format), format.place()
        if source is None or target is None:
            continue
        try:
            replaced = _replace(source, target)
        except OSError as error:
            raise UserError(f"{target} cannot be written: {error.strerror}.") from error
        say(f"{format.name}: {target} ({'replaced' if replaced else 'new'}).")
        done.append((format, target))
    try:
        settings_folder().mkdir(parents=True, exist_ok=True)
        command = tell_command(settings_folder())
    except OSError as error:
        raise UserError(f"{settings_folder()} cannot be written: {error.strerror}.") from error
    if command is not None:
        say(f"The plugin starts the engine {command} when none is running.")
    return done


def _replace(source: Path, target: Path) -> bool:
    """Copies a folder to its place by way of a temporary name; whether there was one before. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    coming, going = (target.with_name(f".{target.name}.{os.getpid()}.{end}") for end in ("part", "old"))
    try:
        shutil.copytree(source, coming, symlinks=True)
        there = target.is_symlink() or target.exists()
        if there:
            os.replace(target, going)  # a folder that is not empty cannot be renamed over
        try:
            os.replace(coming, target)
        except OSError:
            if there:
                os.replace(going, target)
            raise
    finally:
        for left in (coming, going):
            if left.is_symlink():
                left.unlink()
            shutil.rmtree(left, ignore_errors=True)
    return there
