"""Transposed convolutions in an ONNX graph that compute only the frames asked for; a generator's inputs and output.

Everything is [batch, frames, channels], and a layer is one matrix product (trainer/window_plan.py says how).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.layer import Layer
from trainer.onnx_graph import Graph, Values
from trainer.window_plan import as_convolution, taps

if TYPE_CHECKING:
    import onnx

Range = tuple[str, str]
"""Names of the first frame and the one behind the last, int64 [1] each."""


def asked(graph: Graph) -> Range:
    """The frames of the clip that the input `window` asks for."""
    return tuple(graph.slice("window", graph.whole(k), graph.whole(k + 1), axis=0) for k in (0, 1))  # type: ignore[return-value]


def batch_size(graph: Graph) -> str:
    """How many latents the input `z` has, int64 [1]."""
    return graph.add("Slice", graph.add("Shape", "z"), graph.whole(0), graph.whole(1))


def ranges(graph: Graph, layers: Sequence[Layer], wanted: Range) -> list[Range]:
    """The input frames of each layer, and at the end those that are wanted of the last: `window_plan.need` in nodes."""
    found = [wanted]
    for layer in reversed(layers):
        first, last = _reach(graph, layer, found[0])
        found.insert(0, (graph.add("Max", first, graph.whole(0)), graph.add("Min", last, graph.whole(layer.frames))))
    return found


def transposed_convolution(
    graph: Graph,
    layer: Layer,
    name: str,
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    x: str,
    batch: str,
    inputs: Range,
    outputs: Range,
    activation: Callable[[str], str] | None = None,
) -> str:
    """The frames `outputs` of a layer, of its frames `inputs`, x; weight [inputs, outputs, kernel] as in PyTorch."""
    kernel = as_convolution(layer, weight)
    count, _, width = kernel.shape
    biases = graph.weights(f"{name}.bias", np.tile(bias, layer.stride))
    first, last = _reach(graph, layer, outputs)
    before, after = graph.add("Sub", inputs[0], first), graph.add("Sub", last, inputs[1])
    zero = graph.whole(0)
    x = graph.add("Pad", x, graph.add("Concat", zero, before, zero, zero, after, zero, axis=0))
    blocks = graph.add("Sub", graph.add("Sub", last, first), graph.whole(count - 1))
    stops = [blocks if tap == 0 else graph.add("Add", blocks, graph.whole(tap)) for tap in range(count)]
    if width < layer.inputs:
        # Few outputs: each frame is multiplied once with every tap, and the products are added where they meet.
        columns = graph.weights(f"{name}.weight", kernel.transpose(1, 0, 2).reshape(layer.inputs, count * width))
        products = graph.add("MatMul", x, columns)
        pieces = []
        for tap, stop in enumerate(stops):
            of_tap = graph.slice(products, graph.whole(tap * width), graph.whole((tap + 1) * width), axis=2)
            pieces.append(graph.slice(of_tap, graph.whole(tap), stop, axis=1))
        y = graph.add("Add", graph.add("Sum", *pieces), biases)
    else:
        # Many outputs: the frames of all taps side by side, and one product.
        rows = graph.weights(f"{name}.weight", kernel.reshape(count * layer.inputs, width))
        pieces = [graph.slice(x, graph.whole(tap), stop, axis=1) for tap, stop in enumerate(stops)]
        columns = graph.add("Concat", *pieces, axis=2)
        y = graph.add("Gemm", graph.add("Reshape", columns, graph.whole(-1, count * layer.inputs)), rows, biases)
    if activation:
        y = activation(y)
    spread = graph.add("Concat", batch, graph.whole(-1, layer.outputs), axis=0)
    y = graph.add("Reshape", y, spread)
    crop = graph.add("Mod", graph.add("Add", outputs[0], graph.whole(layer.padding)), graph.whole(layer.stride))
    length = graph.add("Sub", outputs[1], outputs[0])
    return graph.slice(y, crop, graph.add("Add", crop, length), axis=1)


def as_model(graph: Graph, latent_dim: int, channels: int, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The instrument's model of a graph that makes `audio` of `z` and `window`."""
    from onnx import TensorProto

    inputs: Values = {"z": (TensorProto.FLOAT, ["batch", latent_dim]), "window": (TensorProto.INT64, [2])}
    outputs: Values = {"audio": (TensorProto.FLOAT, ["batch", channels, "frames"])}
    return graph.model("generator", inputs, outputs, metadata)


def _reach(graph: Graph, layer: Layer, outputs: Range) -> Range:
    """The input frames that output frames depend on, beyond the clip's edges too."""
    stride = graph.whole(layer.stride)
    first_block = graph.add("Div", graph.add("Add", outputs[0], graph.whole(layer.padding)), stride)
    last_block = graph.add("Div", graph.add("Add", outputs[1], graph.whole(layer.padding - 1)), stride)
    first = graph.add("Sub", first_block, graph.whole(taps(layer) - 1))
    return first, graph.add("Add", last_block, graph.whole(1))
