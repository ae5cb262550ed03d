"""An instrument whose onsets cannot be mistaken: the first frame of every sound is a click, the rest a soft sine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tiny_instrument import tiny_model

CLICK = 0.04
HEARD_CLICK = CLICK * 0.707  # after the pan and the master gain of a preset that says nothing of them
WORK_SIZE = 1024
PRESET = """
format = 1
name = "Clicks"
instrument = "{instrument}"

[play]
polyphony = {polyphony}

[[zone]]
name = "keys"
keys = "{keys}"
source = "seeds"
seed = 1
mode = "one-shot"

[[macro]]
id = 1
name = "Pitch"
position = 0.5
controller = 1
targets = [{{ to = "direction:pitch", range = [-1, 1] }}]
"""


def write_click_instrument(path: Path, work: int = 0, **options: Any) -> Path:
    """Writes the instrument; `work` matrix products of 1024 × 1024 a run make its generator as slow as a network's.

    The other options are those of `tiny_model`.
    """
    model = tiny_model(**{"amplitude": 0.002, "low_hz": 60.0, "high_hz": 300.0, **options})
    graph = model.graph
    graph.node[-1].output[0] = "tone"
    nodes = [
        helper.make_node("Equal", ["index", "first"], ["is_first"]),
        helper.make_node("Cast", ["is_first"], ["mark"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["mark", "click"], ["clicks"]),
        helper.make_node("Mul", ["knob", "zero_float"], ["worked_0"]),
        helper.make_node("MatMul", ["worked_0", "spread"], ["product_0"]),
    ]
    for number in range(work):
        nodes.append(helper.make_node("MatMul", [f"product_{number}", "matrix"], [f"product_{number + 1}"]))
    nodes += [
        helper.make_node("ReduceMean", [f"product_{work}"], ["nothing"], axes=[1], keepdims=1),
        helper.make_node("Unsqueeze", ["nothing", "last_axis"], ["nothing_more"]),
        helper.make_node("Add", ["clicks", "nothing_more"], ["onset"]),
        helper.make_node("Add", ["tone", "onset"], ["audio"]),
    ]
    graph.node.extend(nodes)
    random = np.random.default_rng(1).standard_normal((WORK_SIZE, WORK_SIZE)) / np.sqrt(WORK_SIZE)
    constants: dict[str, NDArray[np.float32]] = {
        "click": np.array(CLICK, np.float32),
        "zero_float": np.array(0, np.float32),
        "spread": np.ones((1, WORK_SIZE), np.float32),
    }
    if work:
        constants["matrix"] = random.astype(np.float32)
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return path


def write_click_preset(folder: Path, keys: str = "36-67", polyphony: int = 64, **options: Any) -> Path:
    """The instrument and a preset with a sound of its own for each key; controller 1 moves all their pitches."""
    instrument = write_click_instrument(folder / "clicks.onnx", **options)
    preset = folder / "clicks.toml"
    preset.write_text(PRESET.format(instrument=instrument.name, keys=keys, polyphony=polyphony))
    return preset


def write_level_instrument(path: Path, work: int = 0, **options: Any) -> Path:
    """Writes an instrument whose every sound is one level, of 0 … 0.5 as the first number of its latent is −1 … 1.

    So a new sound is heard from its very first frame, and a loop has no seam.
    """
    write_click_instrument(path, work, **options)
    model = onnx.load(str(path))
    nodes = [
        helper.make_node("Unsqueeze", ["place", "last_axis"], ["height"]),
        helper.make_node("Mul", ["onset", "zero_float"], ["silence"]),
        helper.make_node("Mul", ["height", "half"], ["level"]),
        helper.make_node("Add", ["silence", "level"], ["audio"]),
    ]
    del model.graph.node[-1]
    model.graph.node.extend(nodes)
    model.graph.initializer.append(numpy_helper.from_array(np.array(0.5, np.float32), "half"))
    onnx.save(model, str(path))
    return path


def onsets(audio: NDArray[np.float32], unit: float) -> list[int]:
    """The frames of clicks in one channel [frames], each at least half as large as `unit`; a double click counts twice.

    A click is what stands out from the two frames beside it, which no soft sine does.
    """
    middle = audio[1:-1] - (audio[:-2] + audio[2:]) / 2
    found: list[int] = []
    for frame in np.flatnonzero(middle > unit / 2):
        found += [int(frame) + 1] * max(1, round(float(middle[frame]) / unit))
    return found
