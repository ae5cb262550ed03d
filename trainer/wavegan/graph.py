"""A WaveGAN generator as an ONNX graph that computes only what the `window` input asks for.

The graph is built from the table of layers, node by node. Everything inside is [batch, frames, channels], and a
transposed convolution is one matrix product (trainer/wavegan/window_plan.py says how).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.onnx_graph import Graph
from trainer.wavegan.layers import SEED_FRAMES, Layer, Shape, generator_layers
from trainer.wavegan.window_plan import as_convolution, taps

if TYPE_CHECKING:
    import onnx

    from trainer.run_folder import RunConfig

OPSET = 17
IR_VERSION = 8  # of ONNX 1.12, the first with opset 17
Weights = Mapping[str, NDArray[np.float32]]


def build_graph(config: RunConfig, state: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of a run's generator."""
    return build(Shape.of(config), state, metadata)


def build(shape: Shape, weights: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of a generator's weights, named as in its PyTorch state."""
    from onnx import TensorProto, helper

    graph = Graph()
    layers = generator_layers(shape)
    start = graph.slice("window", graph.whole(0), graph.whole(1), axis=0)
    stop = graph.slice("window", graph.whole(1), graph.whole(2), axis=0)
    windows = _windows(graph, layers, start, stop)

    dense = graph.add(
        "Gemm",
        "z",
        graph.weights("dense.weight", weights["dense.weight"].T),
        graph.weights("dense.bias", weights["dense.bias"]),
    )
    x = graph.add("Relu", graph.add("Reshape", dense, graph.whole(0, SEED_FRAMES, layers[0].inputs)))
    x = graph.slice(x, *windows[0], axis=1)
    batch = graph.add("Slice", graph.add("Shape", "z"), graph.whole(0), graph.whole(1))
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        name = f"convolutions.{index}"
        x = _transposed_convolution(
            graph, layer, name, weights, x, batch, windows[index], windows[index + 1], activation="" if last else "Relu"
        )
    graph.add("Tanh", graph.add("Transpose", x, perm=[0, 2, 1]), output="audio")

    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "generator",
            [
                helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", shape.latent_dim]),
                helper.make_tensor_value_info("window", TensorProto.INT64, [2]),
            ],
            [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["batch", shape.channels, "frames"])],
            list(graph.constants.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="producergan",
    )
    helper.set_model_props(model, dict(metadata))
    return model


def _windows(graph: Graph, layers: Sequence[Layer], start: str, stop: str) -> list[tuple[str, str]]:
    """Start and stop frame of each layer's input, and at the end of the audio: `window_plan.need` in nodes."""
    windows = [(start, stop)]
    for layer in reversed(layers):
        first, last = _reach(graph, layer, *windows[0])
        low = graph.add("Max", first, graph.whole(0))
        high = graph.add("Min", last, graph.whole(layer.frames))
        windows.insert(0, (low, high))
    return windows


def _reach(graph: Graph, layer: Layer, start: str, stop: str) -> tuple[str, str]:
    """The input frames that output frames start to stop depend on, beyond the clip's edges too."""
    stride = graph.whole(layer.stride)
    first_block = graph.add("Div", graph.add("Add", start, graph.whole(layer.padding)), stride)
    last_block = graph.add("Div", graph.add("Add", stop, graph.whole(layer.padding - 1)), stride)
    first = graph.add("Sub", first_block, graph.whole(taps(layer) - 1))
    return first, graph.add("Add", last_block, graph.whole(1))


def _transposed_convolution(
    graph: Graph,
    layer: Layer,
    name: str,
    weights: Weights,
    x: str,
    batch: str,
    inputs: tuple[str, str],
    outputs: tuple[str, str],
    activation: str,
) -> str:
    kernel = as_convolution(layer, weights[f"{name}.weight"])
    count, _, width = kernel.shape
    bias = graph.weights(f"{name}.bias", np.tile(weights[f"{name}.bias"], layer.stride))
    first, last = _reach(graph, layer, *outputs)
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
        y = graph.add("Add", graph.add("Sum", *pieces), bias)
    else:
        # Many outputs: the frames of all taps side by side, and one product.
        rows = graph.weights(f"{name}.weight", kernel.reshape(count * layer.inputs, width))
        pieces = [graph.slice(x, graph.whole(tap), stop, axis=1) for tap, stop in enumerate(stops)]
        columns = graph.add("Concat", *pieces, axis=2)
        y = graph.add("Gemm", graph.add("Reshape", columns, graph.whole(-1, count * layer.inputs)), rows, bias)
    if activation:
        y = graph.add(activation, y)
    spread = graph.add("Concat", batch, graph.whole(-1, layer.outputs), axis=0)
    y = graph.add("Reshape", y, spread)
    crop = graph.add("Mod", graph.add("Add", outputs[0], graph.whole(layer.padding)), graph.whole(layer.stride))
    length = graph.add("Sub", outputs[1], outputs[0])
    return graph.slice(y, crop, graph.add("Add", crop, length), axis=1)
