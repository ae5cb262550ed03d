"""The losses of WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Critic = Callable[[Tensor], Tensor]


def critic_distance(critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """The critic's estimate of the Wasserstein distance between real and fake audio [batch, channels, frames]."""
    return critic(real).mean() - critic(fake).mean()


def gradient_penalty(critic: Critic, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """Mean of (‖∂critic/∂x‖ − 1)² at x = real + mix · (fake − real), mix [batch, 1, 1] in [0, 1).

    The norm is over time and channels, without an epsilon, as in the authors' code.
    """
    between = (real + mix * (fake - real)).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    norm: Tensor = torch.linalg.vector_norm(slope, dim=(1, 2))
    return (norm - 1).square().mean()
