"""The encoder of the recipe `fast` as an ONNX graph: a clip → the latent whose sound is nearest to it, or nearly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trainer.fast.form import Form, band_shapes
from trainer.fast.graph import windowed_fourier
from trainer.fast.networks import CENTRE, SLOPE, SPREAD
from trainer.fast.spectrum import FLOOR
from trainer.fast.transport import REACH
from trainer.onnx_graph import Graph, Values

if TYPE_CHECKING:
    import onnx

    from trainer.run_folder import RunConfig

Weights = Mapping[str, NDArray[np.float32]]


def build_encoder(config: RunConfig, state: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of a checkpoint's tensors (`encoder_ema.…` and `ema.density.…`), for a run of that config.

    Input `audio` float32 [batch, channels, clip_frames], left and right if stereo; output `z` float32 [batch,
    latent_dim]. It equals `trainer.fast.finding.find_latent`.
    """
    return build(Form.of(config), state, metadata)


def build(form: Form, state: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """As `build_encoder`, for a form."""
    from onnx import TensorProto

    graph = Graph()
    x = _envelope(graph, form)
    for index, factor in enumerate(reversed(form.factors)):
        name = f"convolutions.{index}"
        parts = [f"{name}.weight", f"{name}.bias"]
        constants = [graph.weights(part, state[f"encoder_ema.{part}"]) for part in parts]
        x = graph.add("Conv", x, *constants, strides=[factor], pads=[factor // 2, factor // 2])
        x = graph.add("LeakyRelu", x, alpha=SLOPE)
    # The rows of the dense layer that give the mean; the rest would give the variance.
    weight = graph.weights("dense.weight", state["encoder_ema.dense.weight"][: form.latent_dim].T)
    bias = graph.weights("dense.bias", state["encoder_ema.dense.bias"][: form.latent_dim])
    code = graph.add("Gemm", graph.add("Flatten", x), weight, bias)
    _latent(graph, state, code)
    inputs: Values = {"audio": (TensorProto.FLOAT, ["batch", form.channels, form.clip_frames])}
    outputs: Values = {"z": (TensorProto.FLOAT, ["batch", form.latent_dim])}
    return graph.model("encoder", inputs, outputs, metadata)


def _envelope(graph: Graph, form: Form) -> str:
    """The envelope as the encoder takes it, [batch, rows, steps] (trainer/fast/spectrum.py)."""
    audio = "audio"
    if form.channels == 2:
        to_middle = np.array([[0.5, 0.5], [0.5, -0.5]], np.float32)
        audio = graph.add("MatMul", graph.weights("to_middle", to_middle), audio)
    padded = graph.add("Pad", audio, graph.whole(0, 0, form.hop, 0, 0, form.hop))
    hops = graph.add("Reshape", padded, graph.whole(0, form.channels, form.steps + 2, form.hop))
    most = graph.whole(2**31)
    one, last, before_last = (graph.whole(n) for n in (1, -1, -2))
    start = graph.whole(0)
    windows = graph.add("Concat", graph.slice(hops, start, last, axis=2), graph.slice(hops, one, most, axis=2), axis=3)
    numbers, bins = windowed_fourier(form.size)
    spectra = graph.add("MatMul", windows, graph.weights("analysis", numbers))
    shapes = band_shapes(form.sample_rate, form.size)
    pooling = (shapes / shapes.sum(axis=0))[bins]
    pooling[[0, -1]] *= 2  # of these bins there is one number, and the basis is orthonormal
    power = graph.add("MatMul", graph.add("Mul", spectra, spectra), graph.weights("pooling", pooling))
    power = graph.add("Add", power, graph.number(FLOOR**2))
    now, after = graph.slice(power, start, last, axis=2), graph.slice(power, one, most, axis=2)
    first, earlier = graph.slice(power, start, one, axis=2), graph.slice(power, start, before_last, axis=2)
    before = graph.add("Concat", first, earlier, axis=2)
    sides = graph.add("Mul", graph.add("Add", before, after), graph.number(0.25))
    smooth = graph.add("Add", graph.add("Mul", now, graph.number(0.5)), sides)
    rows = graph.add("Transpose", graph.add("Log", smooth), perm=[0, 1, 3, 2])
    rows = graph.add("Reshape", rows, graph.whole(0, form.rows, form.steps))
    rows = graph.add("Sub", rows, graph.number(CENTRE))
    return graph.add("Div", rows, graph.number(SPREAD))


def _latent(graph: Graph, state: Weights, code: str) -> None:
    """The latent of a code: the middles of the cells of the codes next to it (Transport.inverse)."""
    codes, middles = state["ema.density.codes"].astype(np.float64), state["ema.density.middles"]
    middle = codes.mean(axis=0)
    # About their middle, since the squares are large numbers whose differences matter.
    moved = codes - middle
    square = max(float(codes.var(axis=0).mean()) ** 0.5, 1e-3) ** 2 * REACH**2
    near = graph.add("Sub", code, graph.weights("codes.middle", middle.astype(np.float32)))
    likings = graph.add(
        "Gemm",
        near,
        graph.weights("codes", (moved.T / square).astype(np.float32)),
        graph.weights("codes.offsets", (-np.square(moved).sum(axis=1) / (2 * square)).astype(np.float32)),
    )
    graph.add("MatMul", graph.add("Softmax", likings, axis=1), graph.weights("middles", middles), output="z")
