"""The density of the codes: an invertible map from z ~ N(0, I) to them (real NVP, arXiv 1605.08803)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

COUPLINGS = 8
WIDTH = 128
DROPOUT = 0.1
STRETCH = 1.0
"""A coupling multiplies by between e^−STRETCH and e^STRETCH."""


class Coupling(nn.Module):
    """Moves and stretches the second half of x by what the first half says; a fixed rotation comes before."""

    rotation: Tensor

    def __init__(self, dim: int, random: torch.Generator) -> None:
        super().__init__()
        self.kept = dim - dim // 2
        self.hidden = nn.Linear(self.kept, WIDTH)
        self.deeper = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, 2 * (dim // 2))
        for layer in (self.hidden, self.deeper):
            nn.init.normal_(layer.weight, 0, 1 / math.sqrt(layer.in_features), generator=random)
            nn.init.zeros_(layer.bias)
        # At first the coupling changes nothing, so that the map begins as the Gaussian.
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("rotation", torch.linalg.qr(torch.randn(dim, dim, generator=random))[0])

    def forward(self, x: Tensor) -> Tensor:
        """Towards the codes."""
        turned = x @ self.rotation
        kept, moved = turned[:, : self.kept], turned[:, self.kept :]
        stretch, shift = self._say(kept)
        return torch.cat([kept, moved * stretch.exp() + shift], dim=1)

    def inverse(self, y: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Back to z; also the logarithm of the volume's change, [batch]."""
        kept, moved = y[:, : self.kept], y[:, self.kept :]
        stretch, shift = self._say(kept, mask)
        x = torch.cat([kept, (moved - shift) * (-stretch).exp()], dim=1)
        return x @ self.rotation.T, -stretch.sum(dim=1)

    def _say(self, kept: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        hidden = functional.leaky_relu(self.hidden(kept), 0.2)
        if mask is not None:
            hidden = hidden * mask
        hidden = functional.leaky_relu(self.deeper(hidden), 0.2)
        stretch, shift = self.out(hidden).chunk(2, dim=1)
        return STRETCH * torch.tanh(stretch / STRETCH), shift


class Flow(nn.Module):
    """z [batch, dim] ~ N(0, I) → code [batch, dim]: couplings, then the Gaussian that was fitted to the codes."""

    mean: Tensor
    spread: Tensor

    def __init__(self, dim: int, random: torch.Generator) -> None:
        super().__init__()
        self.dim = dim
        self.couplings = nn.ModuleList(Coupling(dim, random) for _ in range(COUPLINGS))
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("spread", torch.eye(dim))

    def forward(self, z: Tensor) -> Tensor:
        for coupling in self.couplings:
            z = coupling(z)
        return z @ self.spread.T + self.mean

    def inverse(self, code: Tensor) -> Tensor:
        """The z of a code."""
        return self._back(code)[0]

    def log_density(self, code: Tensor, random: torch.Generator | None = None) -> Tensor:
        """Logarithm of the codes' density under the map, [batch], but for a constant; `random` switches dropout on."""
        z, volume = self._back(code, random)
        return volume - z.square().sum(dim=1) / 2

    @torch.no_grad()
    def fit_gaussian(self, mean: Tensor, variance: Tensor) -> None:
        """Takes the Gaussian of the posteriors, means and variances [clips, dim] each, for the last part of the map."""
        self.mean.copy_(mean.mean(dim=0))
        moved = (mean - self.mean).double()
        covariance = moved.T @ moved / len(moved) + torch.diag(variance.double().mean(dim=0) + 1e-6)
        self.spread.copy_(torch.linalg.cholesky(covariance))

    def _back(self, code: Tensor, random: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        x = torch.linalg.solve_triangular(self.spread, (code - self.mean).T, upper=False).T
        volume = -torch.diagonal(self.spread).log().sum().expand(len(code))
        for coupling in reversed([part for part in self.couplings if isinstance(part, Coupling)]):
            mask = None
            if random is not None:
                kept = torch.rand(len(x), WIDTH, generator=random) >= DROPOUT
                mask = kept.to(x) / (1 - DROPOUT)
            x, change = coupling.inverse(x, mask)
            volume = volume + change
        return x, volume
