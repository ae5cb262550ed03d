"""A generator of the recipe `fast` as an ONNX graph that computes only what the `window` input asks for.

Carriers and spectra are counted in steps: [batch, steps, channels, frames of a step or numbers of a window]. Step s and
the one before it make window s; the halves of windows s and s + 1 that meet in step s are its audio. A short Fourier
transform, the window's shape included, is one matrix product.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.fast.form import SEED_STEPS, Form, band_shapes
from trainer.fast.generator import LINEAR
from trainer.fast.networks import CENTRE, HIGHEST, LEAST_SHARE, SLOPE, SPREAD
from trainer.fast.transport import SHORTEST
from trainer.onnx_graph import Graph
from trainer.window_graph import Range, as_model, asked, batch_size, ranges, transposed_convolution

if TYPE_CHECKING:
    import onnx

    from trainer.run_folder import RunConfig

Weights = Mapping[str, NDArray[Any]]


def build_graph(config: RunConfig, state: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of a run's generator."""
    return build(Form.of(config), state, metadata)


def build(form: Form, weights: Weights, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """The model of a generator's weights, named as in its PyTorch state."""
    graph = Graph()
    frames = asked(graph)
    hop, one = graph.whole(form.hop), graph.whole(1)
    first = graph.add("Div", frames[0], hop)
    last = graph.add("Add", graph.add("Div", graph.add("Sub", frames[1], one), hop), one)
    # The windows `first` to `last`, that one included, have a step before them and one behind that the clip may lack.
    low = graph.add("Max", graph.add("Sub", first, one), graph.whole(0))
    high = graph.add("Min", graph.add("Add", last, one), graph.whole(form.steps))
    missing_before = graph.add("Sub", low, graph.add("Sub", first, one))
    missing_after = graph.add("Sub", graph.add("Add", last, one), high)

    batch = batch_size(graph)
    code = _code(graph, form, weights)
    mixture = _pad_steps(graph, _mixture(graph, form, weights, code, (low, high)), missing_before, missing_after)
    bands = _pad_steps(
        graph, _envelope(graph, form, weights, code, batch, (first, high)), graph.whole(0), missing_after, mode="edge"
    )
    steps = _vocoder(graph, form, mixture, bands)

    audio = graph.add("Reshape", graph.add("Transpose", steps, perm=[0, 2, 1, 3]), graph.whole(0, form.channels, -1))
    start = graph.add("Mod", frames[0], hop)
    stop = graph.add("Add", start, graph.add("Sub", frames[1], frames[0]))
    audio = _to_left_and_right(graph, form, graph.slice(audio, start, stop, axis=2))
    _saturated(graph, audio, output="audio")
    return as_model(graph, form.latent_dim, form.channels, metadata)


def _code(graph: Graph, form: Form, weights: Weights) -> str:
    """The code [batch, latent_dim] of z (trainer/fast/transport.py)."""
    anchors, offsets, codes, spreads, middles = (
        weights[f"density.{name}"] for name in ("anchors", "offsets", "codes", "spreads", "middles")
    )
    blend = np.float32(form.blend)
    likings = graph.add(
        "Gemm",
        "z",
        graph.weights("density.anchors", anchors.T / blend),
        graph.weights("density.offsets", offsets / blend),
    )
    middle = codes.mean(axis=0)
    apart = codes - middle
    squares = np.square(apart).sum(axis=1, keepdims=True)
    # The shares add up to 1, so what is added to every row is added once.
    told = np.concatenate([apart, middle - spreads * middles, spreads, squares], axis=1)
    mixed = graph.add("MatMul", graph.add("Softmax", likings, axis=1), graph.weights("density.told", told))
    blended, place, spread, square = graph.split(mixed, *[form.latent_dim] * 3, 1, axis=1)
    norm = graph.add("ReduceL2", blended, axes=[1])
    longer = graph.add("Div", graph.add("Sqrt", square), graph.add("Max", norm, graph.number(SHORTEST)))
    strayed = graph.add("Add", place, graph.add("Mul", spread, "z"))
    return graph.add("Add", graph.add("Mul", blended, longer), strayed)


def _mixture(graph: Graph, form: Form, weights: Weights, code: str, steps: Range) -> str:
    """Steps of the mixed carriers, [batch, steps, channels, frames of a step]."""
    from onnx import TensorProto

    shares = _dense(graph, weights, "decoder.shares", _leaky(graph, _dense(graph, weights, "decoder.mix", code)))
    shares = graph.add("Softmax", graph.add("Mul", shares, graph.number(form.sharpness)), axis=1)
    amplitudes = graph.add("Sqrt", graph.add("Max", shares, graph.number(LEAST_SHARE)))
    # Steps first, so that a window of all channels is one range of each carrier.
    by_step = weights["carriers"].reshape(form.carriers, form.channels, form.steps, form.hop).transpose(0, 2, 1, 3)
    carriers = graph.weights("carriers", by_step.reshape(form.carriers, form.steps, form.channels * form.hop))
    part = graph.add("Cast", graph.slice(carriers, *steps, axis=1), to=TensorProto.FLOAT)
    part = graph.add("Reshape", part, graph.whole(form.carriers, -1))
    return graph.add("Reshape", graph.add("MatMul", amplitudes, part), graph.whole(0, -1, form.channels, form.hop))


def _envelope(graph: Graph, form: Form, weights: Weights, code: str, batch: str, steps: Range) -> str:
    """Steps of the envelope as the last layer gives it, its levels set: [batch, steps, channels, bands], / SPREAD."""
    layers = form.layers
    windows = ranges(graph, layers, steps)
    x = _leaky(graph, _dense(graph, weights, "decoder.dense", code))
    x = graph.add("Reshape", x, graph.whole(0, SEED_STEPS, form.widths[0]))
    x = graph.slice(x, *windows[0], axis=1)
    for index, layer in enumerate(layers):
        last = index == len(layers) - 1
        name = "decoder.rows" if last else f"decoder.convolutions.{index}"
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        if last:
            # A plain convolution is a transposed one with its kernel turned round.
            weight, bias = weight.transpose(1, 0, 2)[..., ::-1], bias + np.float32(CENTRE / SPREAD)
        x = transposed_convolution(
            graph,
            layer,
            name,
            weight,
            bias,
            x,
            batch,
            windows[index],
            windows[index + 1],
            activation=None if last else (lambda y: _leaky(graph, y)),
        )
    x = graph.add("Min", x, graph.number(HIGHEST / SPREAD))
    levels = graph.weights("levels", np.ascontiguousarray(weights["levels"].T / np.float32(SPREAD)))
    x = graph.add("Add", x, graph.slice(levels, *steps, axis=0))
    return graph.add("Reshape", x, graph.whole(0, 0, form.channels, -1))


def _vocoder(graph: Graph, form: Form, mixture: str, bands: str) -> str:
    """Lays n + 1 steps of bands over n + 2 steps of the mixture: n steps of audio, [batch, n, channels, frames]."""
    numbers, bins = windowed_fourier(form.size)
    shapes = SPREAD / 2 * band_shapes(form.sample_rate, form.size)[bins].T
    gains = graph.add("Exp", graph.add("MatMul", bands, graph.weights("bands", shapes.astype(np.float32))))
    windows = graph.add("Concat", _but_last(graph, mixture), _but_first(graph, mixture), axis=3)
    analysis = graph.weights("analysis", numbers)
    spectra = graph.add("MatMul", windows, analysis)
    back = graph.add("Transpose", analysis, perm=[1, 0])
    halves = graph.add("MatMul", graph.add("Mul", spectra, gains), back)
    before, behind = graph.split(halves, form.hop, form.hop, axis=3)
    return graph.add("Add", _but_last(graph, behind), _but_first(graph, before))


def windowed_fourier(size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Sine window and Fourier transform as one real matrix [frames, numbers], and the bin of each number.

    The numbers are cosine parts, then sine parts, about the window's middle: the basis is orthonormal, and the way back
    is the matrix transposed.
    """
    frames = np.arange(size) + 0.5
    cosines, sines = np.arange(size // 2), np.arange(1, size // 2 + 1)
    angles = 2 * np.pi / size * (frames - size / 2)[:, None]
    basis = np.sqrt(2 / size) * np.concatenate([np.cos(angles * cosines), np.sin(angles * sines)], axis=1)
    basis[:, [0, -1]] /= np.sqrt(2)  # a wave of no frequency, or the highest, has one part only
    window = np.sin(np.pi * frames / size)[:, None]
    return np.asarray(window * basis, np.float32), np.concatenate([cosines, sines])


def _saturated(graph: Graph, audio: str, output: str) -> None:
    straight = graph.add("Clip", audio, graph.number(-LINEAR), graph.number(LINEAR))
    beyond = graph.add("Div", graph.add("Sub", audio, straight), graph.number(1 - LINEAR))
    bent = graph.add("Mul", graph.add("Tanh", beyond), graph.number(1 - LINEAR))
    graph.add("Add", straight, bent, output=output)


def _to_left_and_right(graph: Graph, form: Form, audio: str) -> str:
    if form.channels == 1:
        return audio
    middle, side = graph.split(audio, 1, 1, axis=1)
    return graph.add("Concat", graph.add("Add", middle, side), graph.add("Sub", middle, side), axis=1)


def _pad_steps(graph: Graph, x: str, before: str, after: str, **attributes: str) -> str:
    zero = graph.whole(0)
    pads = graph.add("Concat", zero, before, zero, zero, zero, after, zero, zero, axis=0)
    return graph.add("Pad", x, pads, **attributes)


def _but_first(graph: Graph, x: str) -> str:
    return graph.slice(x, graph.whole(1), graph.whole(2**31), axis=1)


def _but_last(graph: Graph, x: str) -> str:
    return graph.slice(x, graph.whole(0), graph.whole(-1), axis=1)


def _dense(graph: Graph, weights: Weights, name: str, x: str) -> str:
    weight = graph.weights(f"{name}.weight", weights[f"{name}.weight"].T)
    return graph.add("Gemm", x, weight, graph.weights(f"{name}.bias", weights[f"{name}.bias"]))


def _leaky(graph: Graph, x: str) -> str:
    return graph.add("LeakyRelu", x, alpha=SLOPE)
