"""The sizes of the recipe `fast`, worked out from a run's config: frames, bands and layers as data."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from trainer.layer import Layer
from trainer.run_folder import RunConfig

WINDOW_SECONDS = 256 / 44100
"""The window of the envelope's frames: short enough for an attack."""
BAND_STEP = 0.11
"""A band's distance from the next one, as a share of its frequency: about a sixth of an octave."""
SEED_STEPS = 16
"""Time steps that the dense layer gives."""
MOST_CARRIER_FRAMES = 1 << 22
"""Frames of all carriers together unless told: 8 MiB in half precision, which keeps an instrument below 12 MB."""
MOST_CARRIERS = 128
LEAST_CARRIERS = 8
MOST_CODES = 2048
"""Clips whose codes the density knows."""


@dataclass(frozen=True)
class Form:
    """Everything about a run's networks but their weights.

    A *step* is `hop` frames long; the envelope has a value for each step, channel (middle and side if stereo) and band.
    """

    clip_frames: int
    channels: int
    sample_rate: int
    latent_dim: int
    dim: int
    carriers: int
    codes: int
    blend: float
    variety: float = 1.0
    sharpness: float = 1.0
    overlap: int = 2
    partials: float = 4.5

    @classmethod
    def of(cls, config: RunConfig) -> Form:
        """The form of a run. Raises UserError if there are fewer clips than carriers."""
        settings = config.settings
        asked = int(settings["carriers"])
        if asked > config.clip_count:
            raise UserError(
                f"--set carriers={asked}: only {config.clip_count} clips are there to lend them; "
                "ask for fewer, or leave it out."
            )
        return cls(
            config.clip_frames,
            config.channels,
            config.sample_rate,
            int(settings["latent_dim"]),
            int(settings["dim"]),
            asked or default_carriers(config.clip_frames, config.channels, config.clip_count),
            min(config.clip_count, MOST_CODES),
            float(settings["blend"]),
            float(settings["variety"]),
            float(settings["sharpness"]),
            int(settings["overlap"]),
            float(settings["partials"]),
        )

    @property
    def size(self) -> int:
        """Frames of a window: the power of two next to WINDOW_SECONDS."""
        return 1 << round(math.log2(WINDOW_SECONDS * self.sample_rate))

    @property
    def hop(self) -> int:
        """Frames of a step: half a window."""
        return self.size // 2

    @property
    def steps(self) -> int:
        """Time steps of a clip."""
        return self.clip_frames // self.hop

    @property
    def rows(self) -> int:
        """Values of the envelope at one step: channels times bands."""
        return self.channels * len(band_centres(self.sample_rate, self.size))

    @property
    def factors(self) -> tuple[int, ...]:
        """By how much each layer of the decoder multiplies the time steps: fours, and a two where need be."""
        factors: list[int] = []
        left, odd = divmod(self.steps, SEED_STEPS)
        while left > 1 and not odd:
            factor = 4 if left % 4 == 0 else 2
            left, odd = divmod(left, factor)
            factors.append(factor)
        if odd or not factors:
            raise UserError(
                f"Clips of {self.clip_frames} frames do not fit the network; prepare the dataset with a length of "
                "16384, 32768, 65536, 131072 or 262144 frames."
            )
        return tuple(factors)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The decoder's convolutions after its dense layer; the last one gives the envelope's rows."""
        layers: list[Layer] = []
        steps = SEED_STEPS
        for factor, inputs, outputs in zip(self.factors, self.widths[:-1], self.widths[1:], strict=True):
            layers.append(Layer(steps, inputs, outputs, factor, self.overlap * factor))
            steps *= factor
        return (*layers, Layer(steps, self.widths[-1], self.rows, 1, 3))

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the dense layer's output and after each of the decoder's layers."""
        return (2 * self.dim, *(self.dim for _ in self.factors))


def check_form(config: RunConfig) -> None:
    """Raises UserError if no networks can be made for such clips with such settings."""
    Form.of(config).factors  # noqa: B018


def default_carriers(clip_frames: int, channels: int, clip_count: int) -> int:
    """How many carriers a run has unless told: what an instrument has room for, and no more than half the clips."""
    room = min(MOST_CARRIER_FRAMES // (clip_frames * channels), MOST_CARRIERS)
    return max(min(room, clip_count // 2), min(LEAST_CARRIERS, clip_count))


@functools.cache
def band_centres(sample_rate: int, size: int) -> tuple[float, ...]:
    """The bands' middles in Hz, from the first bin to half the rate: a bin apart at first, then BAND_STEP.

    Bin 0 belongs to the first band. What it holds is mostly what the next ones leak into it, with the sign that cancels
    their leaking elsewhere: under a gain of its own a tone at 262 Hz was followed by a hum 20 dB too loud below it.
    """
    bin_hz, top = sample_rate / size, sample_rate / 2
    centres = [bin_hz]
    while centres[-1] < top - 1.2 * bin_hz:
        centres.append(centres[-1] + max(bin_hz, BAND_STEP * centres[-1]))
    centres[-1] = top
    return tuple(centres)


@functools.cache
def band_shapes(sample_rate: int, size: int) -> NDArray[np.float32]:
    """Triangles that lead linearly from band to band: float32 [bins, bands], each row of sum 1."""
    centres = np.array(band_centres(sample_rate, size))
    bins = np.fft.rfftfreq(size, 1 / sample_rate)
    rows = [np.interp(bins, centres, one) for one in np.eye(len(centres))]
    return np.asarray(np.stack(rows, axis=1), np.float32)
