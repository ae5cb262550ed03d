"""Networks and optimisers as named tensors and back, their running means, and whether their weights are numbers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from engine.errors import UserError

EMA_DECAY = 0.999


def below(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under a name, without it."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}


def named(name: str, tensors: Mapping[str, Tensor]) -> Tensor:
    """The tensor of that name. Raises UserError if there is none."""
    if name not in tensors:
        raise UserError(f"The checkpoint has no {name}, and is none of this run's; restore the run.")
    return tensors[name]


def network_tensors(name: str, network: nn.Module) -> dict[str, Tensor]:
    """What a network knows, as tensors under its name."""
    return {f"{name}.{key}": value for key, value in network.state_dict().items()}


def restore_network(name: str, network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Gives a network its state. Raises UserError if something is missing or has another shape."""
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise UserError(f"The checkpoint's {name} does not fit the run's config; restore the run.") from error


def optimiser_tensors(name: str, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What an optimiser remembers, as tensors under its name."""
    state = optimiser.state_dict()["state"]
    return {f"{name}.{index}.{key}": value for index, values in state.items() for key, value in values.items()}


def restore_optimiser(name: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Gives an optimiser what `optimiser_tensors` took from it: nothing, if it had not stepped yet.

    Raises UserError if what it remembers has another shape than its weights.
    """
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in below(name, tensors).items():
        index, _, field = key.partition(".")
        state.setdefault(int(index), {})[field] = value
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    fits = not state or (
        sorted(state) == list(range(len(weights)))
        and all(
            value.shape in (torch.Size(), weight.shape)  # of the weight, or a count
            for index, weight in enumerate(weights)
            for value in state[index].values()
        )
    )
    if not fits:
        raise UserError(f"The checkpoint's {name} does not fit the run's config; restore the run.")
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def are_finite(*networks: nn.Module) -> bool:
    """Whether every weight of the networks is a number. Waits for the device."""
    weights = [parameter.detach() for network in networks for parameter in network.parameters()]
    return bool(torch.stack([weight.isfinite().all() for weight in weights]).all())


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, step: int) -> None:
    """Moves a running mean (EMA) towards a network's weights after a step, counted from 0."""
    # Early on the mean follows closely, or it would hold the initial noise for thousands of steps.
    decay = min(EMA_DECAY, (step + 1) / (step + 10))
    torch._foreach_lerp_(list(mean.parameters()), list(network.parameters()), 1 - decay)
