"""A WaveGAN generator as an ONNX graph that computes only what the `window` input asks for.

The graph is built from the table of layers, node by node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.onnx_graph import Graph
from trainer.wavegan.layers import SEED_FRAMES, Shape, generator_layers
from trainer.window_graph import as_model, asked, batch_size, ranges, transposed_convolution

if TYPE_CHECKING:
    import onnx

    from trainer.run_folder import RunConfig

Weights = Mapping[str, NDArray[np.float32]]


def build_graph(config: RunConfig, state: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of a run's generator."""
    return build(Shape.of(config), state, metadata)


def build(shape: Shape, weights: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of a generator's weights, named as in its PyTorch state."""
    graph = Graph()
    layers = generator_layers(shape)
    windows = ranges(graph, layers, asked(graph))
    batch = batch_size(graph)

    dense = graph.add(
        "Gemm",
        "z",
        graph.weights("dense.weight", weights["dense.weight"].T),
        graph.weights("dense.bias", weights["dense.bias"]),
    )
    x = graph.add("Relu", graph.add("Reshape", dense, graph.whole(0, SEED_FRAMES, layers[0].inputs)))
    x = graph.slice(x, *windows[0], axis=1)
    for index, layer in enumerate(layers):
        name = f"convolutions.{index}"
        x = transposed_convolution(
            graph,
            layer,
            name,
            weights[f"{name}.weight"],
            weights[f"{name}.bias"],
            x,
            batch,
            windows[index],
            windows[index + 1],
            activation=(lambda y: graph.add("Relu", y)) if index < len(layers) - 1 else None,
        )
    graph.add("Tanh", graph.add("Transpose", x, perm=[0, 2, 1]), output="audio")
    return as_model(graph, shape.latent_dim, shape.channels, metadata)
