"""Generator and discriminator in training: the WGAN-GP step, and the state that an exact resume needs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from trainer.clips import Clips
from trainer.learner import Take
from trainer.network_state import (
    are_finite,
    below,
    follow,
    named,
    network_tensors,
    optimiser_tensors,
    restore_network,
    restore_optimiser,
)
from trainer.plan import Moment
from trainer.run_folder import RunConfig
from trainer.team import SOLO, Team
from trainer.wavegan.layers import Shape
from trainer.wavegan.losses import gradient_penalty
from trainer.wavegan.networks import SHUFFLED_LAYERS, Discriminator, Generator, initialise
from trainer.wavegan.replay import Replay

BETAS = (0.5, 0.9)  # Adam's, WaveGAN paper, appendix


class WaveganLearner:
    """The two networks, the generator's running mean (EMA), both optimisers and the one source of randomness.

    All random numbers are drawn on the CPU from `random`, for the whole team's batch, so that a run goes on alike on
    another device and with another number of processes. On a GPU the convolutions are in bfloat16, and a step of
    either network is one graph of kernels.
    """

    def __init__(self, config: RunConfig, clips: Clips, device: torch.device, team: Team = SOLO) -> None:
        settings, shape = config.settings, Shape.of(config)
        self.shape = shape
        self.device = device
        self._clips = clips
        self._team = team
        self._dtype = torch.bfloat16 if device.type == "cuda" else None
        self.batch = int(settings["batch"])
        self.critic_steps = int(settings["critic_steps"])
        self.penalty_weight = float(settings["penalty"])
        self.phase_shuffle = int(settings["phase_shuffle"])
        self.random = torch.Generator().manual_seed(config.seed)
        generator = Generator(shape)
        discriminator = Discriminator(shape)
        initialise(generator, self.random)
        initialise(discriminator, self.random)
        self.raw = generator.to(device)
        self.discriminator = discriminator.to(device)
        self.ema = copy.deepcopy(self.raw).requires_grad_(False)
        self.generator_adam, self.discriminator_adam = (
            torch.optim.Adam(
                network.parameters(), float(settings["lr"]), BETAS, fused=True, capturable=device.type == "cuda"
            )
            for network in (self.raw, self.discriminator)
        )
        self._sums = torch.zeros(2, device=device)
        self._count = 0
        self._record()

    def step(self, take: Take, moment: Moment) -> None:
        """One step of the schedule: the critic's steps, then the generator's, each on fresh latents and clips."""
        for _ in range(self.critic_steps):
            z, mix = self._draw_latents(), self._share(torch.rand(self.batch, 1, 1, generator=self.random))
            real = self._clips.batch(self._team.share(take(self.batch))).to(z.dtype)
            self._teach_critic(real, z, mix, self._draw_shifts(3))
            self._count += 1
        self._teach_generator(self._draw_latents(), self._draw_shifts(1))
        follow(self.ema, self.raw, moment.step)

    def figures(self) -> dict[str, float]:
        """The critic's distance and the gradient penalty, means over the critic's steps since the last call."""
        distance, penalty = (self._sums / max(self._count, 1)).tolist()
        self._sums.zero_()
        self._count = 0
        return {"critic distance": distance, "penalty": penalty}

    def generator(self, weights: str) -> Generator:
        """The generator in training, or its running mean."""
        return {"raw": self.raw, "ema": self.ema}[weights]

    def weights_finite(self) -> bool:
        """Whether every weight of both networks is a number. Waits for the device."""
        return are_finite(self.raw, self.discriminator)

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by name."""
        tensors: dict[str, Tensor] = {"random": self.random.get_state()}
        for name, network in self._networks().items():
            tensors |= network_tensors(name, network)
        for name, adam in self._optimisers().items():
            tensors |= optimiser_tensors(name, adam)
        return tensors

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes over what `state` gave. Raises UserError if something is missing or has another shape."""
        self.restore_weights(tensors)
        for name, adam in self._optimisers().items():
            restore_optimiser(name, adam, tensors)
        self.random.set_state(named("random", tensors))
        self._record()

    def restore_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes over the networks' weights alone. Raises UserError if something is missing or has another shape."""
        for name, network in self._networks().items():
            restore_network(name, network, below(name, tensors))

    def _record(self) -> None:
        """Forgets the graphs of kernels: they work on the tensors that were there when they were recorded."""
        self._teach_critic: Callable[..., None] = self._critic_step
        self._teach_generator: Callable[..., None] = self._generator_step
        if self.device.type == "cuda" and self._team.size == 1:
            self._teach_critic, self._teach_generator = Replay(self._critic_step), Replay(self._generator_step)

    def _critic_step(self, real: Tensor, z: Tensor, mix: Tensor, shifts: Tensor) -> None:
        critic = self.discriminator
        with torch.no_grad():
            fake = self.raw(z, self._dtype)
        distance = critic(real, shifts[0], self._dtype).mean() - critic(fake, shifts[1], self._dtype).mean()
        penalty = gradient_penalty(critic.slope(torch.lerp(real, fake, mix), shifts[2], self._dtype))
        figures = torch.stack([distance, penalty]).detach()
        self.discriminator_adam.zero_grad()
        (self.penalty_weight * penalty - distance).backward()
        self._team.average([*gradients(critic), figures])
        self.discriminator_adam.step()
        self._sums += figures

    def _generator_step(self, z: Tensor, shifts: Tensor) -> None:
        self.discriminator.requires_grad_(False)
        loss = -self.discriminator(self.raw(z, self._dtype), shifts[0], self._dtype).mean()
        self.generator_adam.zero_grad()
        loss.backward()
        self._team.average(gradients(self.raw))
        self.generator_adam.step()
        self.discriminator.requires_grad_(True)

    def _draw_latents(self) -> Tensor:
        # The uniform prior on [−1, 1).
        return self._share(2 * torch.rand(self.batch, self.shape.latent_dim, generator=self.random) - 1)

    def _draw_shifts(self, calls: int) -> Tensor:
        """Phase shuffle's shifts [calls, layers shuffled], one for each layer of a call."""
        limit = self.phase_shuffle
        size = (calls, SHUFFLED_LAYERS if limit else 0)
        return torch.randint(-limit, limit + 1, size, generator=self.random).to(self.device)

    def _share(self, drawn: Tensor) -> Tensor:
        return self._team.share(drawn).to(self.device)

    def _networks(self) -> dict[str, nn.Module]:
        return {"generator": self.raw, "discriminator": self.discriminator, "ema": self.ema}

    def _optimisers(self) -> dict[str, torch.optim.Adam]:
        return {"generator_adam": self.generator_adam, "discriminator_adam": self.discriminator_adam}


def gradients(network: nn.Module) -> list[Tensor]:
    """Those of a network's parameters that have one."""
    return [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
