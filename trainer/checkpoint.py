"""Checkpoints: one safetensors file each, appearing by rename, holding all that an exact resume needs.

Tensors are named after what they belong to: `generator.…` and its running mean `ema.…` in every recipe, and what else
the recipe's learner needs. Counters stand in the file's metadata.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine.errors import UserError
from engine.files import replacing
from trainer.plan import Progress
from trainer.run_folder import Run

KEPT = 3  # newest checkpoints kept, and as many of the best
MILESTONE = 10_000  # the first checkpoint at or after each multiple of so many steps is kept as well

_NAME = re.compile(r"step-(\d+)\.safetensors")


def save(folder: Path, progress: Progress, tensors: Mapping[str, Tensor], ranking: Sequence[int] = ()) -> Path:
    """Writes a checkpoint, and the folder if need be; removes those neither new nor good nor milestones.

    `ranking` names steps that were measured, the best first. Returns the path. Raises UserError or OSError if the
    disk is full; the older ones are whole then.
    """
    folder.mkdir(exist_ok=True)
    path = folder / f"step-{progress.step:08d}.safetensors"
    metadata = {key: repr(value) for key, value in vars(progress).items()}
    with replacing(path) as temporary:
        try:
            save_file({name: tensor.detach().contiguous() for name, tensor in tensors.items()}, temporary, metadata)
        except SafetensorError as error:
            raise UserError(f"The checkpoint {path} could not be written ({error}); is the disk full?") from error
    for old in superseded([step for step, _ in listed(folder)], ranking):
        (folder / f"step-{old:08d}.safetensors").unlink()
    return path


def superseded(steps: list[int], ranking: Sequence[int]) -> list[int]:
    """Those of the ascending steps that need not be kept."""
    milestones: dict[int, int] = {}
    for step in steps:
        milestones.setdefault(step // MILESTONE, step)
    milestones.pop(0, None)
    best = [step for step in ranking if step in steps][:KEPT]
    kept = {*steps[-KEPT:], *best, *milestones.values()}
    return [step for step in steps if step not in kept]


def listed(folder: Path) -> list[tuple[int, Path]]:
    """The checkpoints of a folder as (step, path), the oldest first, whether they can be read or not."""
    if not folder.is_dir():
        return []
    matches = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in matches if match)


def load(path: Path, prefixes: tuple[str, ...] = ("",)) -> tuple[Progress, dict[str, Tensor]]:
    """Reads the tensors whose names start with one of the prefixes. Raises UserError if the file is damaged."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            progress = Progress(
                int(metadata["step"]),
                int(metadata["drawn"]),
                float(metadata["seconds"]),
                int(metadata.get("stage", 0)),
                int(metadata.get("stage_began", 0)),
            )
            tensors = {name: file.get_tensor(name) for name in file.keys() if name.startswith(prefixes)}  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"The checkpoint {path} is damaged and cannot be read; delete it or restore it.") from error
    return progress, tensors


def load_newest(folder: Path, prefixes: tuple[str, ...] = ("",)) -> tuple[Progress, dict[str, Tensor], list[Path]]:
    """Reads the newest checkpoint that is whole. Returns it with the damaged ones that were passed over.

    Raises UserError if there is none.
    """
    damaged: list[Path] = []
    for _, path in reversed(listed(folder)):
        try:
            return *load(path, prefixes), damaged
        except UserError:
            damaged.append(path)
    if damaged:
        names = ", ".join(path.name for path in damaged)
        raise UserError(f"No checkpoint in {folder} can be read ({names}); restore one or start anew with --fresh.")
    raise UserError(f"There is no checkpoint in {folder} yet; train the run first.")


def load_chosen(run: Run, which: str, prefixes: tuple[str, ...] = ("",)) -> tuple[Progress, dict[str, Tensor]]:
    """Reads the checkpoint that `best`, `last` or a step names. Best is the newest where nothing was measured.

    Raises UserError for a step that is not there, naming those that are.
    """
    steps = dict(listed(run.checkpoints))
    if which == "best":
        for step in (step for step in run.ranking() if step in steps):
            with contextlib.suppress(UserError):
                return load(steps[step], prefixes)
    if which in ("best", "last"):
        return load_newest(run.checkpoints, prefixes)[:2]
    if not which.isdecimal() or int(which) not in steps:
        there = ", ".join(map(str, steps)) or "none"
        raise UserError(
            f"There is no checkpoint {which} in {run.checkpoints}; choose best, last or one of these steps: {there}."
        )
    return load(steps[int(which)], prefixes)
