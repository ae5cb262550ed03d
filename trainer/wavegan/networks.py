"""WaveGAN's two networks (Donahue et al. 2018, arXiv 1802.04208; table in its appendix D).

Inside, everything is [batch, frames, channels]. The blocks of `stride` frames that a convolution steps by are then the
rows of [batch, frames / stride, stride · channels], the same memory: it is an ordinary convolution of 7 taps (13 at a
stride of 2) on more channels. Processors have fast code for that, and not for 25 taps, a stride and few channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainer.layer import Layer
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

    def forward(self, z: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """`dtype` is that of the convolutions, None for the weights' own."""
        # The dense layer's outputs count frames first, as in the authors' code.
        x = self.dense(z).view(len(z), SEED_FRAMES, -1)
        for layer, kernel, bias in _folded(self, dtype):
            x = convolve_transposed(functional.relu(x), kernel, layer, bias)
        return torch.tanh(x.to(z.dtype)).transpose(1, 2)


class Discriminator(nn.Module):
    """Audio [batch, channels, clip_frames] → score [batch]: the critic of WGAN.

    Its phase shuffle is given, not drawn: `shifts` int64 [n] on the device, for the first n layers, none if n is 0.
    `dtype` is that of the convolutions, None for the weights' own.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        # In the generator's order of strides, not turned round: a stride of 2 comes last here too, as in the authors'
        # code.
        self.layers = generator_layers(shape)
        self.convolutions = nn.ModuleList()
        inputs, outputs = shape.channels, shape.dim
        for layer in self.layers:
            self.convolutions.append(nn.Conv1d(inputs, outputs, layer.kernel, layer.stride, padding=layer.padding))
            inputs, outputs = outputs, outputs * 2
        self.dense = nn.Linear(SEED_FRAMES * inputs, 1)

    def forward(self, audio: Tensor, shifts: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        x = audio.transpose(1, 2)
        for index, (layer, kernel, bias) in enumerate(_folded(self, dtype)):
            x = functional.leaky_relu(convolve(x, kernel, layer, bias), SLOPE)
            x = shift_phase(x, shifts[index]) if index < len(shifts) else x
        return self.dense(x.flatten(1).to(audio.dtype)).squeeze(1)  # type: ignore[no-any-return]

    def slope(self, audio: Tensor, shifts: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """∂score/∂audio, of the shape of `audio`, as a function of the weights that can be differentiated once.

        LeakyReLU is straight on either side of nought, so its slopes are constants, and the derivative is a chain of
        transposed convolutions. What a penalty on it teaches the weights needs no second derivative.
        """
        layers = list(_folded(self, dtype))
        activations: list[Tensor] = []
        with torch.no_grad():
            x = audio.transpose(1, 2)
            for index, (layer, kernel, bias) in enumerate(layers):
                x = functional.leaky_relu(convolve(x, kernel, layer, bias), SLOPE)
                activations.append(x)
                x = shift_phase(x, shifts[index]) if index < len(shifts) else x
        slope = self.dense.weight.view(1, SEED_FRAMES, -1).expand_as(x).to(x.dtype)
        for index, (layer, kernel, _) in reversed(list(enumerate(layers))):
            slope = unshift_phase(slope, shifts[index]) if index < len(shifts) else slope
            slope = torch.ops.aten.leaky_relu_backward(slope, activations[index], SLOPE, True)
            slope = convolve_transposed(slope, kernel, layer)
        return slope.to(audio.dtype).transpose(1, 2)


def _folded(network: Generator | Discriminator, dtype: torch.dtype | None) -> Iterator[tuple[Layer, Tensor, Tensor]]:
    """Each layer with its folded kernel and its bias."""
    weights = network.convolutions.parameters()
    for layer, kernel, bias in zip(network.layers, weights, weights, strict=True):
        yield layer, fold(kernel, layer, dtype), bias


def fold(kernel: Tensor, layer: Layer, dtype: torch.dtype | None = None) -> Tensor:
    """A kernel [a, b, frames] of a layer's stride as one of stride 1 over blocks: [a, stride · b, 1, taps]."""
    rows = functional.pad(kernel.transpose(1, 2), (0, 0, *layer.surplus)).to(dtype)
    return rows.reshape(len(rows), 2 * layer.reach + 1, -1).transpose(1, 2).unsqueeze(2)


def convolve(x: Tensor, kernel: Tensor, layer: Layer, bias: Tensor) -> Tensor:
    """x [batch, stride · frames, b] → [batch, frames, a] with a folded kernel, in its dtype: Conv1d of the stride."""
    blocks = x.to(kernel.dtype).reshape(len(x), x.shape[1] // layer.stride, -1).transpose(1, 2).unsqueeze(2)
    y = functional.conv2d(blocks, kernel, bias.to(kernel.dtype), padding=(0, layer.reach))
    return y.squeeze(2).transpose(1, 2)


def convolve_transposed(x: Tensor, kernel: Tensor, layer: Layer, bias: Tensor | None = None) -> Tensor:
    """x [batch, frames, a] → [batch, stride · frames, b], likewise: ConvTranspose1d of the stride."""
    if bias is not None:
        bias = bias.to(kernel.dtype).repeat(layer.stride)
    blocks = x.to(kernel.dtype).transpose(1, 2).unsqueeze(2)
    y = functional.conv_transpose2d(blocks, kernel, bias, padding=(0, layer.reach))
    return y.squeeze(2).transpose(1, 2).reshape(len(x), x.shape[1] * layer.stride, -1)


def shift_phase(x: Tensor, shift: Tensor) -> Tensor:
    """Moves x [batch, frames, channels] right by `shift` frames (left if negative); the gap is filled by reflection."""
    return x.index_select(1, _sources(x.shape[1], shift))


def unshift_phase(x: Tensor, shift: Tensor) -> Tensor:
    """The adjoint of `shift_phase`: what arrives at each frame goes back to the frame it came from."""
    return torch.zeros_like(x).index_add(1, _sources(x.shape[1], shift), x)


def _sources(frames: int, shift: Tensor) -> Tensor:
    # A tensor in, a tensor out: nothing waits for the device, and a recorded graph takes the shifts of the day.
    wanted = torch.arange(frames, device=shift.device) - shift
    return frames - 1 - (frames - 1 - wanted.abs()).abs()


def initialise(network: nn.Module, random: torch.Generator) -> None:
    """Glorot-uniform kernels and zero biases, TensorFlow's defaults, which the paper's code leaves as they are."""
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        else:
            nn.init.xavier_uniform_(parameter, generator=random)
