"""Bringing decoded audio to a dataset's rate and channels, in a stream."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator

import numpy as np

from trainer.audio_files import Block, Decoded
from trainer.unused import Reason, Unusable

LOWEST_RATE = 1000
"""Hz. Below it a header is wrong, and a short file would become hours of audio."""


def convert(decoded: Decoded, sample_rate: int, channels: int) -> Iterator[Block]:
    """Gives the audio as float32 [frames, channels] at `sample_rate` Hz. The blocks may share memory: use each at once.

    Mono is the mean of all channels; stereo is the first two, or twice the only one.
    Raises Unusable if the file does, or at the first sample that is not a number.
    """
    if decoded.sample_rate < LOWEST_RATE:
        raise Unusable(Reason.TOO_SLOW, f"{decoded.sample_rate} Hz")
    blocks = (_mix(block, channels) for block in decoded.blocks)
    if decoded.sample_rate != sample_rate:
        blocks = _resample(blocks, decoded.sample_rate, sample_rate, channels)
    for block in blocks:
        # One sum of squares finds every NaN and infinity, and values so large that they might as well be. They come
        # through a mix and a resampler, which leave less to look at.
        if not math.isfinite(float(np.einsum("ij,ij->", block, block))):
            raise Unusable(Reason.NOT_NUMBERS)
        yield block


def _mix(block: Block, channels: int) -> Block:
    given = block.shape[1]
    if given == channels:
        return block
    if channels == 2:
        return np.repeat(block, 2, axis=1) if given == 1 else np.ascontiguousarray(block[:, :2])
    mixed = block[:, 0] + block[:, 1]
    for channel in range(2, given):
        mixed += block[:, channel]
    mixed *= np.float32(1.0 / given)
    return mixed[:, np.newaxis]


def _resample(blocks: Iterable[Block], source: int, target: int, channels: int) -> Generator[Block, None, None]:
    import soxr

    # Mixed first, resampled after: the same sound for half the work where stereo becomes mono.
    stream = soxr.ResampleStream(source, target, channels, dtype="float32", quality="HQ")
    for block in blocks:
        resampled = stream.resample_chunk(block)
        if len(resampled):
            yield resampled
    rest = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    if len(rest):
        yield rest
