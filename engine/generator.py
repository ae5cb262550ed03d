"""Makes clips in whole blocks and few fixed shapes, so that every run is warm and the same to the byte."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine._native import BLOCK_FRAMES
from engine.instrument import Instrument
from engine.session import open_session

BATCHES = (1, 2, 4, 16)
LENGTHS = 6  # at most so many lengths are asked for: the whole clip, its half, its quarter …


class Generator:
    """One onnxruntime session of an instrument.

    `provider` is "auto" (the fastest present) or a name such as "cpu" or "cuda"; UserError names those present if it
    is not there. `threads` is all cores but one unless said. `batches` are the batch sizes that it runs: with a single
    one, a clip comes out the same to the byte whatever it is made together with, which is what rendering asks for.
    """

    def __init__(
        self,
        instrument: Instrument,
        provider: str = "auto",
        threads: int | None = None,
        batches: Sequence[int] = BATCHES,
    ) -> None:
        self.instrument = instrument
        self.batches = tuple(sorted(batches))
        whole = self.block_total
        powers = [1 << power for power in range(whole.bit_length()) if 1 << power < whole]
        self.lengths = (*powers[-(LENGTHS - 1) :], whole)  # in blocks
        self._session, self.provider = open_session(instrument.model, str(instrument.path), provider, threads)
        self._lock = threading.Lock()

    @property
    def block_total(self) -> int:
        """The number of blocks in a clip; the last may be shorter than the others."""
        return -(-self.instrument.clip_frames // BLOCK_FRAMES)

    def generate(self, z: ArrayLike, first_block: int, block_count: int) -> NDArray[np.float32]:
        """Makes blocks of sounds: z [batch, latent_dim] → float32 [batch, channels, frames], in [−1, 1].

        Blocks `first_block` to `first_block + block_count`, which end where the clip ends. What is computed is the next
        greater one of `lengths`, moved back into the clip, and the next greater batch size; larger batches are split.
        [thread-safe, one caller at a time]
        """
        latents = np.atleast_2d(np.asarray(z, np.float32))
        if not 0 <= first_block < self.block_total or block_count < 1:
            raise ValueError(f"blocks {first_block} + {block_count} are not within the clip's {self.block_total}")
        start, stop = self._window(first_block, block_count)
        begin = first_block * BLOCK_FRAMES - start
        end = min((first_block + block_count) * BLOCK_FRAMES, self.instrument.clip_frames) - start
        with self._lock:
            parts = [self._run(part, start, stop)[:, :, begin:end] for part in self._split(latents)]
        return np.ascontiguousarray(parts[0] if len(parts) == 1 else np.concatenate(parts))

    def warm_up(self) -> None:
        """Runs the shapes that play begins with: the shortest in every batch size, one clip in every length."""
        latents = np.zeros((self.batches[-1], self.instrument.latent_dim), np.float32)
        for batch in self.batches:
            self.generate(latents[:batch], 0, self.lengths[0])
        for length in self.lengths[1:]:
            self.generate(latents[:1], 0, length)

    def filled(self, count: int) -> int:
        """How many of `count` clips to make in one run: a greater batch is worth it when half of it is used."""
        whole = next((batch for batch in self.batches if batch >= count), self.batches[-1])
        if 2 * count >= whole:
            return min(count, whole)
        return max(batch for batch in self.batches if batch < count)

    def _window(self, first_block: int, block_count: int) -> tuple[int, int]:
        rounded = next(length for length in self.lengths if length >= min(block_count, self.block_total))
        if rounded == self.block_total:
            return 0, self.instrument.clip_frames
        first = min(first_block, self.block_total - rounded)
        # A clip whose last block is short would make a shape of its own there.
        stop = min((first + rounded) * BLOCK_FRAMES, self.instrument.clip_frames)
        return stop - rounded * BLOCK_FRAMES, stop

    def _split(self, latents: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(latents), self.batches[-1]):
            yield latents[start : start + self.batches[-1]]

    def _run(self, latents: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
        size = next(batch for batch in self.batches if batch >= len(latents))
        padded = np.zeros((size, latents.shape[1]), np.float32)
        padded[: len(latents)] = latents
        window = np.array([start, stop], np.int64)
        audio: NDArray[np.float32] = self._session.run(["audio"], {"z": padded, "window": window})[0]
        return audio[: len(latents)]
