"""Cutting a stream of audio into clips of one length: one-shots and songs.

Everything here takes and gives blocks, float32 [frames, channels], at the dataset's rate, and holds no more than a head
of HEAD_SECONDS and two clips, however long the audio is.
"""

from __future__ import annotations

import enum
import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.audio_files import Block

SILENCE = 10.0 ** (-60 / 20)
"""−60 dBFS: below it, a peak or an RMS level counts as silence."""
ONSET = 10.0 ** (-40 / 20)
"""A one-shot begins where it first comes within 40 dB of its peak."""
PRE_ROLL_SECONDS = 0.002
"""What is left before an onset, so that the attack's first rise is not cut."""
OVERLAP = 0.25
"""How much of a song's clip the next one repeats."""
EDGE_SECONDS = 0.005
"""The fade at both ends of a clip that is cut out of the middle of something."""
CUT_FADE_SECONDS = 0.05
"""The fade-out of a one-shot that is longer than its clip."""
HEAD_SECONDS = 15.0
"""How far `choose` looks. Whatever is longer is a song."""
SURELY_SHORT_SECONDS = 2.0
LEVEL_FRAMES = 256
"""The grid on which silence is measured."""


class Mode(enum.StrEnum):
    """How a file is made into clips."""

    AUTO = "auto"
    ONE_SHOTS = "one-shots"
    SONGS = "songs"


@dataclass(frozen=True)
class Clip:
    """`samples` float32 [clip_frames, channels] in [−1, 1]; `offset`, the frame of the source at which it starts, in
    frames at the dataset's rate; `gain`, what the source was multiplied by, at most 1."""

    samples: Block
    offset: int
    gain: float


def choose(blocks: Iterator[Block], rate: int) -> tuple[Mode, str, Iterator[Block]]:
    """Decides whether a file is a one-shot or a song: the mode, the reason in words, and the same blocks again."""
    head, ended = _take(blocks, round(HEAD_SECONDS * rate))
    seconds = len(head) / rate
    again = itertools.chain([head], blocks) if len(head) else iter(())
    if not ended:
        return Mode.SONGS, f"longer than {HEAD_SECONDS:.0f} s", again
    if seconds <= SURELY_SHORT_SECONDS:
        return Mode.ONE_SHOTS, f"{SURELY_SHORT_SECONDS:.0f} s or shorter", again
    if _dies_away(head):
        return Mode.ONE_SHOTS, "strikes once and dies away", again
    return Mode.SONGS, "goes on sounding", again


def one_shot(blocks: Iterator[Block], rate: int, clip_frames: int) -> Iterator[Clip]:
    """Gives the one clip that begins at the audio's onset, or none if it is silent: padded or cut to length."""
    skipped = 0
    blocks = iter(blocks)
    for block in blocks:
        if float(np.abs(block).max()) > SILENCE:
            blocks = itertools.chain([block], blocks)
            break
        skipped += len(block)
    # The onset is judged by the peak, so some of what follows the clip is looked at too.
    head, _ = _take(blocks, clip_frames + round(HEAD_SECONDS * rate))
    if not len(head):
        return
    peaks = _peaks(head)
    threshold = max(float(peaks.max()) * ONSET, SILENCE)
    onset = int(np.argmax(peaks > threshold))
    start = max(0, onset - round(PRE_ROLL_SECONDS * rate))
    samples = np.zeros((clip_frames, head.shape[1]), np.float32)
    part = head[start : start + clip_frames]
    samples[: len(part)] = part
    if start + skipped > 0:
        _fade_in(samples, onset - start)
    if start + clip_frames < len(head):
        _fade_out(samples, min(round(CUT_FADE_SECONDS * rate), clip_frames // 8))
    else:
        _fade_end(samples[: len(part)], round(EDGE_SECONDS * rate))
    yield _within_range(samples, skipped + start)


def songs(blocks: Iterator[Block], rate: int, clip_frames: int) -> Iterator[Clip]:
    """Gives clips that overlap by a quarter, so that every moment stands away from the edges in one of them.

    No clip begins in silence: it is skipped. The last clip ends where the audio ends, unless it would add less than an
    eighth to the one before; what is shorter than a clip is padded.
    """
    hop = clip_frames - round(OVERLAP * clip_frames)
    fade = round(EDGE_SECONDS * rate)
    pending: list[Block] = []
    held = np.zeros((0, 0), np.float32)
    frames = 0
    """In `held` and `pending` together."""
    start = 0
    """The frame of the source at which `held` begins."""
    previous: Block | None = None
    """The clip before, if `held` begins in its middle."""
    inside = False
    """Whether `held` begins in the middle of something. A sound's own beginning is not faded."""
    for block in blocks:
        pending.append(block.copy())
        frames += len(block)
        if frames < clip_frames:
            continue
        held = _joined(held, pending)
        while len(held) >= clip_frames:
            quiet = _leading_silence(held)
            if quiet:
                previous, inside, held, start = None, False, held[quiet:], start + quiet
                continue
            clip = held[:clip_frames]
            previous = clip if _rms(clip) > SILENCE else None
            if previous is not None:
                yield _cut_out(clip, start, fade if inside else 0, fade)
            inside, held, start = True, held[hop:], start + hop
        frames = len(held)
    held = _joined(held, pending)
    quiet = _leading_silence(held)
    held, start = held[quiet:], start + quiet
    if previous is not None and not quiet:
        new = len(held) - (clip_frames - hop)
        if new >= clip_frames // 8:
            clip = np.concatenate([previous[new:hop], held])
            yield _cut_out(clip, start - hop + new, fade, 0)
    elif len(held) and _rms(held) > SILENCE:
        samples = np.zeros((clip_frames, held.shape[1]), np.float32)
        samples[: len(held)] = held
        _fade_end(samples[: len(held)], fade)
        yield _cut_out(samples, start, fade if inside and not quiet else 0, 0)


def _take(blocks: Iterator[Block], frames: int) -> tuple[Block, bool]:
    """Takes at least `frames` frames where there are so many, as one block, and says whether the stream ended."""
    taken: list[Block] = []
    count = 0
    for block in blocks:
        taken.append(block.copy())
        count += len(block)
        if count > frames:
            return np.concatenate(taken), False
    return _joined(np.zeros((0, 1), np.float32), taken), True


def _joined(held: Block, pending: list[Block]) -> Block:
    """Joins and empties `pending`."""
    parts = [held, *pending] if len(held) else pending.copy()
    pending.clear()
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else held


def _dies_away(audio: Block) -> bool:
    """Tells a struck sound from a phrase: loudest near its start, it never rises again, and ends 20 dB below."""
    parts = 16
    size = len(audio) // parts
    levels = [_rms(audio[index * size : (index + 1) * size]) + SILENCE for index in range(parts)]
    loudest = int(np.argmax(levels))
    if loudest > parts // 4 or levels[-1] > levels[loudest] / 10:
        return False
    lowest = levels[loudest]
    for level in levels[loudest:]:
        if level > 2 * lowest:
            return False
        lowest = min(lowest, level)
    return True


def _peaks(audio: Block) -> NDArray[np.float32]:
    """The largest magnitude of each frame."""
    magnitudes = np.abs(audio)
    peaks = magnitudes[:, 0]
    for channel in range(1, audio.shape[1]):
        peaks = np.maximum(peaks, magnitudes[:, channel])
    return peaks


def _rms(audio: Block) -> float:
    # einsum does not wake BLAS's threads, which would spin beside the other workers.
    return float(np.sqrt(np.einsum("ij,ij->", audio, audio) / max(1, audio.size)))


def _leading_silence(audio: Block) -> int:
    """Counts the frames of silence before the first sound, in whole steps of LEVEL_FRAMES."""
    if len(audio) and float(np.abs(audio[:LEVEL_FRAMES]).max()) > SILENCE:
        return 0
    steps = len(audio) // LEVEL_FRAMES
    if not steps:
        return 0
    loud = np.abs(audio[: steps * LEVEL_FRAMES]).reshape(steps, -1).max(axis=1) > SILENCE
    return (int(np.argmax(loud)) if loud.any() else steps) * LEVEL_FRAMES


def _fade_in(samples: Block, frames: int) -> None:
    samples[:frames] *= _ramp(frames)


def _fade_end(audio: Block, frames: int) -> None:
    """Fades out audio that breaks off while it sounds: the padding behind it would make a click of its end."""
    if len(audio) > frames and float(np.abs(audio[-frames // 4 :]).max()) > SILENCE:
        _fade_out(audio, frames)


def _fade_out(samples: Block, frames: int) -> None:
    if frames:
        samples[-frames:] *= _ramp(frames)[::-1]


@functools.lru_cache(maxsize=4)
def _ramp(frames: int) -> Block:
    """A raised cosine that begins at exactly zero."""
    return (0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / max(1, frames))).astype(np.float32)[:, np.newaxis]


def _cut_out(clip: Block, start: int, fade_in: int, fade_out: int) -> Clip:
    samples = clip.copy()
    _fade_in(samples, fade_in)
    _fade_out(samples, fade_out)
    return _within_range(samples, start)


def _within_range(samples: Block, offset: int) -> Clip:
    """Turns down what goes beyond ±1, as floating-point files and resampled loud masters do. May change `samples`."""
    peak = float(np.abs(samples).max())
    if peak <= 1.0:
        return Clip(samples, offset, 1.0)
    samples *= np.float32(1.0 / peak)
    return Clip(np.clip(samples, -1.0, 1.0, out=samples), offset, 1.0 / peak)
