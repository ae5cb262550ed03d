"""sfizz, an SFZ player that is not ours, played without a sound card: by way of pysfizz, at its best quality."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from pysfizz import _sfizz

BLOCK = 16  # frames. A voice is one frame late from its first block on, whatever their size: it is moved back
LATE = 1  # frames
BEST_QUALITY = 5  # of 1 to 10: nearest to the sound itself, by measuring


def play(path: Path, events: Sequence[tuple[int, bytes]], frames: int, rate: int) -> NDArray[np.float32]:
    """What an SFZ file sounds like: float32 [frames, 2]. Events are (frame, MIDI message), sorted.

    sfizz has a volume knob of its own, which is not at 1: it is measured with a tone and taken out.
    """
    return _play(path, events, frames, rate) / _own_level(rate)


def regions(path: Path) -> list[dict[str, object]]:
    """What sfizz has understood of a file, region by region."""
    synth = _open(path, 48000)
    return [synth.get_region_data(index) for index in range(synth.get_num_regions())]


def _open(path: Path, rate: int) -> _sfizz.Synth:
    synth = _sfizz.Synth(rate, BLOCK)
    synth.enable_freewheeling()
    synth.set_sample_quality(BEST_QUALITY)
    if not synth.load_sfz_file(str(path)):
        raise ValueError(f"sfizz cannot read {path}")
    return synth


def _play(path: Path, events: Sequence[tuple[int, bytes]], frames: int, rate: int) -> NDArray[np.float32]:
    synth = _open(path, rate)
    out = np.zeros((frames + LATE + 2 * BLOCK, 2), np.float32)
    at = 0
    for start in range(0, frames + LATE, BLOCK):
        while at < len(events) and events[at][0] < start + BLOCK:
            frame, (status, key, velocity) = events[at]
            if status & 0xF0 == 0x90 and velocity:
                synth.note_on(frame - start, key, velocity)
            else:
                assert status & 0xE0 == 0x80, "only notes are played"
                synth.note_off(frame - start, key, velocity)
            at += 1
        left, right = synth.render_block()
        out[start : start + BLOCK, 0] = left
        out[start : start + BLOCK, 1] = right
    return out[LATE:][:frames]


def _own_level(rate: int) -> float:
    """The gain of a tone of one channel in the middle that asks for no change of level."""
    with tempfile.TemporaryDirectory() as folder:
        tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
        soundfile.write(f"{folder}/tone.wav", tone, rate, subtype="PCM_24")
        file = Path(folder, "tone.sfz")
        file.write_text("<control>hint_ram_based=1\n<region>key=60 sample=tone.wav\n")
        heard = _play(file, [(0, bytes((0x90, 60, 127)))], rate, rate)
    middle = slice(rate // 4, rate // 2)
    return float(np.sqrt(np.mean(heard[middle, 0] ** 2) / np.mean(tone[middle] ** 2)))
