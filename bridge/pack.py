"""A preset as one file to share: a zip of its TOML, its instrument, and a manifest that says what must be in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from bridge.names import safe_stem
from bridge.notice import FILE as NOTICE
from bridge.notice import notice
from engine import preset_file
from engine.data import ENCODER_SUFFIX
from engine.errors import UserError
from engine.files import replacing
from engine.preset import Preset

KIND = "producergan preset"
FORMAT = 1
MANIFEST = "manifest.json"
ENDING = ".zip"
OLDEST = (1980, 1, 1, 0, 0, 0)  # of a zip: the file shall not depend on when it is packed


def pack(preset: Preset, path: Path) -> dict[str, Any]:
    """Writes a loaded preset as one new file, whole or not at all. Returns the manifest. Raises UserError.

    The instrument's encoder is taken along if it lies beside it, and a bundled instrument's licence notice.
    """
    if path.suffix.lower() != ENDING:
        raise UserError(f"A shared preset's file must end in {ENDING}, so it cannot be {path}.")
    if os.path.lexists(path):
        raise UserError(f"{path} is there already, and nothing of yours is written over; choose another name.")
    instrument = preset.opened
    stem = safe_stem(instrument.path.stem, "instrument")
    text = preset_file.write(replace(preset, instrument_name=f"{stem}.onnx"))
    contents: dict[str, bytes | Path] = {f"{safe_stem(preset.name, 'preset')}.toml": _utf8(text, preset)}
    contents[f"{stem}.onnx"] = instrument.model
    encoder = instrument.path.with_suffix(ENCODER_SUFFIX)
    if encoder.is_file():
        contents[stem + ENCODER_SUFFIX] = encoder
    if note := notice(instrument):
        contents[NOTICE] = note.encode()
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        "name": preset.name,
        "licence": instrument.licence,
        "files": [{"name": name, **_measured(content)} for name, content in contents.items()],
    }
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(_entry(MANIFEST), json.dumps(manifest, indent=2))
        for name, content in contents.items():
            with file.open(_entry(name), "w") as out:
                if isinstance(content, bytes):
                    out.write(content)
                else:
                    with content.open("rb") as source:
                        shutil.copyfileobj(source, out)
    return manifest


def digest_of(file: IO[bytes]) -> str:
    """The SHA-256 of what is left to read, in hexadecimal."""
    digest = hashlib.sha256()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


def _utf8(text: str, preset: Preset) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"A name in the preset {preset.name!r} is no text; change it and pack again.") from error


def _measured(content: bytes | Path) -> dict[str, Any]:
    if isinstance(content, bytes):
        return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    with content.open("rb") as file:
        return {"bytes": content.stat().st_size, "sha256": digest_of(file)}


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, OLDEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
