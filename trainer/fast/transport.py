"""The density of the codes: a map from z ~ N(0, I) to what the encoder says of all clips together.

The posteriors of the clips, N(c_k, σ_k²), are an equal mixture. Semi-discrete optimal transport divides the space of z
into one cell for each, all with the same share of N(0, I) (autoencoder and optimal transport: An et al., "AE-OT", ICLR
2020): clip k's are the z for which z · y_k + b_k is largest, y_k being the codes with mean 0 and covariance I. Within a
cell z moves the code by the posterior's own spread times the variety, and between cells the codes blend softly: what is
blended is their direction from the middle of all codes, and apart from it their length, since the straight way from one
code to another passes nearer to the middle than any clip lies (White, "Sampling Generative Networks", 2016).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

DRAWS = 1024  # latents in a step of the fit
RATE = 0.3  # step size at the beginning of the fit
MOMENTUM, SQUARED_MOMENTUM = 0.9, 0.99
REACH = 0.1  # of the codes' spread: codes nearer to each other than that are much the same
SHORTEST = 1e-6  # blended code, below which it has no direction
SURVEYED = 1 << 16  # latents by which the cells' middles are found


class Transport(nn.Module):
    """z [batch, dim] → code [batch, dim]. All its tensors are buffers: it is fitted, not learnt by gradients."""

    codes: Tensor
    spreads: Tensor
    anchors: Tensor
    offsets: Tensor
    middles: Tensor
    momentum: Tensor
    squares: Tensor

    def __init__(self, count: int, dim: int, blend: float, variety: float = 1.0) -> None:
        super().__init__()
        self.blend = blend
        self.variety = variety
        for name in ("codes", "spreads", "anchors", "middles"):
            self.register_buffer(name, torch.zeros(count, dim))
        for name in ("offsets", "momentum", "squares"):
            self.register_buffer(name, torch.zeros(count))

    def forward(self, z: Tensor) -> Tensor:
        shares = self.shares(z)
        middle = self.codes.mean(dim=0)
        apart = self.codes - middle
        blended = shares @ apart
        length = (shares @ apart.square().sum(dim=1, keepdim=True)).sqrt()
        code: Tensor = middle + blended * length / blended.norm(dim=1, keepdim=True).clamp(min=SHORTEST)
        return code + (shares @ self.spreads) * z - shares @ (self.spreads * self.middles)

    def shares(self, z: Tensor) -> Tensor:
        """How much each clip's cell has to say of z: [batch, count], rows of sum 1."""
        return torch.softmax((z @ self.anchors.T + self.offsets) / self.blend, dim=1)

    def inverse(self, code: Tensor) -> Tensor:
        """A z of each code, near its cell's middle: exact for a clip's own code, and a good beginning for others."""
        spread = self.codes.var(dim=0, correction=0).mean().sqrt().clamp(min=1e-3)
        apart = torch.cdist(code, self.codes) / (REACH * spread)
        return torch.softmax(-apart.square() / 2, dim=1) @ self.middles

    @torch.no_grad()
    def begin(self, mean: Tensor, log_variance: Tensor) -> None:
        """Takes the posteriors [count, dim]; the cells begin as those of the nearest anchor."""
        self.codes.copy_(mean)
        self.spreads.copy_(self.variety * (log_variance / 2).exp())
        moved = (mean - mean.mean(dim=0)).double()
        covariance = moved.T @ moved / len(moved)
        covariance += 1e-4 * covariance.diagonal().mean().clamp(min=1e-6) * torch.eye(mean.shape[1]).to(covariance)
        root = torch.linalg.cholesky(covariance)
        self.anchors.copy_(torch.linalg.solve_triangular(root, moved.T, upper=False).T)
        self.offsets.copy_(-self.anchors.square().sum(dim=1) / 2)
        self.momentum.zero_()
        self.squares.zero_()

    @torch.no_grad()
    def fit(self, z: Tensor, done: float) -> Tensor:
        """One step towards cells of equal shares, by latents z of the prior; `done` 0 … 1 is how far the fit has come.

        Returns how unequal they are: the shares' deviation over their mean, chance included.
        """
        count = len(self.offsets)
        share = self.shares(z).mean(dim=0) * count
        slope = 1 - share
        self.momentum.mul_(MOMENTUM).add_((1 - MOMENTUM) * slope)
        self.squares.mul_(SQUARED_MOMENTUM).add_((1 - SQUARED_MOMENTUM) * slope.square())
        self.offsets.add_(RATE * (1 - done) * self.momentum / (self.squares.sqrt() + 1e-3))
        return slope.square().mean().sqrt()

    @torch.no_grad()
    def survey(self, random: torch.Generator) -> None:
        """Finds the middles of the cells: what `forward` and `inverse` need last of all."""
        total, weight = torch.zeros_like(self.middles), torch.zeros_like(self.offsets)
        for _ in range(SURVEYED // DRAWS):
            z = torch.randn(DRAWS, self.codes.shape[1], generator=random).to(self.codes)
            shares = self.shares(z)
            total += shares.T @ z
            weight += shares.sum(dim=0)
        self.middles.copy_(total / weight.clamp(min=1e-6)[:, None])
