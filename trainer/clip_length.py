"""The clip lengths that a network can have. Imports nothing, so that `--help` may show them."""

from __future__ import annotations

from engine.errors import UserError

LEGAL_FRAMES: tuple[int, ...] = (16384, 32768, 65536, 131072, 262144)
"""16 · 4^k, or twice that where a last layer of stride 2 makes up the difference."""


def round_up_frames(frames: int) -> int:
    """Returns the shortest legal clip length of at least `frames` frames.

    Raises UserError below 1 and above the longest legal length.
    """
    if frames < 1:
        raise UserError(f"A clip of {frames} frames is too short; ask for a length above zero.")
    for legal in LEGAL_FRAMES:
        if frames <= legal:
            return legal
    raise UserError(f"A clip of {frames} frames is too long; the longest is {LEGAL_FRAMES[-1]} frames.")
