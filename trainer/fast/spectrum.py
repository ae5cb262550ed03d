"""Short spectra of clips, their envelope in bands, and the way back to audio, in PyTorch."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.fast.form import Form, band_shapes

FLOOR = 10 ** (-86 / 20)
"""Amplitude of a white noise that every clip has at the least: levels below it are not told apart."""


class Spectrum(nn.Module):
    """Windows of `size` frames, half overlapping, with sine windows on both ways: they add up to the clip exactly."""

    window: Tensor
    shapes: Tensor
    pooling: Tensor

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        window = torch.sin(math.pi * (torch.arange(form.size) + 0.5) / form.size)
        shapes = torch.from_numpy(band_shapes(form.sample_rate, form.size)).to(window)
        self.register_buffer("window", window, persistent=False)
        self.register_buffer("shapes", shapes, persistent=False)
        self.register_buffer("pooling", shapes / shapes.sum(dim=0), persistent=False)

    def analyse(self, audio: Tensor) -> Tensor:
        """Audio [batch, channels, frames] → complex spectra [batch, channels, steps + 1, bins].

        White noise of RMS 1 has a mean power of 1.
        """
        hop, size = self.form.hop, self.form.size
        windows = functional.pad(audio, (hop, hop)).unfold(-1, size, hop)
        spectra: Tensor = torch.fft.rfft(windows * self.window) / math.sqrt(hop)
        return spectra

    def envelope_of(self, audio: Tensor) -> Tensor:
        """The envelope [batch, rows, steps] of clips [batch, channels, frames], left and right if stereo."""
        return self.envelope(self.analyse(to_middle_and_side(audio)))

    def synthesise(self, spectra: Tensor) -> Tensor:
        """The audio whose spectra these are: the inverse of `analyse`."""
        hop = self.form.hop
        windows = torch.fft.irfft(spectra * math.sqrt(hop), n=self.form.size) * self.window
        overlap = windows[..., :-1, hop:] + windows[..., 1:, :hop]
        audio: Tensor = overlap.flatten(-2)
        return audio

    def envelope(self, spectra: Tensor) -> Tensor:
        """Natural logarithm of the power in bands, [batch, rows, steps], of spectra [batch, channels, steps + 1, bins].

        Smoothed over three steps, and never below FLOOR.
        """
        power = (spectra.abs().square() + FLOOR**2) @ self.pooling
        before, after = power[..., :1, :], power[..., 1:, :]
        smooth = power[..., :-1, :] / 2 + torch.cat([before, power[..., :-2, :]], dim=-2) / 4 + after / 4
        return smooth.log().transpose(-1, -2).flatten(1, 2)

    def gains(self, envelope: Tensor) -> Tensor:
        """Amplitudes [batch, channels, steps + 1, bins] of an envelope [batch, rows, steps]."""
        rows = envelope.view(len(envelope), self.form.channels, -1, envelope.shape[-1]).transpose(-1, -2)
        rows = torch.cat([rows, rows[..., -1:, :]], dim=-2)
        return torch.exp(0.5 * (rows @ self.shapes.T))


def to_middle_and_side(audio: Tensor) -> Tensor:
    """Left and right as their half sum and half difference; mono stays as it is."""
    if audio.shape[1] == 1:
        return audio
    left, right = audio.unbind(1)
    return torch.stack([(left + right) / 2, (left - right) / 2], dim=1)


def to_left_and_right(audio: Tensor) -> Tensor:
    """The inverse of `to_middle_and_side`."""
    if audio.shape[1] == 1:
        return audio
    middle, side = audio.unbind(1)
    return torch.stack([middle + side, middle - side], dim=1)
