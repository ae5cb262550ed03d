"""A transposed convolution as data, from which networks and exported graphs are built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """A transposed convolution of a generator: `frames * stride` frames of `outputs` channels come out.

    `frames` and `inputs` are what goes in.
    """

    frames: int
    inputs: int
    outputs: int
    stride: int
    kernel: int

    @property
    def padding(self) -> int:
        """Frames cropped at the left of the full transposed convolution, so that its output is `frames * stride` long.

        Where kernel and stride are not both odd or both even, the right loses one less: PyTorch's `output_padding=1`.
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
