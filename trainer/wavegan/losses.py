"""The losses of WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028)."""

from __future__ import annotations

import torch
from torch import Tensor


def gradient_penalty(slope: Tensor) -> Tensor:
    """Mean of (‖slope‖ − 1)² of the critic's slopes ∂score/∂audio [batch, channels, frames].

    The norm is over time and channels, without an epsilon, as in the authors' code.
    """
    norm: Tensor = torch.linalg.vector_norm(slope, dim=(1, 2))
    return (norm - 1).square().mean()
