"""The recipe `fast` in training: representation, then density, then the adversarial stage."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from trainer.clips import Clips
from trainer.fast import carriers
from trainer.fast.discriminator import Discriminator
from trainer.fast.envelopes import Envelopes, varied
from trainer.fast.fitting import Fitting
from trainer.fast.form import Form
from trainer.fast.generator import Generator
from trainer.fast.networks import SPREAD, Encoder, weights_of
from trainer.fast.transport import DRAWS
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

STAGES = REPRESENTATION, DENSITY, ADVERSARIAL = "representation", "density", "adversarial"
BETAS = (0.9, 0.99)  # Adam's, where nothing is adversarial
RIVAL_BETAS = (0.5, 0.9)
WARM_UP = 100  # steps in which the step size grows to its full value
LAST_LR = 0.05  # share of the step size that is left at a stage's end
DIVERGENCE_WARM_UP = 1000  # steps in which the divergence's weight grows
REGULARISED = 16  # steps from one gradient penalty of the discriminator to the next
SMALL_SET, SMALL_SET_SHARE = 300, 0.6  # clips below which they are varied unless told, and how many of them


class FastLearner:
    """The networks, their running means (EMA), the optimisers and the one source of randomness.

    All random numbers are drawn on the CPU from `random`, for the whole team's batch. What is fitted to all clips
    (carriers, density) is computed by every process alike.
    """

    def __init__(self, config: RunConfig, clips: Clips, device: torch.device, team: Team = SOLO) -> None:
        self._settings = config.settings
        self._form = Form.of(config)
        self._device = device
        self._clips = clips
        self._team = team
        self._batch = config.batch
        self.random = torch.Generator().manual_seed(config.seed)
        encoder, generator = Encoder(self._form), Generator(self._form, self.random)
        rival = Discriminator(self._form, self.random)
        for network in (encoder, generator.decoder):
            initialise(network, self.random)
        self._encoder, self._raw, self._rival = encoder.to(device), generator.to(device), rival.to(device)
        self._encoder_ema = copy.deepcopy(self._encoder).requires_grad_(False)
        self._ema = copy.deepcopy(self._raw).requires_grad_(False)
        lr = float(config.settings["lr"])
        decoder = self._raw.decoder.parameters()
        self._adams = {
            "representation_adam": torch.optim.Adam([*self._encoder.parameters(), *decoder], lr, BETAS),
            "decoder_adam": torch.optim.Adam(self._raw.decoder.parameters(), lr, RIVAL_BETAS),
            "rival_adam": torch.optim.Adam(self._rival.parameters(), lr, RIVAL_BETAS),
        }
        self._base_lr = {"representation_adam": lr, "decoder_adam": lr / 5, "rival_adam": lr / 2.5}
        spectrum = self._raw.spectrum
        self._envelopes = Envelopes(clips, self._form, spectrum)
        choice = self._likings = None
        if config.settings["head"] == "carriers":
            choice = carriers.choose(clips, self._form.carriers, self._form, spectrum, config.seed)
            self._likings = carriers.likings(clips, choice, self._form, spectrum)
        self._fitting = Fitting(clips, self._form, self._envelopes, choice, self._encoder_ema, config.seed)
        self._stage = REPRESENTATION
        self._stale = True
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    def step(self, take: Take, moment: Moment) -> None:
        """One step of the moment's stage."""
        if moment.stage != self._stage:
            self._leave_for(moment.stage)
        {REPRESENTATION: self._represent, DENSITY: self._fit_density, ADVERSARIAL: self._contend}[moment.stage](
            take, moment
        )

    def figures(self) -> dict[str, float]:
        """Means since the last call: how far the copies are from the clips, and how each stage comes on."""
        figures = {name: float(total) / self._counts[name] for name, total in self._sums.items()}
        self._sums, self._counts = {}, {}
        return figures

    def weights_finite(self) -> bool:
        """Whether every weight is a number. Waits for the device."""
        return are_finite(*self._networks().values())

    def generator(self, weights: str) -> Generator:
        """The generator in training, or its running mean; in the first stage with a density and carriers of the day."""
        self._refresh()
        return {"raw": self._raw, "ema": self._ema}[weights]

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by name."""
        self._refresh()
        tensors: dict[str, Tensor] = {"random": self.random.get_state()}
        tensors["stage"] = torch.tensor(STAGES.index(self._stage))
        for name, network in self._networks().items():
            tensors |= network_tensors(name, network)
        for name, adam in self._adams.items():
            tensors |= optimiser_tensors(name, adam)
        return tensors

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes over what `state` gave. Raises UserError if something is missing or has another shape."""
        for name, network in self._networks().items():
            restore_network(name, network, below(name, tensors))
        for name, adam in self._adams.items():
            restore_optimiser(name, adam, tensors)
        self.random.set_state(named("random", tensors))
        self._stage = STAGES[int(named("stage", tensors))]
        self._stale = True

    def restore_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Takes over the networks' weights. Carriers, the liking for them, and the density come from the new clips.

        Raises UserError as `restore` does.
        """
        for name, network in self._networks().items():
            own = network.state_dict()
            old = {key: own[key] if is_of_clips(key) else value for key, value in below(name, tensors).items()}
            restore_network(name, network, old)

    def _networks(self) -> dict[str, nn.Module]:
        return {
            "generator": self._raw,
            "ema": self._ema,
            "encoder": self._encoder,
            "encoder_ema": self._encoder_ema,
            "discriminator": self._rival,
        }

    # The stages

    def _represent(self, take: Take, moment: Moment) -> None:
        """Encoder and decoder learn to copy envelopes, by a code with little to say (a variational autoencoder)."""
        self._stale = True
        indices = take(self._batch)
        envelope = self._envelopes.batch(self._team.share(indices))
        envelope = self._variation(self._batch)(envelope)
        mean, log_variance = self._encoder(envelope)
        code = mean + self._noise(self._batch, self._form.latent_dim) * (log_variance / 2).exp()
        copied, shares = self._raw.decoder(code)
        distance = (copied - envelope) / SPREAD
        divergence = (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean() / 2
        liking = self._liking_loss(shares, indices)
        weight = float(self._settings["divergence"]) * min(1.0, moment.step / DIVERGENCE_WARM_UP)
        loss = distance.square().mean() + 0.1 * distance.abs().mean() + weight * divergence + liking
        told = {"copies off by, in dB": in_decibels(distance), "nats in a code": divergence}
        self._descend("representation_adam", loss, moment, told)
        follow(self._encoder_ema, self._encoder, moment.step)
        follow(self._ema.decoder, self._raw.decoder, moment.step)

    def _fit_density(self, take: Take, moment: Moment) -> None:
        """The cells of the density become alike."""
        self._stale = True
        z = torch.randn(DRAWS, self._form.latent_dim, generator=self.random).to(self._device)
        self._tell({"unevenness of the density": self._ema.density.fit(z, moment.done)})

    def _contend(self, take: Take, moment: Moment) -> None:
        """The decoder learns to pass for real, from the codes of clips and from the density's own."""
        self._stale = True
        half = self._batch // 2
        indices, others = take(half), take(half)
        envelope = self._envelopes.batch(self._team.share(indices))
        with torch.no_grad():
            mean, log_variance = self._encoder_ema(envelope)
            near = mean + self._noise(half, self._form.latent_dim) * (log_variance / 2).exp()
            free = self._ema.density(self._noise(half, self._form.latent_dim))
        copied, shares = self._raw.decoder(torch.cat([near, free]))
        # The envelope of the sound that is heard, which the carriers roughen.
        made = self._raw.spectrum.envelope(self._raw.spectra(copied, weights_of(shares.detach(), self._form.sharpness)))
        real = torch.cat([envelope, self._envelopes.batch(self._team.share(others))])
        # The same for both sides: what is learnt is to look real, not to look varied.
        vary = self._variation(half, half)
        real, made = vary(real), vary(made)
        self._teach_rival(real, made.detach(), moment)
        self._rival.requires_grad_(False)
        score, layers = self._rival(made)
        with torch.no_grad():
            _, wanted = self._rival(real[: len(envelope)])
        pairs = zip(layers, wanted, strict=True)
        matching = torch.stack([off_by(a[: len(b)], b) for a, b in pairs]).mean()
        distance = (copied[: len(envelope)] - envelope) / SPREAD
        loss = (
            float(self._settings["copying"]) * (distance.square().mean() + self._liking_loss(shares, indices))
            + float(self._settings["matching"]) * matching
            - score.mean()
        )
        self._descend(
            "decoder_adam",
            loss,
            moment,
            {"copies off by, in dB": in_decibels(distance), "realness of its sounds": score.mean()},
        )
        self._rival.requires_grad_(True)
        follow(self._ema.decoder, self._raw.decoder, moment.stage_step)

    def _teach_rival(self, real: Tensor, made: Tensor, moment: Moment) -> None:
        """The discriminator's step: hinge loss, and a penalty on its slope at real clips now and then (lazy R1)."""
        high, _ = self._rival(real)
        low, _ = self._rival(made)
        loss = functional.relu(1 - high).mean() + functional.relu(1 + low).mean()
        if moment.stage_step % REGULARISED == 0:
            at = real.clone().requires_grad_()
            (slope,) = torch.autograd.grad(self._rival(at)[0].mean(dim=1).sum(), at, create_graph=True)
            loss = loss + REGULARISED / 2 * float(self._settings["penalty"]) * slope.square().sum(dim=(1, 2)).mean()
        self._descend("rival_adam", loss, moment, {"realness of your clips": high.mean()})

    def _leave_for(self, stage: str) -> None:
        """What is done once between two stages."""
        if self._stage == REPRESENTATION:
            # From here on the encoder and the carriers stay as they are, and the density is fitted on, step by step.
            self._fitting.make_carriers(self._ema)
            self._encoder.load_state_dict(self._encoder_ema.state_dict())
            self._raw.load_state_dict(self._ema.state_dict())
            self._fitting.begin_density(self._ema)
        else:
            self._refresh()
        self._stage = stage

    # What they share

    def _descend(self, name: str, loss: Tensor, moment: Moment, figures: Mapping[str, Tensor]) -> None:
        """One step of an optimiser, with the team's mean gradients; the step size warms up and dies away."""
        adam = self._adams[name]
        fade = LAST_LR + (1 - LAST_LR) * (1 + math.cos(math.pi * moment.done)) / 2
        for group in adam.param_groups:
            group["lr"] = self._base_lr[name] * fade * min(1.0, (moment.stage_step + 1) / WARM_UP)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        parameters = adam.param_groups[0]["params"]
        told = torch.stack([value.detach() for value in figures.values()])
        self._team.average([*(p.grad for p in parameters if p.grad is not None), told])
        adam.step()
        self._tell(dict(zip(figures, told, strict=True)))

    def _tell(self, figures: Mapping[str, Tensor]) -> None:
        """Adds to what `figures` will give."""
        for key, value in figures.items():
            self._sums[key] = self._sums.get(key, torch.zeros_like(value)) + value
            self._counts[key] = self._counts.get(key, 0) + 1

    def _noise(self, *shape: int) -> Tensor:
        return self._team.share(torch.randn(*shape, generator=self.random)).to(self._device)

    def _variation(self, *counts: int) -> Callable[[Tensor], Tensor]:
        """How to vary this process's part of batches of so many clips, one after the other, if they are a small set."""
        share = float(self._settings["augment"])
        if share < 0:
            share = SMALL_SET_SHARE if len(self._clips) < SMALL_SET else 0.0
        if share == 0:
            return lambda envelopes: envelopes
        parts = [self._team.share(torch.randn(count, 6, generator=self.random)) for count in counts]
        random = torch.cat(parts)
        return lambda envelopes: varied(envelopes, random, share)

    def _liking_loss(self, shares: Tensor, indices: NDArray[np.int64]) -> Tensor:
        if self._likings is None:  # noise is as good as noise
            return shares.new_zeros(())
        wanted = self._likings.batch(self._team.share(indices))
        loss = -(wanted * torch.log_softmax(shares[: len(wanted)], dim=1)).sum(dim=1).mean()
        return float(self._settings["liking"]) * loss

    def _refresh(self) -> None:
        """Fits the generators to the networks of the moment, as long as these are on the move."""
        if not self._stale:
            return
        self._stale = False
        if self._stage == ADVERSARIAL:
            # For what is exported, since a carrier is exact only under the decoder that it was flattened by. Training
            # keeps what the stage began with: else it would depend on when it is looked at.
            self._fitting.make_carriers(self._ema)
            self._fitting.set_levels(self._ema)
            return
        if self._stage == REPRESENTATION:
            self._fitting.make_carriers(self._ema)
            self._fitting.begin_density(self._ema)
        self._fitting.end_density(self._ema)
        self._fitting.set_levels(self._ema)
        # Whatever is fitted is a buffer, and what is learnt a parameter.
        for raw, fitted in zip(self._raw.buffers(), self._ema.buffers(), strict=True):
            raw.copy_(fitted)


def in_decibels(distance: Tensor) -> Tensor:
    """The mean over a batch of each clip's RMS distance, of one in the networks' unit [batch, rows, steps], in dB."""
    return distance.square().mean(dim=(1, 2)).sqrt().mean() * SPREAD * 10 / math.log(10)


def off_by(made: Tensor, wanted: Tensor) -> Tensor:
    """The mean over a batch of how far a layer's outputs are from those of the clip, as a share of these."""
    return ((made - wanted).abs().flatten(1).mean(dim=1) / wanted.abs().flatten(1).mean(dim=1)).mean()


def initialise(network: nn.Module, random: torch.Generator) -> None:
    """He-uniform kernels and zero biases, drawn from `random` (He et al. 2015, arXiv 1502.01852)."""
    for parameter in network.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_uniform_(parameter, math.sqrt(5.0), generator=random)
        else:
            nn.init.zeros_(parameter)


def is_of_clips(key: str) -> bool:
    """Whether a tensor of a network is about the very clips it was trained on: their carriers, codes and levels."""
    return key.endswith(("carriers", "levels")) or ".shares." in f".{key}" or key.startswith("density.")
