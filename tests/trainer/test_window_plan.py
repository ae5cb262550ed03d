import numpy as np
import pytest
import torch

from trainer.layer import Layer
from trainer.window_plan import as_convolution, need, taps

LAYERS = [
    Layer(24, 3, 2, 4, 25),
    Layer(24, 3, 2, 2, 25),
    Layer(7, 1, 1, 4, 25),
    Layer(12, 3, 2, 4, 8),
    Layer(12, 3, 2, 2, 4),
    Layer(24, 3, 2, 1, 3),
]


def whole(layer: Layer, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    uneven = (layer.kernel - layer.stride) % 2
    y = torch.nn.functional.conv_transpose1d(
        torch.from_numpy(x.T[None]), torch.from_numpy(weight), None, layer.stride, layer.padding, uneven
    )
    return y[0].numpy().T


def windowed(layer: Layer, x: np.ndarray, weight: np.ndarray, start: int, stop: int) -> np.ndarray:
    plan = need(layer, start, stop)
    frames = np.pad(x[slice(*plan.inputs)], (plan.pad, (0, 0)))
    kernel = as_convolution(layer, weight)
    blocks = len(frames) - taps(layer) + 1
    y = sum(frames[tap : tap + blocks] @ kernel[tap] for tap in range(taps(layer)))
    return np.asarray(y).reshape(-1, layer.outputs)[plan.crop : plan.crop + stop - start]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_window_equals_the_slice_of_the_whole(layer: Layer) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((layer.frames, layer.inputs)).astype(np.float32)
    weight = random.standard_normal((layer.inputs, layer.outputs, layer.kernel)).astype(np.float32)
    expected = whole(layer, x, weight)
    frames = layer.frames * layer.stride
    assert len(expected) == frames
    for start in range(frames):
        for stop in range(start + 1, frames + 1):
            got = windowed(layer, x, weight, start, stop)
            assert got.shape == (stop - start, layer.outputs)
            assert np.abs(got - expected[start:stop]).max() < 1e-4


def test_a_window_reads_only_the_frames_within_reach() -> None:
    layer = Layer(1000, 1, 1, 4, 25)
    low, high = need(layer, 2000, 2004).inputs
    assert high - low <= taps(layer) + 1
    assert low <= 500 < high
