"""Sound strings: short text that brings back exactly one sound of one instrument, on any machine.

`3f9a1c20b7de:1234` is a seed, `3f9a1c20b7de:z:…:…` a latent: the first twelve digits of the instrument's digest, then
the seed, or the latent's float32 numbers (little-endian) in URL-safe base64 and a checksum (CRC-32) of them.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import UserError
from engine.instrument import Instrument
from engine.latent import MAX_SEED, Latent, from_seed

DIGITS = 12  # of the digest: by chance two instruments in 2^24 share them
_FORM = re.compile(rf"([0-9a-f]{{{DIGITS}}}):(?:(\d{{1,20}})|z:([\w-]+):([0-9a-f]{{8}}))", re.ASCII)


@dataclass(frozen=True)
class SoundString:
    """What a sound string says: the digest's first digits, and a seed or a latent."""

    digest: str
    seed: int | None = None
    data: bytes = b""

    @classmethod
    def of_seed(cls, digest: str, seed: int) -> SoundString:
        """The sound of a seed of the instrument with that digest."""
        return cls(digest[:DIGITS], seed)

    @classmethod
    def of_latent(cls, digest: str, z: ArrayLike) -> SoundString:
        """The sound of a latent [dim]."""
        return cls(digest[:DIGITS], None, np.asarray(z, "<f4").tobytes())

    @classmethod
    def parse(cls, text: str) -> SoundString:
        """Reads a sound string, wrapped into lines or not. Raises UserError if it is none, or was damaged."""
        match = _FORM.fullmatch("".join(text.split()))
        if match is None:
            raise UserError(f"{text!r} is not a sound string; copy the whole of it.")
        digest, seed, code, checksum = match.groups()
        if seed is not None:
            if int(seed) > MAX_SEED:
                raise UserError(f"{text!r} has a seed beyond {MAX_SEED}; copy the sound string again.")
            return cls(digest, int(seed))
        try:
            data = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
        except binascii.Error:
            data = b""
        numbers = np.frombuffer(data, "<f4") if len(data) % 4 == 0 else np.empty(0)
        if zlib.crc32(data) != int(checksum, 16) or not len(numbers) or not np.isfinite(numbers).all():
            raise UserError(f"The sound string {text!r} was damaged on its way; copy the whole of it again.")
        return cls(digest, None, data)

    def __str__(self) -> str:
        if self.seed is not None:
            return f"{self.digest}:{self.seed}"
        code = base64.urlsafe_b64encode(self.data).decode().rstrip("=")
        return f"{self.digest}:z:{code}:{zlib.crc32(self.data):08x}"

    def check(self, instrument: Instrument) -> None:
        """Raises UserError if the sound is another instrument's."""
        if not instrument.digest.startswith(self.digest):
            raise UserError(f"The sound string {self} belongs to another instrument than {instrument.name}.")
        self.latent(instrument.latent_dim, instrument.prior)

    def latent(self, dim: int, prior: str) -> Latent:
        """The latent: float32 [dim]. Raises UserError if it belongs to an instrument of other latents."""
        if self.seed is not None:
            return from_seed(self.seed, dim, prior)
        z = np.frombuffer(self.data, "<f4").astype(np.float32)
        if len(z) != dim:
            raise UserError(f"The sound string {self} has {len(z)} numbers where the instrument takes {dim}.")
        return z
