"""Writes small, real instrument files: every sound is a sine whose frequency the first number of its latent sets."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import TensorProto, helper, numpy_helper

LOW_HZ = 200.0
HIGH_HZ = 2000.0
LOOP = """
format = 1
name = "Loop"
instrument = "tiny.onnx"

[[zone]]
name = "keys"
keys = "36-67"
source = "seeds"
seed = 1
mode = "loop"
"""


def frequency(z: ArrayLike, prior: str = "uniform", low_hz: float = LOW_HZ, high_hz: float = HIGH_HZ) -> float:
    """The frequency in Hz that the tiny instrument plays for a latent [dim]."""
    first = float(np.asarray(z, np.float64).ravel()[0])
    place = (first + 1) / 2 if prior == "uniform" else 1 / (1 + math.exp(-1.702 * first))
    return low_hz + (high_hz - low_hz) * place


def tiny_model(
    *,
    frames: int = 16384,
    channels: int = 1,
    sample_rate: int = 16000,
    latent_dim: int = 8,
    prior: str = "uniform",
    name: str = "tiny",
    amplitude: float = 0.5,
    low_hz: float = LOW_HZ,
    high_hz: float = HIGH_HZ,
    directions: Mapping[str, Any] | None = None,
    favourites: Sequence[Any] = (),
    opset: int = 17,
) -> onnx.ModelProto:
    """The model: audio[b, c, n] = gain[c] · sin(2π · frequency(z[b]) / sample_rate · (start + n)).

    The second channel is half as loud as the first. `directions` defaults to one, `pitch`, that moves the frequency.
    """
    constants = {
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "first": np.array(0, np.int64),
        "second": np.array(1, np.int64),
        "step": np.array(1, np.int64),
        "slope": np.array(0.5 if prior == "uniform" else 1.702, np.float32),
        "offset": np.array(0.5 if prior == "uniform" else 0, np.float32),
        "span": np.array((high_hz - low_hz) / sample_rate, np.float64),
        "low": np.array(low_hz / sample_rate, np.float64),
        "frame_axes": np.array([0, 1], np.int64),
        "last_axis": np.array([2], np.int64),
        "turn": np.array(2 * math.pi, np.float32),
        "gains": (amplitude * 0.5 ** np.arange(channels)).astype(np.float32).reshape(1, channels, 1),
    }
    node = helper.make_node
    nodes = [
        node("Slice", ["z", "zero", "one", "one"], ["knob"]),  # [batch, 1]
        node("Mul", ["knob", "slope"], ["scaled"]),
        node("Add", ["scaled", "offset"], ["shifted"]),
        node("Identity" if prior == "uniform" else "Sigmoid", ["shifted"], ["place"]),
        node("Cast", ["place"], ["place_double"], to=TensorProto.DOUBLE),
        node("Mul", ["place_double", "span"], ["above"]),
        node("Add", ["above", "low"], ["cycles_per_frame"]),
        node("Unsqueeze", ["cycles_per_frame", "last_axis"], ["rate"]),  # [batch, 1, 1]
        node("Gather", ["window", "first"], ["start"]),
        node("Gather", ["window", "second"], ["stop"]),
        node("Range", ["start", "stop", "step"], ["index"]),
        node("Cast", ["index"], ["index_double"], to=TensorProto.DOUBLE),
        node("Unsqueeze", ["index_double", "frame_axes"], ["time"]),  # [1, 1, frames]
        node("Mul", ["rate", "time"], ["cycles"]),
        node("Floor", ["cycles"], ["whole"]),
        node("Sub", ["cycles", "whole"], ["fraction"]),
        node("Cast", ["fraction"], ["phase"], to=TensorProto.FLOAT),
        node("Mul", ["phase", "turn"], ["angle"]),
        node("Sin", ["angle"], ["wave"]),
        node("Mul", ["wave", "gains"], ["audio"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", latent_dim]),
            helper.make_tensor_value_info("window", TensorProto.INT64, [2]),
        ],
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["batch", channels, "frames"])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    if directions is None:
        vector = [1.0] + [0.0] * (latent_dim - 1)
        directions = {"pitch": {"vector": vector, "range": [-1.0, 1.0], "rank_correlation": 1.0}}
    fields = {
        "producergan.format": "1",
        "name": name,
        "sample_rate": str(sample_rate),
        "channels": str(channels),
        "clip_frames": str(frames),
        "latent_dim": str(latent_dim),
        "prior": prior,
        "directions": json.dumps(directions),
        "favourites": json.dumps(list(favourites)),
        "provenance": json.dumps({"recipe": "tiny", "steps": 0}),
        "licence": "MIT",
    }
    helper.set_model_props(model, fields)
    return model


def write_noise_instrument(path: Path, **options: Any) -> Path:
    """Writes an instrument whose every sound is white noise, which no coder makes smaller; the options are as above."""
    model = tiny_model(**options)
    nodes = [
        helper.make_node("Mul", ["cycles", "much"], ["far"]),
        helper.make_node("Sin", ["far"], ["hash"]),
        helper.make_node("Mul", ["hash", "more"], ["spread"]),
        helper.make_node("Floor", ["spread"], ["spread_whole"]),
        helper.make_node("Sub", ["spread", "spread_whole"], ["random"]),
        helper.make_node("Cast", ["random"], ["noise"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["noise", "gains"], ["audio"]),
    ]
    del model.graph.node[-1]
    model.graph.node.extend(nodes)
    constants = {"much": 12.9898, "more": 43758.5453}
    model.graph.initializer.extend(numpy_helper.from_array(np.array(value), name) for name, value in constants.items())
    onnx.save(model, str(path))
    return path


def write_tiny_instrument(path: Path, **options: Any) -> Path:
    """Writes `tiny_model(**options)` to `path` and returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(tiny_model(**options), str(path))
    return path


def write_loop_preset(folder: Path) -> Path:
    """Writes the tiny instrument and a preset of looping keys, each a sound of its own; returns the preset's path."""
    write_tiny_instrument(folder / "tiny.onnx")
    path = folder / "loop.toml"
    path.write_text(LOOP)
    return path
