"""What names a sound everywhere: the instrument and the latent."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from engine.latent import Latent


@dataclass(frozen=True)
class Sound:
    """One clip of one instrument. Hashable; two are equal if they sound the same to the byte."""

    digest: str  # the instrument's
    data: bytes = field(repr=False)  # the latent, float32 in the machine's order

    @classmethod
    def of(cls, digest: str, z: ArrayLike) -> Sound:
        """The sound of a latent [dim]."""
        return cls(digest, np.asarray(z, np.float32).tobytes())

    @functools.cached_property
    def name(self) -> str:
        """32 hexadecimal digits that name it, the same on every machine: what keeps its clip finds it by them."""
        latent = self.z().astype("<f4").tobytes()
        return hashlib.blake2b(self.digest.encode() + latent, digest_size=16).hexdigest()

    def z(self) -> Latent:
        """The latent: float32 [dim], read-only."""
        return np.frombuffer(self.data, np.float32)
