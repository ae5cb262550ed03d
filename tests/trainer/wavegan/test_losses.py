import pytest
import torch

from trainer.wavegan.losses import gradient_penalty


def test_penalty_is_nought_for_slopes_of_one() -> None:
    slope = torch.randn(3, 2, 8)
    assert float(gradient_penalty(slope / slope.norm(dim=(1, 2), keepdim=True))) == pytest.approx(0, abs=1e-6)


def test_penalty_is_the_squared_excess_of_the_slope_over_time_and_channels() -> None:
    assert float(gradient_penalty(torch.ones(3, 2, 8))) == pytest.approx((16**0.5 - 1) ** 2)


def test_penalty_is_the_mean_over_clips_and_can_be_learnt_from() -> None:
    weight = torch.tensor(1.0, requires_grad=True)
    # Slopes 2 · weight · mix in each of four frames: norms 4 · weight · mix.
    penalty = gradient_penalty(2 * weight * torch.tensor([0.25, 0.75]).view(2, 1, 1).expand(2, 1, 4))
    assert float(penalty.detach()) == pytest.approx(((1 - 1) ** 2 + (3 - 1) ** 2) / 2)
    penalty.backward()
    assert weight.grad is not None
    assert float(weight.grad) == pytest.approx((0 + 2 * 2 * 3) / 2)
