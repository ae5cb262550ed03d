"""Writes a kit's folder: the samples, a map for each format, and a note on where the sounds come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bridge.folders import new_folder
from bridge.kits.formats import FORMATS
from bridge.kits.kit import SAMPLES, Kit, take_apart
from bridge.kits.left_out import left_out
from bridge.kits.samples import version, write_samples
from bridge.notice import FILE as NOTICE
from bridge.notice import notice
from engine.preset import Preset

NOTE = "README.txt"


def export(preset: Preset, folder: Path, formats: Sequence[str] = tuple(FORMATS)) -> dict[str, Any]:
    """Writes the kit of a loaded preset into a new folder; whole or not at all.

    `formats` are names of the table FORMATS. Returns what was written: kit, preset, instrument, licence, sample_rate,
    samples, and formats (name → file, leaves_out). Raises UserError if something is at `folder` already, or no key
    sounds.
    """
    kit = take_apart(preset)
    written = {
        name: {"file": kit.stem + FORMATS[name].ending, "leaves_out": left_out(kit, FORMATS[name].says)}
        for name in dict.fromkeys(formats)
    }
    with new_folder(folder) as temporary:
        (temporary / SAMPLES).mkdir()
        write_samples(kit, temporary / SAMPLES)
        for name, row in written.items():
            (temporary / str(row["file"])).write_text(FORMATS[name].text(kit), encoding="utf-8", newline="\n")
        (temporary / NOTE).write_text(note(kit, written), encoding="utf-8", newline="\n")
        if words := notice(preset.opened):
            (temporary / NOTICE).write_text(words, encoding="utf-8", newline="\n")
    return {
        "kit": str(folder),
        "preset": preset.name,
        "instrument": {"name": preset.opened.name, "digest": preset.opened.digest},
        "licence": preset.opened.licence,
        "sample_rate": preset.opened.sample_rate,
        "samples": len(kit.samples),
        "formats": written,
    }


def leaves_out(name: str, row: dict[str, Any]) -> str:
    """One line on what a format cannot say of the kit."""
    return f"{FORMATS[name].label} leaves out: {'; '.join(row['leaves_out']) or 'nothing'}."


def note(kit: Kit, written: dict[str, Any]) -> str:
    """The note beside the samples."""
    instrument = kit.preset.opened
    made = ", ".join(f"{name} {value}" for name, value in instrument.provenance.items() if isinstance(value, str | int))
    return "\n".join(
        [
            f"{kit.preset.name}: {kit.preset.about}",
            "",
            f"Instrument: {instrument.name} (SHA-256 {instrument.digest})",
            f"Licence of the sounds: {instrument.licence}",
            *([f"Made from: {made}"] if made else []),
            f"Written by ProducerGAN {version()}.",
            "",
            f"{SAMPLES}/ has a WAV file for each sound: ZONE-KEY-NOTE-vLAYER-rSIBLING.wav. The layers go from soft",
            "to hard strokes, the siblings take turns. The comment in each file is the sound string that brings the",
            "sound back in ProducerGAN.",
            "",
            *(f"{row['file']}: {leaves_out(name, row)}" for name, row in written.items()),
            "",
        ]
    )
