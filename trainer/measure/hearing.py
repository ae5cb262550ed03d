"""Everything that is taken from clips before they are compared; small, where the clips are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.measure.artefacts import lines
from trainer.measure.features import Features, Reals, log_mel
from trainer.measure.peakiness import peakiness


@dataclass(frozen=True)
class Heard:
    """What was heard in n clips."""

    features: Features
    """[n, features], see `log_mel`"""
    peakiness: Reals
    """dB: [n]"""
    lines: Reals
    """dB: [n, lines], see `artefacts.lines`"""
    descriptors: Mapping[str, Reals]
    """Each [n]; empty unless asked for."""

    def part(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Heard:
        """The same of some of the clips."""
        return Heard(
            self.features[chosen],
            self.peakiness[chosen],
            self.lines[chosen],
            {name: values[chosen] for name, values in self.descriptors.items()},
        )


def hear(audio: NDArray[np.float32], sample_rate: int, descriptors: bool = False) -> Heard:
    """Listens to clips [n, channels, frames]."""
    described: Mapping[str, Reals] = {}
    if descriptors:
        from trainer.measure.descriptors import measure

        described = measure(audio, sample_rate)
    return Heard(log_mel(audio, sample_rate), peakiness(audio, sample_rate), lines(audio, sample_rate), described)


def join(parts: Sequence[Heard]) -> Heard:
    """What was heard in pieces, as one."""
    return Heard(
        np.concatenate([part.features for part in parts]),
        np.concatenate([part.peakiness for part in parts]),
        np.concatenate([part.lines for part in parts]),
        {name: np.concatenate([part.descriptors[name] for part in parts]) for name in parts[0].descriptors},
    )
