"""A builder of ONNX graphs, node by node, in standard operators of opset 17."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

OPSET = 17
IR_VERSION = 8  # of ONNX 1.12, the first with opset 17
Values = Mapping[str, tuple[int, Sequence[str | int]]]
"""Inputs or outputs: name → element type (onnx.TensorProto) and sizes of the axes; those that are free have names."""


class Graph:
    """Collects nodes and constants under names of its own."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._numbers = itertools.count()

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Adds a node of one output and returns the output's name."""
        from onnx import helper

        output = output or f"{operator.lower()}_{next(self._numbers)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def split(self, x: str, *sizes: int, axis: int) -> list[str]:
        """Adds a node that takes x apart along an axis, and returns the parts' names."""
        from onnx import helper

        parts = [f"split_{next(self._numbers)}" for _ in sizes]
        self.nodes.append(helper.make_node("Split", [x, self.whole(*sizes)], parts, axis=axis))
        return parts

    def weights(self, name: str, value: NDArray[np.floating[Any]]) -> str:
        """Adds a named array and returns the name."""
        from onnx import numpy_helper

        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def number(self, value: float) -> str:
        """A constant float32 number, kept once for equal ones."""
        return self.weights(f"number {value}", np.array(value, np.float32))

    def whole(self, *values: int) -> str:
        """A constant int64 array, kept once for equal values."""
        from onnx import numpy_helper

        name = "whole_" + "_".join(map(str, values)).replace("-", "minus")
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.array(values, np.int64), name)
        return name

    def slice(self, x: str, start: str, stop: str, axis: int) -> str:
        """x[start:stop] along an axis."""
        return self.add("Slice", x, start, stop, self.whole(axis))

    def model(self, name: str, inputs: Values, outputs: Values, metadata: Mapping[str, str]) -> onnx.ModelProto:
        """The whole as a model."""
        from onnx import helper

        ins, outs = (
            [helper.make_tensor_value_info(key, kind, list(shape)) for key, (kind, shape) in table.items()]
            for table in (inputs, outputs)
        )
        model = helper.make_model(
            helper.make_graph(self.nodes, name, ins, outs, list(self.constants.values())),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="producergan",
        )
        helper.set_model_props(model, dict(metadata))
        return model
