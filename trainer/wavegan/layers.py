"""The shape of a WaveGAN and its layers, as data: the networks and the exported graph are built from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import UserError
from trainer.layer import Layer

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


def generator_layers(shape: Shape) -> tuple[Layer, ...]:
    """The generator's layers from the dense layer's 16 frames to the clip: stride 4, channels halving.

    A length of 16 · 4^k · 2 has stride 2 in the last layer. Raises UserError on any other length. The discriminator's
    convolutions have the same kernels, strides and padding; the authors' TensorFlow crops the mirror image of it.
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
        layers.append(Layer(frames, inputs, outputs, stride, KERNEL))
        frames, inputs = frames * stride, outputs
    return tuple(layers)
