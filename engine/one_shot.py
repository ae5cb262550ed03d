"""Reads a sound file as `trainer prepare` makes a clip of a one-shot: from its onset on, in an instrument's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError

Block = NDArray[np.float32]  # [frames, channels]

# The trainer's own (trainer/cutting.py); a test holds the two together.
SILENCE = 10.0 ** (-60 / 20)  # −60 dBFS: what stays below it is silent
ONSET = 10.0 ** (-40 / 20)  # a sound begins where it first comes within 40 dB of its peak
PRE_ROLL_SECONDS = 0.002  # left before an onset, so that the attack's first rise is not cut
CUT_FADE_SECONDS = 0.05  # the fade-out of what is longer than the clip
EDGE_SECONDS = 0.005  # the fade-out of what breaks off while it sounds
PEAK_SECONDS = 15.0  # how much of what follows the clip is looked at for the peak

LOWEST_RATE = 1000  # Hz: below it a header is wrong
READ_FRAMES = 65536  # at a time


def read_one_shot(path: Path, sample_rate: int, channels: int, frames: int) -> Block:
    """The sound of a file as one clip: float32 [channels, frames] in [−1, 1], padded or cut, at `sample_rate` Hz.

    Raises UserError if there is no such file, no audio in it, or nothing but silence.
    """
    audio, skipped = _head(path, sample_rate, channels, frames)
    peaks = np.abs(audio).max(axis=1)
    peak = float(peaks.max(initial=0.0))
    if peak <= SILENCE:
        raise UserError(f"{path} is silent; name another sound.")
    onset = int(np.argmax(peaks > max(peak * ONSET, SILENCE)))
    start = max(0, onset - round(PRE_ROLL_SECONDS * sample_rate))
    part = audio[start : start + frames]
    clip = np.zeros((frames, channels), np.float32)
    clip[: len(part)] = part
    if start or skipped:
        clip[: onset - start] *= _rise(onset - start)
    fade = round(EDGE_SECONDS * sample_rate)
    if start + frames < len(audio):
        _fade_out(clip, min(round(CUT_FADE_SECONDS * sample_rate), frames // 8))
    elif len(part) > fade and float(np.abs(part[-fade // 4 :]).max()) > SILENCE:
        _fade_out(clip[: len(part)], fade)
    clip /= np.float32(max(1.0, float(np.abs(clip).max())))
    return np.ascontiguousarray(np.clip(clip, -1.0, 1.0).T)


def _head(path: Path, sample_rate: int, channels: int, frames: int) -> tuple[Block, bool]:
    """As much of the sound as is needed, in the form that is wanted; and whether silence was left out before it."""
    import soundfile

    if not path.is_file():
        raise UserError(f"There is no file {path}; name the sound to look for.")
    parts: list[Block] = []
    skipped = False
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            enough = (frames / sample_rate + PEAK_SECONDS) * rate
            while sum(map(len, parts)) <= enough:
                block = file.read(READ_FRAMES, dtype="float32", always_2d=True)
                if not len(block):
                    break
                mixed = _mixed(block, channels)
                if parts or not np.abs(mixed).max() <= SILENCE:
                    parts.append(mixed)
                else:
                    skipped = True
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as audio ({_words(error)}); name a WAV, AIFF, FLAC, OGG or MP3 file."
        ) from error
    if not parts and not skipped:
        raise UserError(f"{path} holds no audio; name another sound.")
    if rate < LOWEST_RATE:
        raise UserError(f"{path} says that it runs at {rate} Hz, which no audio does; name another sound.")
    audio = np.concatenate([np.zeros((0, channels), np.float32), *parts])
    if not np.isfinite(audio).all():
        raise UserError(f"{path} holds samples that are not numbers; name another sound.")
    return _resampled(audio, rate, sample_rate), skipped


def _mixed(block: Block, channels: int) -> Block:
    """Mono is the mean of all channels; stereo the first two, or twice the only one."""
    given = block.shape[1]
    if channels == 1:
        return np.asarray(block.mean(axis=1, keepdims=True), np.float32)
    return np.repeat(block, 2, axis=1) if given == 1 else block[:, :2]


def _resampled(audio: Block, source: int, target: int) -> Block:
    if source == target or not len(audio):
        return audio
    import soxr

    return np.asarray(soxr.resample(audio, source, target, quality="HQ"), np.float32)


def _rise(frames: int) -> Block:
    """A raised cosine that begins at exactly zero: [frames, 1]."""
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / max(1, frames)), np.float32)[:, np.newaxis]


def _fade_out(audio: Block, frames: int) -> None:
    if frames:
        audio[-frames:] *= _rise(frames)[::-1]


def _words(error: Any) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
