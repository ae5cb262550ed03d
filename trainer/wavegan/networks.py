"""WaveGAN's two networks (Donahue et al. 2018, arXiv 1802.04208; table in its appendix D)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.wavegan.layers import SEED_FRAMES, Shape, generator_layers

if TYPE_CHECKING:
    from trainer.run_folder import RunConfig

SLOPE = 0.2  # of LeakyReLU in the discriminator
SHUFFLED_LAYERS = 4  # phase shuffle follows the first four convolutions


def make_generator(config: RunConfig) -> Generator:
    """The generator of a run, without trained weights."""
    return Generator(Shape.of(config))


class Generator(nn.Module):
    """z [batch, latent_dim] → audio [batch, channels, clip_frames] in [−1, 1]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.layers = generator_layers(shape)
        self.dense = nn.Linear(shape.latent_dim, SEED_FRAMES * self.layers[0].inputs)
        self.convolutions = nn.ModuleList(
            nn.ConvTranspose1d(
                layer.inputs, layer.outputs, layer.kernel, layer.stride, padding=layer.padding, output_padding=1
            )
            for layer in self.layers
        )

    def forward(self, z: Tensor) -> Tensor:
        # The dense layer's outputs count frames first, as in the authors' code.
        x = self.dense(z).view(len(z), SEED_FRAMES, -1).transpose(1, 2)
        for convolution in self.convolutions:
            x = convolution(functional.relu(x))
        return torch.tanh(x)


class Discriminator(nn.Module):
    """Audio [batch, channels, clip_frames] → score [batch]: the critic of WGAN.

    Phase shuffle draws from `random` (a CPU generator), one shift for each layer of each call.
    """

    def __init__(self, shape: Shape, phase_shuffle: int, random: torch.Generator) -> None:
        super().__init__()
        self.phase_shuffle = phase_shuffle
        self.random = random
        self.convolutions = nn.ModuleList()
        inputs, outputs = shape.channels, shape.dim
        # In the generator's order of strides, not turned round: a stride of 2 comes last here too, as in the authors'
        # code.
        for layer in generator_layers(shape):
            self.convolutions.append(nn.Conv1d(inputs, outputs, layer.kernel, layer.stride, padding=layer.padding))
            inputs, outputs = outputs, outputs * 2
        self.dense = nn.Linear(SEED_FRAMES * inputs, 1)

    def forward(self, audio: Tensor) -> Tensor:
        x = audio
        for index, convolution in enumerate(self.convolutions):
            x = functional.leaky_relu(convolution(x), SLOPE)
            if index < SHUFFLED_LAYERS and self.phase_shuffle:
                x = shift_phase(x, self._draw_shift())
        return self.dense(x.transpose(1, 2).flatten(1)).squeeze(1)  # type: ignore[no-any-return]

    def _draw_shift(self) -> int:
        limit = self.phase_shuffle
        return int(torch.randint(-limit, limit + 1, (), generator=self.random))


def shift_phase(x: Tensor, shift: int) -> Tensor:
    """Moves x [batch, channels, frames] right by `shift` frames (left if negative); the gap is filled by reflection."""
    if shift > 0:
        return functional.pad(x, (shift, 0), mode="reflect")[..., :-shift]
    if shift < 0:
        return functional.pad(x, (0, -shift), mode="reflect")[..., -shift:]
    return x


def initialise(network: nn.Module, random: torch.Generator) -> None:
    """Glorot-uniform kernels and zero biases, TensorFlow's defaults, which the paper's code leaves as they are."""
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.xavier_uniform_(parameter, generator=random)


def parameter_count(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(parameter.numel() for parameter in network.parameters())
