"""Takes a shared preset out of its file. Nothing in the file is believed: all is checked before anything is written."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import stat
import struct
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.folders import check_new, new_folder
from bridge.names import is_plain, safe_stem
from bridge.notice import FILE as NOTICE
from bridge.pack import FORMAT, KIND, MANIFEST, digest_of
from engine import preset_file
from engine.data import ENCODER_SUFFIX
from engine.errors import UserError
from engine.instrument import MAX_FILE_BYTES
from engine.preset import Preset

MOST_ENTRIES = 5  # manifest, preset, instrument, encoder, notice
LARGEST_TEXT = 1 << 20  # bytes, of a manifest, a preset or a notice
LARGEST_DIRECTORY = 1 << 16  # bytes, of the zip's table of contents
MOST_RATIO = 100  # of size to packed size: an instrument's is near 1, a text's near 5
UNSUSPICIOUS = 1 << 16  # bytes: what is smaller may be as repetitive as it likes
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for gigabytes to unpack a few bytes
END, LOCATOR_64 = struct.Struct("<4s4H2LH"), 20  # the record at a zip's very end; the size of what may stand before it


@dataclass(frozen=True)
class Listed:
    """A file as the manifest has it."""

    name: str
    bytes: int
    sha256: str


def unpack(archive: Path, folder: Path | None = None) -> tuple[Path, Preset]:
    """Writes the preset and its instrument into a new folder, whole or not at all. Returns the preset, and its file.

    `folder` is one named after the archive, in the present one, unless given. Raises UserError, one sentence, for
    whatever is wrong with the archive, and if something is at `folder` already.
    """
    if not archive.is_file():
        raise UserError(f"The file {archive} does not exist; check the name.")
    folder = Path(safe_stem(archive.stem, "preset")) if folder is None else folder
    check_new(folder)
    with _opened(archive) as file:
        entries = _entries(file, archive)
        files = _manifest(file, entries, archive)
        preset_name = _check_contents(file, entries, files, archive)
        with new_folder(folder) as temporary:
            for entry in entries.values():
                if entry.filename != MANIFEST:
                    with file.open(entry) as source, (temporary / entry.filename).open("xb") as out:
                        shutil.copyfileobj(source, out)
            try:
                Preset.load(temporary / preset_name)  # the instrument is checked as every instrument is
            except UserError as error:
                raise UserError(str(error).replace(str(temporary), str(archive))) from error
    return folder / preset_name, Preset.load(folder / preset_name)


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    """The zip. What is broken inside is told of whenever it is come upon."""
    broken = UserError(f"{archive} is no shared preset, or it was damaged on its way; have it sent again.")
    try:
        _check_end(archive, broken)
        with zipfile.ZipFile(archive) as file:
            yield file
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise broken from error


def _check_end(archive: Path, broken: UserError) -> None:
    """Raises unless the zip's own last record asks for a table of contents of a sensible size.

    The table is read as a whole when the zip is opened, so that this comes first. A zip of ours ends with the plain
    record, without a comment and without the one for huge zips.
    """
    with archive.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - END.size - LOCATOR_64))
        tail = file.read()
    if len(tail) < END.size:
        raise broken
    mark, _, _, _, count, directory, _, comment = END.unpack(tail[-END.size :])
    if mark != b"PK\5\6" or comment or tail.startswith(b"PK\6\7"):
        raise broken
    if count > MOST_ENTRIES or directory > LARGEST_DIRECTORY:
        raise UserError(f"{archive} has {count} files in it, more than a shared preset has; it is not opened.")


def _entries(file: zipfile.ZipFile, archive: Path) -> dict[str, zipfile.ZipInfo]:
    """Name → entry. Raises UserError for a name, a kind or a size that no file of ours has."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in file.infolist():
        name = entry.filename
        if not is_plain(name) or entry.orig_filename != name:
            raise UserError(f"{archive} has a file {name!r} in it, no name of a shared preset's; it is not opened.")
        if name.lower() in {other.lower() for other in entries}:
            raise UserError(f"{archive} has two files {name!r} in it; it is not opened.")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise UserError(f"{archive} has a link or device {name!r} in it; it is not opened.")
        if entry.flag_bits & 1:
            raise UserError(f"{archive} asks for a password; have it packed again with `bridge pack`.")
        if entry.compress_type not in METHODS or entry.header_offset < 0:
            raise UserError(f"{archive} is packed as `bridge pack` does not, or was damaged; have it packed again.")
        largest = MAX_FILE_BYTES if name.lower().endswith(".onnx") else LARGEST_TEXT
        if entry.file_size > largest:
            raise UserError(f"{archive} has a file {name!r} of {entry.file_size >> 20} MiB in it, far too much.")
        if entry.file_size > max(UNSUSPICIOUS, MOST_RATIO * entry.compress_size):
            raise UserError(
                f"{archive} has a file {name!r} in it that would grow to {entry.file_size >> 20} MiB when unpacked, "
                f"more than {MOST_RATIO} times its size; it is not opened."
            )
        entries[name] = entry
    return entries


def _manifest(file: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], archive: Path) -> list[Listed]:
    """The files that the manifest names, which are those that are there."""
    if MANIFEST not in entries:
        raise UserError(f"{archive} is a zip, but no shared preset: it has no {MANIFEST}; see `bridge pack`.")
    try:
        told = json.loads(file.read(MANIFEST))
        if told["kind"] != KIND:
            raise ValueError
        version = told["format"]
        if type(version) is int and version != FORMAT:
            raise UserError(
                f"{archive} has format {version}, but this version of ProducerGAN reads format {FORMAT}; "
                "install a newer version."
            )
        if version is not FORMAT:
            raise ValueError
        files = [_listed(row) for row in told["files"]]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(f"{archive} has a {MANIFEST} that cannot be read; have it packed again.") from error
    names = sorted(row.name for row in files)
    if names != sorted(name for name in entries if name != MANIFEST):
        raise UserError(f"{archive} has other files in it than its {MANIFEST} names; have it sent again.")
    return files


def _listed(row: dict[str, Any]) -> Listed:
    name, size, digest = row["name"], row["bytes"], row["sha256"]
    if not isinstance(name, str) or type(size) is not int or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ValueError
    return Listed(name, size, digest)


def _check_contents(
    file: zipfile.ZipFile, entries: dict[str, zipfile.ZipInfo], files: list[Listed], archive: Path
) -> str:
    """The name of the preset's file, once every byte is what the manifest says and the preset names its instrument."""
    for row in files:
        with file.open(entries[row.name]) as content:
            if entries[row.name].file_size != row.bytes or digest_of(content) != row.sha256:
                raise UserError(f"{row.name} in {archive} was damaged or changed on its way; have it sent again.")
    names = [row.name for row in files]
    presets = [name for name in names if name.endswith(".toml")]
    instruments = [name for name in names if name.endswith(".onnx") and not name.endswith(ENCODER_SUFFIX)]
    if len(presets) != 1 or len(instruments) != 1:
        raise UserError(f"{archive} does not have one preset and one instrument in it; have it packed again.")
    known = {*presets, *instruments, instruments[0].removesuffix(".onnx") + ENCODER_SUFFIX, NOTICE}
    for name in names:
        if name not in known:
            raise UserError(f"{archive} has a file {name!r} in it that belongs to no shared preset; it is not opened.")
    try:
        preset = preset_file.parse(tomllib.loads(file.read(presets[0]).decode()))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{presets[0]} in {archive}: {str(error).removesuffix('.')}.") from error
    if preset.instrument_name != instruments[0]:
        raise UserError(
            f"{presets[0]} in {archive} asks for the instrument {preset.instrument_name!r}, not the one beside it; "
            "have it packed again."
        )
    return presets[0]
