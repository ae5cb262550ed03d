"""The networks as the paper's table reads, layer by layer: what the fast form must equal."""

import torch
from torch import Tensor
from torch.nn import functional

from trainer.wavegan.layers import SEED_FRAMES
from trainer.wavegan.networks import SLOPE, Discriminator, Generator


def generate(generator: Generator, z: Tensor) -> Tensor:
    """The generator's audio."""
    x = generator.dense(z).view(len(z), SEED_FRAMES, -1).transpose(1, 2)
    for convolution in generator.convolutions:
        x = convolution(functional.relu(x))
    return torch.tanh(x)


def score(discriminator: Discriminator, audio: Tensor, shifts: Tensor) -> Tensor:
    """The discriminator's score."""
    x = audio
    for index, convolution in enumerate(discriminator.convolutions):
        x = functional.leaky_relu(convolution(x), SLOPE)
        if index < len(shifts):
            x = _shift(x, int(shifts[index]))
    return discriminator.dense(x.transpose(1, 2).flatten(1)).squeeze(1)


def slope(discriminator: Discriminator, audio: Tensor, shifts: Tensor) -> Tensor:
    """∂score/∂audio, to be differentiated again."""
    audio = audio.detach().requires_grad_()
    total = score(discriminator, audio, shifts).sum()
    return torch.autograd.grad(total, audio, create_graph=True)[0]


def _shift(x: Tensor, shift: int) -> Tensor:
    if shift > 0:
        return functional.pad(x, (shift, 0), mode="reflect")[..., :-shift]
    if shift < 0:
        return functional.pad(x, (0, -shift), mode="reflect")[..., -shift:]
    return x
