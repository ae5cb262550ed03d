"""The generator of the recipe `fast`, as it is exported: z → code → envelope and carriers → audio."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainer.fast.form import Form
from trainer.fast.networks import Decoder, weights_of
from trainer.fast.spectrum import Spectrum, to_left_and_right
from trainer.fast.transport import Transport
from trainer.run_folder import RunConfig

LINEAR = 0.7
"""Level from which the output bends."""


class Generator(nn.Module):
    """z [batch, latent_dim] → audio [batch, channels, clip_frames] in [−1, 1].

    A vocoder: the carriers, waveforms of flat spectrum, are mixed, and the envelope is laid over the mixture.
    `carriers` [carriers, channels, clip_frames] are half-precision, middle and side if stereo; `levels` [rows, steps]
    are added to every envelope.
    """

    carriers: Tensor
    levels: Tensor

    def __init__(self, form: Form, random: torch.Generator) -> None:
        super().__init__()
        self.form = form
        self.density = Transport(form.codes, form.latent_dim, form.blend, form.variety)
        self.decoder = Decoder(form)
        self.spectrum = Spectrum(form)
        noise = torch.randn(form.carriers, form.channels, form.clip_frames, generator=random)
        self.register_buffer("carriers", noise.half())
        self.register_buffer("levels", torch.zeros(form.rows, form.steps))

    def forward(self, z: Tensor) -> Tensor:
        envelope, shares = self.decoder(self.density(z))
        audio = self.spectrum.synthesise(self.spectra(envelope, weights_of(shares, self.form.sharpness)))
        return saturated(to_left_and_right(audio))

    def spectra(self, envelope: Tensor, weights: Tensor) -> Tensor:
        """Spectra of middle and side, of an envelope [batch, rows, steps] over weighted carriers."""
        mixture = torch.einsum("nk,kcf->ncf", weights, self.carriers.to(weights.dtype))
        return self.spectrum.analyse(mixture) * self.spectrum.gains(envelope + self.levels)


def saturated(audio: Tensor) -> Tensor:
    """Audio that stays as it is up to LINEAR, and bends towards ±1 beyond: [...] → [...] in [−1, 1].

    New sounds of clips at full scale go beyond it, since the same power peaks higher with another carrier.
    """
    straight = audio.clamp(-LINEAR, LINEAR)
    return straight + (1 - LINEAR) * torch.tanh((audio - straight) / (1 - LINEAR))


def make_generator(config: RunConfig) -> Generator:
    """A generator of the run's form, without trained weights."""
    return Generator(Form.of(config), torch.Generator().manual_seed(config.seed))
