"""The shape of a WaveGAN and its layers, as data: the networks and the exported graph are built from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import UserError

if TYPE_CHECKING:
    from trainer.run_folder import RunConfig

KERNEL = 25  # WaveGAN paper, Table 2
SEED_FRAMES = 16  # frames that the dense layer gives: 16384 = 16 · 4^5


@dataclass(frozen=True)
class Shape:
    """What must agree between a run, its dataset and the weights it starts from."""

    clip_frames: int
    channels: int
    dim: int
    latent_dim: int

    @classmethod
    def of(cls, config: RunConfig) -> Shape:
        """The shape of a run's networks."""
        return cls(config.clip_frames, config.channels, int(config.settings["dim"]), config.latent_dim)


@dataclass(frozen=True)
class Layer:
    """A transposed convolution of the generator; the discriminator's convolutions have the same kernels and strides.

    `frames` and `inputs` are what goes in, `frames * stride` and `outputs` what comes out.
    """

    frames: int
    inputs: int
    outputs: int
    stride: int
    kernel: int = KERNEL

    @property
    def padding(self) -> int:
        """Frames cropped at the left of the full transposed convolution, so that its output is `frames * stride` long.

        The right loses one less: PyTorch's `output_padding=1`. The authors' TensorFlow crops the mirror image of it.
        """
        return (self.kernel - self.stride + 1) // 2

    @property
    def reach(self) -> int:
        """How many blocks of `stride` frames the kernel reaches into at each side of the block it belongs to."""
        return -(-self.padding // self.stride)

    @property
    def surplus(self) -> tuple[int, int]:
        """Zeros before and after the kernel that make it whole blocks, 2 · reach + 1 of them."""
        before = self.reach * self.stride - self.padding
        return before, (2 * self.reach + 1) * self.stride - self.kernel - before


def generator_layers(shape: Shape) -> tuple[Layer, ...]:
    """The generator's layers from the dense layer's 16 frames to the clip: stride 4, channels halving.

    A length of 16 · 4^k · 2 has stride 2 in the last layer. Raises UserError on any other length.
    """
    strides: list[int] = []
    frames = SEED_FRAMES
    while frames * 4 <= shape.clip_frames:
        strides.append(4)
        frames *= 4
    if frames * 2 == shape.clip_frames:
        strides.append(2)
        frames *= 2
    if frames != shape.clip_frames or len(strides) < 2:
        raise UserError(
            f"Clips of {shape.clip_frames} frames do not fit the network; prepare the dataset with a length of "
            "16384, 32768, 65536, 131072 or 262144 frames."
        )
    layers: list[Layer] = []
    frames, inputs = SEED_FRAMES, shape.dim * 2 ** (len(strides) - 1)
    for index, stride in enumerate(strides):
        outputs = shape.channels if index == len(strides) - 1 else inputs // 2
        layers.append(Layer(frames, inputs, outputs, stride))
        frames, inputs = frames * stride, outputs
    return tuple(layers)
