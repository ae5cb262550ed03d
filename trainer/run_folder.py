"""The run folder: what was set, the checkpoints, the previews and the logs of one training. It may be moved freely.

config.json    recipe, settings, seed and the shape of the clips
checkpoints/   step-00000040.safetensors …
previews/      step-00000000.png and a folder of WAV files for each
metrics.jsonl  one line of JSON for each report, measurement and remark; `kind` tells them apart
tensorboard/   the same for TensorBoard
index.html     the run's page, to look at and to listen to
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.files import check_folder_of, write_text
from trainer.plan import Plan
from trainer.recipes import Recipe, Value, find_recipe

FORMAT = 1
CONFIG = "config.json"


@dataclass(frozen=True)
class RunConfig:
    """Everything that stays the same through a run."""

    recipe: str
    settings: dict[str, Value]
    seed: int
    sample_rate: int
    channels: int
    clip_frames: int
    dataset_digest: str
    clip_count: int
    started_from: dict[str, Any] | None  # recipe, seed, step of the run whose weights this one began with
    plan: Plan = field(default_factory=Plan)
    version: str = ""
    format: int = FORMAT

    @property
    def latent_dim(self) -> int:
        """Numbers in a latent."""
        return int(self.settings["latent_dim"])

    @property
    def batch(self) -> int:
        """Clips in a batch."""
        return int(self.settings["batch"])

    @property
    def row(self) -> Recipe:
        """The recipe's row in the table."""
        return find_recipe(self.recipe)


@dataclass(frozen=True)
class Run:
    """A run folder that exists."""

    path: Path
    config: RunConfig

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoint files."""
        return self.path / "checkpoints"

    @property
    def previews(self) -> Path:
        """The folder of pictures and sounds."""
        return self.path / "previews"

    @property
    def tensorboard(self) -> Path:
        """The folder of TensorBoard's event files."""
        return self.path / "tensorboard"

    @property
    def metrics(self) -> Path:
        """The file of the run's rows, one JSON line each."""
        return self.path / "metrics.jsonl"

    def record(self, kind: str, row: Mapping[str, Any]) -> None:
        """Adds a row to the metrics: a `report`, `metrics` or a `note`. Every row has `step` and `seconds`."""
        with open(self.metrics, "a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **row}) + "\n")

    def rows(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The rows of that kind, or all of them, the oldest first."""
        if not self.metrics.exists():
            return []
        rows = []
        for line in self.metrics.read_text(encoding="utf-8").splitlines():
            # The last line may have been cut off when the run was killed.
            with contextlib.suppress(ValueError):
                row = json.loads(line)
                if isinstance(row, dict) and "step" in row and kind in (None, row.get("kind", "report")):
                    rows.append(row)
        return rows

    def forget_after(self, step: int) -> None:
        """Takes out the rows of later steps than the one that the run goes on from: they come again."""
        kept = [row for row in self.rows() if row["step"] <= step]
        if self.metrics.exists():
            write_text(self.metrics, "".join(json.dumps(row) + "\n" for row in kept))

    def scores(self) -> dict[int, float]:
        """The distance from real sounds (`mmd`) at each step where it was measured: the lower the better."""
        scores = {row["step"]: float(row["mmd"]) for row in self.rows("metrics") if "mmd" in row}
        return {step: score for step, score in scores.items() if math.isfinite(score)}

    def ranking(self) -> list[int]:
        """The steps that were measured, the best first; of equals the newest; what has learnt nothing last."""
        scores, blank = self.scores(), self.config.started_from is None
        return sorted(scores, key=lambda step: (blank and step == 0, scores[step], -step))

    @classmethod
    def exists(cls, path: Path) -> bool:
        """Whether the folder holds a run."""
        return (Path(path) / CONFIG).is_file()

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> Run:
        """Makes the folder of a new run. Raises UserError if its parent is missing or its place is taken."""
        path = Path(path)
        check_folder_of(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(f"{path} is there already and is not a run; choose another place for the run.")
        path.mkdir(exist_ok=True)
        text = json.dumps({**asdict(config), "version": version("producergan")}, indent=2)
        # First of all: a folder that holds anything else and no config could never become a run.
        write_text(path / CONFIG, text + "\n")
        return cls(path, config)

    @classmethod
    def open(cls, path: Path) -> Run:
        """Opens a run folder. Raises UserError if there is none or its config cannot be used."""
        path = Path(path)
        if not cls.exists(path):
            raise UserError(f"{path} is not a run; give the folder that `trainer train` made.")
        try:
            fields = json.loads((path / CONFIG).read_text(encoding="utf-8"))
            if fields["format"] != FORMAT:
                raise UserError(
                    f"The run {path} has format {fields['format']}, but this version reads format {FORMAT}; "
                    "use the version that made it."
                )
            plan = Plan.read(fields["plan"]) if "plan" in fields else Plan()
            # A setting that the version that made the run did not have yet takes its default.
            settings = {**find_recipe(fields["recipe"]).values(), **fields["settings"]}
            config = RunConfig(**{**fields, "plan": plan, "settings": settings})
        except (ValueError, KeyError, TypeError) as error:
            raise UserError(f"The file {path / CONFIG} is damaged ({error}); restore it or start a new run.") from error
        return cls(path, config)


def set_aside(path: Path) -> Path:
    """Renames a run to the first free name beside it, RUN-old-1 and so on, and returns that name.

    Raises UserError if `path` has no name of its own, like the folder that the user is in.
    """
    if path.name in ("", ".."):
        raise UserError(f"The run in {path} cannot be set aside under that name; give the folder's own name.")
    number = 1
    while (kept := path.with_name(f"{path.name}-old-{number}")).exists():
        number += 1
    path.rename(kept)
    return kept
