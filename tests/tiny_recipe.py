"""A recipe with stages that costs next to nothing: it learns the mean of the clips, and is random enough to tell."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.errors import UserError
from trainer.clips import Clips
from trainer.learner import Take
from trainer.plan import Moment
from trainer.recipes import Recipe, Setting
from trainer.run_folder import RunConfig
from trainer.team import Team

STAGES = (("sketch", 0.5), ("fit", 0.2), ("polish", 0.3))
TINY = Recipe(
    name="tiny",
    summary="for tests",
    prior="normal",
    weights="ema",
    learner="tiny_recipe:TinyLearner",
    generator="tiny_recipe:make_generator",
    graph="tiny_recipe:none",
    settings=(
        Setting("latent_dim", 3, (1, 9), "numbers in a latent", True),
        Setting("batch", 2, (1, 9), "clips in a batch"),
        Setting("head", "flat", ("flat", "steep"), "what the sounds are made by", True),
    ),
    stages=STAGES,
    steps=20,
    hours=1.0,
)


class TinyGenerator(nn.Module):
    """Sixteen levels, held."""

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self.shape = config.channels, config.clip_frames
        self.dense = nn.Linear(config.latent_dim, config.channels * 16)

    def forward(self, z: Tensor) -> Tensor:
        channels, frames = self.shape
        levels = torch.tanh(self.dense(z)).view(len(z), channels, 16)
        return levels.repeat_interleave(frames // 16, dim=2)


def make_generator(config: RunConfig) -> TinyGenerator:
    return TinyGenerator(config)


class TinyLearner:
    """What it was told of each step is kept in `moments`."""

    def __init__(self, config: RunConfig, clips: Clips, device: torch.device, team: Team) -> None:
        self.random = torch.Generator().manual_seed(config.seed)
        self.clips = clips
        self.batch = int(config.settings["batch"])
        self.networks = {"generator": TinyGenerator(config), "ema": TinyGenerator(config)}
        with torch.no_grad():
            for parameter in self.networks["generator"].parameters():
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=self.random))
        self.networks["ema"].load_state_dict(self.networks["generator"].state_dict())
        self.losses: list[float] = []
        self.moments: list[Moment] = []

    def step(self, take: Take, moment: Moment) -> None:
        self.moments.append(moment)
        generator, mean = self.networks["generator"], self.networks["ema"]
        z = torch.randn(self.batch, generator.dense.in_features, generator=self.random)
        loss = (generator(z) - self.clips.batch(take(self.batch))).square().mean()
        generator.zero_grad()
        loss.backward()
        rate = {"sketch": 1.0, "fit": 0.5, "polish": 0.1}[moment.stage] * (1 - moment.done / 2)
        with torch.no_grad():
            for parameter, slow in zip(generator.parameters(), mean.parameters(), strict=True):
                parameter -= rate * parameter.grad
                slow.lerp_(parameter, 0.5)
        self.losses.append(loss.item())

    def figures(self) -> dict[str, float]:
        losses, self.losses = self.losses, []
        return {"distance": sum(losses) / max(len(losses), 1)}

    def weights_finite(self) -> bool:
        return all(bool(p.isfinite().all()) for network in self.networks.values() for p in network.parameters())

    def generator(self, weights: str) -> nn.Module:
        return self.networks[{"raw": "generator", "ema": "ema"}[weights]]

    def state(self) -> dict[str, Tensor]:
        tensors = {
            f"{name}.{key}": value
            for name, network in self.networks.items()
            for key, value in network.state_dict().items()
        }
        return {**tensors, "random": self.random.get_state()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        self.restore_weights(tensors)
        self.random.set_state(tensors["random"])

    def restore_weights(self, tensors: Mapping[str, Tensor]) -> None:
        for name, network in self.networks.items():
            below = {key.removeprefix(f"{name}."): t for key, t in tensors.items() if key.startswith(f"{name}.")}
            try:
                network.load_state_dict(below)
            except RuntimeError as error:
                raise UserError(f"The checkpoint's {name} does not fit.") from error
