"""Writing a whole folder so that nothing of the user's is lost: under a temporary name beside it, then renamed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from engine.errors import UserError
from engine.files import check_folder_of


def check_new(path: Path) -> None:
    """Raises UserError unless a folder can be made at `path`: nothing is there, or an empty folder."""
    if not path.name or path.name == "..":
        raise UserError(f"{path} is no name for a new folder; give one, such as {path / 'kit'}.")
    check_folder_of(path)
    if path.is_symlink() or (path.exists() and (not path.is_dir() or any(path.iterdir()))):
        raise UserError(f"{path} is there already, and nothing of yours is written over; choose another place.")


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `path` that gets its name if the block ends well, and vanishes if not.

    Raises UserError if something is at `path` already, an empty folder excepted.
    """
    check_new(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        check_new(path)
        if path.exists():
            path.rmdir()  # an empty one: on Windows nothing is renamed over it
        os.rename(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
