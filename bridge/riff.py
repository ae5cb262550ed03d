"""WAV files with the chunks that samplers read: root note, loop, key range, one-shot flag, and words about the sound.

Written here because libsndfile leaves out `inst` and `acid`. Layouts: "Multimedia Programming Interface and Data
Specifications 1.0" (IBM and Microsoft, 1991) for RIFF and INFO, its update of 1994 for `smpl` and `inst`; `acid` is
Sonic Foundry's, never published, as the programs that read it have it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 24
ONE_SHOT, ROOT_IS_SET = 1, 2  # flags of `acid`
PCM = 1


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk: its name, its length and its body, which is filled up to an even length."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def wav(audio: NDArray[np.float32], rate: int, chunks: Sequence[bytes] = ()) -> bytes:
    """A WAV file of 24 bits: audio [channels, frames] in [−1, 1] at `rate` Hz. The chunks stand before the audio."""
    channels = len(audio)
    frame = channels * BITS // 8
    head = struct.pack("<HHIIHH", PCM, channels, rate, rate * frame, frame, BITS)
    data = packed(audio)
    body = b"".join([b"WAVE", chunk(b"fmt ", head), *chunks, chunk(b"data", data)])
    return chunk(b"RIFF", body)


def packed(audio: NDArray[np.float32]) -> bytes:
    """Audio [channels, frames] as interleaved whole numbers of 24 bits: 1 is 2^23, one step above the highest."""
    full = 1 << (BITS - 1)
    whole = np.clip(np.rint(audio.T.astype(np.float64) * full), -full, full - 1).astype("<i4")
    return whole.reshape(-1, 1).view(np.uint8)[:, :3].tobytes()


def smpl(rate: int, root: int, loop: tuple[int, int] | None = None) -> bytes:
    """The sampler's chunk: the key at which the sound is at its own pitch, and the first and last frame of a loop."""
    loops = [] if loop is None else [struct.pack("<6I", 0, 0, loop[0], loop[1], 0, 0)]
    # Maker and product (any), period in ns, root, its fraction, SMPTE format and offset, loops, bytes beyond them.
    head = struct.pack("<9I", 0, 0, round(1e9 / rate), root, 0, 0, 0, len(loops), 0)
    return chunk(b"smpl", head + b"".join(loops))


def inst(root: int, keys: tuple[int, int], velocities: tuple[int, int], gain_db: float = 0.0) -> bytes:
    """Where the sound lies: root, lowest and highest key and velocity, and a gain in whole dB."""
    gain = max(-64, min(64, round(gain_db)))
    return chunk(b"inst", struct.pack("<bbbbbbb", root, 0, gain, *keys, *velocities))


def acid(frames: int, rate: int, one_shot: bool, root: int | None) -> bytes:
    """The loop program's chunk: whether it is a one-shot, its root note if it has a pitch, and a length in beats."""
    flags = (ONE_SHOT if one_shot else 0) | (0 if root is None else ROOT_IS_SET)
    tempo = 120.0
    beats = max(1, round(frames / rate * tempo / 60))
    return chunk(
        b"acid", struct.pack("<IHHfIHHf", flags, 60 if root is None else root, 0x8000, 0.0, beats, 4, 4, tempo)
    )


def info(words: Mapping[str, str]) -> bytes:
    """A LIST of INFO chunks: four-letter name (INAM, ICMT …) → text. What is empty is left out."""
    rows = [chunk(name.encode("ascii"), text.encode() + b"\0") for name, text in words.items() if text]
    return chunk(b"LIST", b"INFO" + b"".join(rows))
