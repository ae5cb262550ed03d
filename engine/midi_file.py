"""A MIDI file as the same kind of stamped events that a keyboard sends."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.errors import UserError


def read_midi_file(path: str | os.PathLike[str]) -> list[tuple[float, bytes]]:
    """All channel messages of a Standard MIDI File, every track merged, as (seconds from the start, message).

    Tempo changes are followed (SMPTE time too); the order of simultaneous messages is that of the tracks. Raises
    UserError if the file cannot be read, is no MIDI file, is cut short or plays nothing.
    """
    import mido

    path = Path(path)
    try:
        kind = path.stat().st_mode
        endless = stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)  # a device or a pipe, as far as anyone knows
        data = b"" if endless else path.read_bytes()
    except OSError as error:
        raise UserError(f"The MIDI file {path} cannot be read: {error.strerror or error}.") from None
    if not data.startswith(b"MThd"):
        raise UserError(f"{path} is not a MIDI file; export a Standard MIDI File (.mid) from your DAW.")
    try:
        file = mido.MidiFile(filename=path, clip=True)
        if file.type == 2:
            raise UserError(f"{path} holds separate patterns (MIDI type 2); save it as a type 0 or type 1 file.")
        events = []
        seconds = 0.0
        for message in _timed(file):
            seconds += message.time
            if not message.is_meta and len(encoded := message.bytes()) <= 3 and encoded[0] < 0xF0:
                events.append((seconds, bytes(encoded)))
    except UserError:
        raise
    except EOFError:
        raise UserError(f"The MIDI file {path} is cut short; export or copy it again.") from None
    except Exception:  # whatever mido's parser trips over: ValueError, IndexError, OSError …
        raise UserError(f"The MIDI file {path} is damaged; export it again from your DAW.") from None
    if not events:
        raise UserError(f"The MIDI file {path} has no notes; choose another one.")
    return events


def _timed(file: Any) -> Iterator[Any]:
    """The messages of all tracks in order, `time` in seconds since the one before."""
    division = file.ticks_per_beat
    if division >= 0:
        yield from file
        return
    # SMPTE time, which mido takes for a tempo: frames a second, negated, in the high byte, ticks a frame in the low one
    # (Standard MIDI Files 1.0, header chunk). 29 stands for 29.97.
    frames = -(division >> 8)
    ticks_per_second = (30000 / 1001 if frames == 29 else frames) * (division & 0xFF)
    for message in file.merged_track:
        yield message.copy(time=message.time / ticks_per_second)
