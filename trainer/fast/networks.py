"""The encoder and the decoder of the recipe `fast`: envelopes to codes and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.fast.form import SEED_STEPS, Form

SLOPE = 0.2  # of LeakyReLU
MIX_WIDTH = 256  # of the layer that chooses carriers
LEAST_SHARE = 1e-8
"""Below it the square root would be too steep to learn from."""
HIGHEST = 4.0
"""Natural logarithm of a power that no sound within [−1, 1] has in any band: what is above is a network gone wrong."""
CENTRE, SPREAD = -8.0, 4.0
"""Envelopes are natural logarithms of power, −20 at the floor; networks see (envelope − CENTRE) / SPREAD."""


class Encoder(nn.Module):
    """Envelope [batch, rows, steps] → mean and logarithm of the variance of its code, [batch, latent_dim] each."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList()
        inputs = form.rows
        for factor, outputs in zip(reversed(form.factors), reversed(form.widths[:-1]), strict=True):
            self.convolutions.append(nn.Conv1d(inputs, outputs, 2 * factor, factor, padding=factor // 2))
            inputs = outputs
        self.dense = nn.Linear(SEED_STEPS * inputs, 2 * form.latent_dim)

    def forward(self, envelope: Tensor) -> tuple[Tensor, Tensor]:
        x = (envelope - CENTRE) / SPREAD
        for convolution in self.convolutions:
            x = functional.leaky_relu(convolution(x), SLOPE)
        mean, log_variance = self.dense(x.flatten(1)).chunk(2, dim=1)
        return mean, log_variance.clamp(-12.0, 4.0)


class Decoder(nn.Module):
    """Code [batch, latent_dim] → envelope [batch, rows, steps], and the carriers' shares as logits [batch, carriers].

    Each layer multiplies the time steps by its factor; its kernel is a multiple of that, so that all steps are alike.
    """

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.dense = nn.Linear(form.latent_dim, SEED_STEPS * form.widths[0])
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose1d(layer.inputs, layer.outputs, layer.kernel, layer.stride, padding=layer.padding)
            for layer in form.layers[:-1]
        )
        self.rows = nn.Conv1d(form.widths[-1], form.rows, 3, padding=1)
        self.mix = nn.Linear(form.latent_dim, MIX_WIDTH)
        self.shares = nn.Linear(MIX_WIDTH, form.carriers)

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        x = self.dense(code).view(len(code), SEED_STEPS, -1).transpose(1, 2)
        for convolution in self.convolutions:
            x = convolution(functional.leaky_relu(x, SLOPE))
        envelope = (self.rows(functional.leaky_relu(x, SLOPE)) * SPREAD + CENTRE).clamp(max=HIGHEST)
        shares = self.shares(functional.leaky_relu(self.mix(code), SLOPE))
        return envelope, shares


def weights_of(shares: Tensor, sharpness: float) -> Tensor:
    """Amplitudes [batch, carriers] of the carriers, of the shares' logits: their squares add up to 1.

    The sharper, the more the best carrier is preferred to what the likings say: a mixture of many has no partials left.
    """
    return torch.softmax(sharpness * shares, dim=1).clamp(min=LEAST_SHARE).sqrt()
