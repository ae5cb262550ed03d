"""The discriminator of the recipe `fast`: pictures of the sound's level over time and bands, real or made."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.fast.form import Form
from trainer.fast.networks import CENTRE, SLOPE, SPREAD

WIDTHS = (16, 32, 64, 96)


class Discriminator(nn.Module):
    """Envelope [batch, rows, steps] → scores [batch, places], high for real, and the layers' outputs on the way.

    Cheap: 2-D convolutions over bands and steps, with the band's place and the level as inputs.
    """

    def __init__(self, form: Form, random: torch.Generator) -> None:
        super().__init__()
        self.channels = form.channels
        self.convolutions = nn.ModuleList()
        inputs = form.channels + 1
        for index, outputs in enumerate(WIDTHS):
            stride = (2 if index else 1, 2)
            self.convolutions.append(nn.Conv2d(inputs, outputs, (3, 5), stride, padding=(1, 2)))
            inputs = outputs
        self.score = nn.Conv2d(inputs, 1, 3, padding=1)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.kaiming_uniform_(parameter, SLOPE, generator=random)
            else:
                nn.init.zeros_(parameter)

    def forward(self, envelope: Tensor) -> tuple[Tensor, list[Tensor]]:
        x = ((envelope - CENTRE) / SPREAD).view(len(envelope), self.channels, -1, envelope.shape[-1])
        place = torch.linspace(-1, 1, x.shape[2], device=x.device, dtype=x.dtype).view(1, 1, -1, 1)
        x = torch.cat([x, place.expand(len(x), 1, -1, x.shape[3])], dim=1)
        layers = []
        for convolution in self.convolutions:
            x = functional.leaky_relu(convolution(x), SLOPE)
            layers.append(x)
        return self.score(x).flatten(1), layers
