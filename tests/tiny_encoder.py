"""Writes the encoder of a tiny instrument: it counts how often the first channel crosses zero."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tiny_instrument import HIGH_HZ, LOW_HZ

from engine.data import ENCODER_SUFFIX
from engine.instrument import Instrument


def write_tiny_encoder(instrument: Instrument, digest: str | None = None) -> Path:
    """Writes NAME.encoder.onnx beside a tiny instrument of the uniform prior; `digest` is the instrument's unless said.

    z has the frequency in its first number, and 0 elsewhere.
    """
    channels, frames, dim = instrument.channels, instrument.clip_frames, instrument.latent_dim
    # A crossing is a difference of 2 between the signs, and a turn has two of them.
    hertz = instrument.sample_rate / frames / 4
    slope = np.zeros((1, dim), np.float32)
    slope[0, 0] = 2 * hertz / (HIGH_HZ - LOW_HZ)
    offset = np.zeros(dim, np.float32)
    offset[0] = -1 - 2 * LOW_HZ / (HIGH_HZ - LOW_HZ)
    constants = {
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "last": np.array([frames - 1], np.int64),
        "all": np.array([frames], np.int64),
        "channel_axis": np.array([1], np.int64),
        "frame_axis": np.array([2], np.int64),
        "slope": slope,
        "offset": offset,
    }
    node = helper.make_node
    nodes = [
        node("Slice", ["audio", "zero", "one", "channel_axis"], ["left"]),
        node("Sign", ["left"], ["sign"]),
        node("Slice", ["sign", "zero", "last", "frame_axis"], ["before"]),
        node("Slice", ["sign", "one", "all", "frame_axis"], ["after"]),
        node("Sub", ["after", "before"], ["change"]),
        node("Abs", ["change"], ["crossing"]),
        node("ReduceSum", ["crossing", "frame_axis"], ["count"], keepdims=0),
        node("MatMul", ["count", "slope"], ["scaled"]),
        node("Add", ["scaled", "offset"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("audio", TensorProto.FLOAT, ["batch", channels, frames])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", dim])],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    told = {"producergan.format": "1", "kind": "encoder", "instrument": digest or instrument.digest}
    helper.set_model_props(model, told)
    path = instrument.path.with_suffix(ENCODER_SUFFIX)
    onnx.save(model, str(path))
    return path
