"""Writing files so that nothing the user made is ever lost: to a temporary name first, then renamed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from engine.errors import UserError


def check_folder_of(path: Path) -> None:
    """Raises UserError unless the folder exists in which `path` is to be written."""
    if not path.parent.is_dir():
        raise UserError(f"The folder {path.parent} does not exist; create it or choose another place for {path.name}.")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; what was written there replaces `path` if the block ends well.

    Raises UserError if the folder does not exist, or `path` is one itself.
    """
    path = Path(path).resolve()  # a link stays one: what it points to is replaced
    check_folder_of(path)
    if path.is_dir():
        raise UserError(f"{path} is a folder; choose another name for the file to write.")
    # The ending stays last: writers such as libsndfile choose the format by it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text by way of a temporary name."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
