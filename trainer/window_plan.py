"""Which frames each layer needs for a window of the clip, worked out backwards; and a layer as a plain convolution.

Of a transposed convolution with kernel K, stride s and padding p, output frame o is

    Σ w[o + p − s·i] · x[i]   over the inputs i with 0 ≤ o + p − s·i < K.

Write o + p = s·Q + r with 0 ≤ r < s. Then i = Q − j for taps j = 0 … ⌈K / s⌉ − 1, with the weight w[r + s·j]: for each
block Q of s output frames it is an ordinary convolution with ⌈K / s⌉ taps and s times as many outputs. Frames counted
last in a tensor's rows need no shuffling to come apart again: [Q, s · outputs] is [s · Q, outputs].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.layer import Layer


@dataclass(frozen=True)
class Need:
    """What a layer does for frames [start, stop) of its output.

    It reads `inputs`, a range of its input frames, puts `pad` zeros before and after them, convolves, and drops the
    first `crop` frames of the result.
    """

    inputs: tuple[int, int]
    pad: tuple[int, int]
    crop: int


def taps(layer: Layer) -> int:
    """How many input frames an output frame depends on at most."""
    return -(-layer.kernel // layer.stride)


def need(layer: Layer, start: int, stop: int) -> Need:
    """The arithmetic that the exported graph does on its `window` input, for one layer."""
    first = (start + layer.padding) // layer.stride - (taps(layer) - 1)
    last = (stop - 1 + layer.padding) // layer.stride + 1
    low, high = max(first, 0), min(last, layer.frames)
    return Need((low, high), (low - first, last - high), (start + layer.padding) % layer.stride)


def as_convolution(layer: Layer, weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """PyTorch's transposed kernel [inputs, outputs, kernel] as [taps, inputs, stride · outputs].

    Row t belongs to input frame Q − (taps − 1) + t, so that rows lie in the order of the frames.
    """
    count = taps(layer)
    padded = np.zeros((layer.inputs, layer.outputs, count * layer.stride), np.float32)
    padded[..., : layer.kernel] = weight
    split = padded.reshape(layer.inputs, layer.outputs, count, layer.stride)
    return np.ascontiguousarray(split.transpose(2, 0, 3, 1)[::-1]).reshape(count, layer.inputs, -1)
