"""Writes a run's generator as an instrument file (DESIGN: the instrument file), after checking it against PyTorch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.data import ENCODER_SUFFIX
from engine.errors import UserError
from engine.files import check_folder_of, replacing
from engine.instrument import FORMAT
from engine.latent import from_seeds
from trainer.exploring import Explored, explore
from trainer.learner import WEIGHTS, part
from trainer.rendering import render
from trainer.run_folder import Run, RunConfig
from trainer.survey import Surveyor

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

TOLERANCE = 1e-4  # largest difference from PyTorch that a file may have
MOST_BYTES = 2**31 - 2**20  # protobuf ends at 2 GiB, and the file holds a little besides the weights
CHECKED_SEEDS = 4
RANDOM_WINDOWS = 12


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    name: str
    step: int
    weights: str
    largest_error: float
    bytes: int
    directions: dict[str, float | None]
    """Name → rank correlation."""
    favourites: int


def export(
    run: Run,
    path: Path,
    checkpoint: str,
    weights: str | None,
    name: str | None,
    licence: str,
    explore_seconds: float = 0.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Exported:
    """Writes the checkpoint `best`, `last` or a step as an instrument; weights None means what the recipe exports.

    Directions and favourites are looked for in about `explore_seconds`, if more than 0, and `progress` hears how many
    of how many sounds have been heard.
    Raises UserError if there is no such checkpoint, the model is too large or differs from PyTorch.
    """
    path = Path(path)
    check_folder_of(path)
    if path.suffix.lower() != ".onnx":
        raise UserError(f"{path} should end in .onnx, the ending of instrument files.")
    chosen = weights or run.config.row.weights
    generator, step = load_generator(run, checkpoint, chosen)
    title = run.path.resolve().name if name is None else name
    if not title.strip() or not licence.strip():
        raise UserError("The name and the licence of an instrument must not be empty.")
    explored = explore_run(run, generator, explore_seconds, progress)
    metadata = {**describe(run, step, chosen, title, licence), **explored.metadata()}
    model = build_checked_size(run.config, generator, metadata)
    data = model.SerializeToString()
    error = largest_error(data, generator, run.config)
    # Written so that a NaN is refused too.
    if not error <= TOLERANCE:
        raise UserError(
            f"The instrument differs from the trained network by {error:.1e}, more than {TOLERANCE:.0e}, and was not "
            "written; choose another --checkpoint."
        )
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    if run.config.row.encoder_graph:
        write_encoder(run, path, step, {**metadata, "instrument": hashlib.sha256(data).hexdigest()})
    correlations = {key: row.rank_correlation for key, row in explored.directions.items()}
    return Exported(path, title, step, chosen, error, len(data), correlations, len(explored.favourites))


def write_encoder(run: Run, instrument: Path, step: int, metadata: Mapping[str, str]) -> Path:
    """Writes NAME.encoder.onnx beside an instrument, which finds sounds in it without PyTorch. Returns its path."""
    from trainer.checkpoint import load_chosen

    _, tensors = load_chosen(run, str(step), ("encoder_ema.", "ema.density."))
    state = {name: tensor.numpy() for name, tensor in tensors.items()}
    kept = ("producergan.format", "name", "sample_rate", "channels", "clip_frames", "latent_dim", "prior", "instrument")
    told = {"kind": "encoder", **{key: metadata[key] for key in kept}}
    model: ModelProto = part(run.config.row.encoder_graph)(run.config, state, told)
    path = instrument.with_suffix(ENCODER_SUFFIX)
    with replacing(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
    return path


def explore_run(run: Run, generator: nn.Module, seconds: float, progress: Callable[[int, int], None]) -> Explored:
    """The directions and favourites of a run's generator; none in no time."""
    if seconds <= 0:
        return Explored({}, (), 0)
    config = run.config
    surveyor = Surveyor(lambda z: render(generator, z), config.latent_dim, config.row.prior, config.sample_rate)
    return explore(surveyor, seconds, progress=progress)


def load_generator(run: Run, checkpoint: str, weights: str) -> tuple[nn.Module, int]:
    """A run's generator, `raw` or `ema`, and the step it was saved at. Raises UserError if it cannot be had."""
    from trainer.checkpoint import load_chosen

    prefix = WEIGHTS[weights]
    progress, tensors = load_chosen(run, checkpoint, (prefix,))
    generator: nn.Module = part(run.config.row.generator)(run.config)
    try:
        generator.load_state_dict({key.removeprefix(prefix): value for key, value in tensors.items()})
    except RuntimeError as error:
        raise UserError(f"The checkpoint of step {progress.step} does not fit the config of {run.path}.") from error
    return generator.requires_grad_(False), progress.step


def describe(run: Run, step: int, weights: str, name: str, licence: str) -> dict[str, str]:
    """The file's metadata, but for directions and favourites."""
    config = run.config
    provenance: dict[str, Any] = {
        "dataset": config.dataset_digest,
        "clips": config.clip_count,
        "recipe": config.recipe,
        "settings": config.settings,
        "steps": step,
        "weights": weights,
        "seed": config.seed,
        "started_from": config.started_from,
        "version": version("producergan"),
    }
    return {
        "producergan.format": str(FORMAT),
        "name": name,
        "sample_rate": str(config.sample_rate),
        "channels": str(config.channels),
        "clip_frames": str(config.clip_frames),
        "latent_dim": str(config.latent_dim),
        "prior": config.row.prior,
        "provenance": json.dumps(provenance, ensure_ascii=False),
        "licence": licence,
    }


def build_checked_size(
    config: RunConfig, generator: nn.Module, metadata: Mapping[str, str], most_bytes: int = MOST_BYTES
) -> ModelProto:
    """The ONNX model. Raises UserError if its weights do not fit into one file."""
    weights = {name: tensor.cpu().numpy() for name, tensor in generator.state_dict().items()}
    # A graph may hold somewhat more than the state: kernels of 25 taps are padded to whole strides, 28.
    size = sum(array.nbytes for array in weights.values()) * 28 // 25
    if size > most_bytes:
        raise UserError(
            f"The generator has {size / 2**30:.1f} GiB of weights, and one ONNX file holds "
            f"{most_bytes / 2**30:.1f} GiB at most; train with a smaller {config.row.smaller}."
        )
    model: ModelProto = part(config.row.graph)(config, weights, metadata)
    return model


def largest_error(model: bytes, generator: nn.Module, config: RunConfig) -> float:
    """The largest difference between the model in onnxruntime and PyTorch: whole clips and windows, both edges."""
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    z = from_seeds(range(CHECKED_SEEDS), config.latent_dim, config.row.prior)
    with torch.no_grad():
        expected: NDArray[np.float32] = generator(torch.from_numpy(z)).numpy()
    worst = 0.0
    for start, stop in checked_windows(config.clip_frames):
        audio = session.run(["audio"], {"z": z, "window": np.array([start, stop], np.int64)})[0]
        if audio.shape != (CHECKED_SEEDS, config.channels, stop - start):
            raise UserError(f"The exported network gives the wrong shape {audio.shape} for frames {start} to {stop}.")
        worst = float(np.maximum(worst, np.abs(audio - expected[..., start:stop]).max()))  # a NaN stays
    return worst


def checked_windows(frames: int) -> Iterator[tuple[int, int]]:
    """The whole clip, short windows at both edges, and random ones, the same each time."""
    yield 0, frames
    for length in (1, 3, 1024):
        yield 0, length
        yield frames - length, frames
    random = np.random.default_rng(frames)
    for _ in range(RANDOM_WINDOWS):
        start, stop = np.sort(random.choice(frames + 1, 2, replace=False))
        yield int(start), int(stop)
