"""What the training loop asks of a recipe: steps, figures, a generator to hear, and a state to go on from."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from trainer.clips import Clips
    from trainer.plan import Moment
    from trainer.run_folder import RunConfig
    from trainer.team import Team

WEIGHTS = {"raw": "generator.", "ema": "ema."}
"""How the names of a checkpoint's generator begin, plain and as a running mean: both fit the recipe's generator."""

Take = Callable[[int], NDArray[np.int64]]
"""Gives the next n clip indices of the endless shuffled order."""


class Learner(Protocol):
    """The networks of a run in training. What it does follows from its state, the moments and the clips alone.

    In a team of processes each makes the same steps, on its share of a batch, to the same end.
    """

    def step(self, take: Take, moment: Moment) -> None:
        """One step of the run, on clips whose indices `take` gives."""

    def figures(self) -> dict[str, float]:
        """What the steps since the last call gave on average, by name in words. Waits for the device."""

    def weights_finite(self) -> bool:
        """Whether every weight is a number. Waits for the device."""

    def generator(self, weights: str) -> nn.Module:
        """`raw` or `ema`: z [batch, latent_dim] → audio [batch, channels, frames], the same for the same z."""

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by name; the generators' as WEIGHTS says."""

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes over what `state` gave. Raises UserError if something is missing or has another shape."""

    def restore_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes over the weights alone, of what `state` gave. Raises UserError as `restore` does."""


def make_learner(config: RunConfig, clips: Clips, device: torch.device, team: Team) -> Learner:
    """The learner of the run's recipe, as it is before the first step."""
    learner: Learner = part(config.row.learner)(config, clips, device, team)
    return learner


def part(path: str) -> Any:
    """What a recipe's row names as `package.module:name`."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
