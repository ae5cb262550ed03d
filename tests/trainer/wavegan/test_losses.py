import pytest
import torch

from trainer.wavegan.losses import critic_distance, gradient_penalty


def test_penalty_is_nought_for_a_critic_of_slope_one() -> None:
    real, fake = torch.randn(3, 2, 8), torch.randn(3, 2, 8)
    direction = torch.randn(2, 8)
    direction /= direction.norm()
    penalty = gradient_penalty(lambda x: (x * direction).sum((1, 2)), real, fake, torch.rand(3, 1, 1))
    assert float(penalty) == pytest.approx(0, abs=1e-6)


def test_penalty_is_the_squared_excess_of_the_slope_over_time_and_channels() -> None:
    real, fake = torch.randn(3, 2, 8), torch.randn(3, 2, 8)
    penalty = gradient_penalty(lambda x: x.sum((1, 2)), real, fake, torch.rand(3, 1, 1))
    assert float(penalty) == pytest.approx((16**0.5 - 1) ** 2)


def test_penalty_is_measured_between_real_and_fake_and_can_be_learnt_from() -> None:
    real, fake = torch.zeros(2, 1, 4), torch.ones(2, 1, 4)
    mix = torch.tensor([0.25, 0.75]).view(2, 1, 1)
    weight = torch.tensor(1.0, requires_grad=True)
    # The slope of weight · Σ x² is 2 · weight · x, and so its norm is 4 · weight · mix for four frames.
    penalty = gradient_penalty(lambda x: weight * x.square().sum((1, 2)), real, fake, mix)
    assert float(penalty.detach()) == pytest.approx(((1 - 1) ** 2 + (3 - 1) ** 2) / 2)
    penalty.backward()
    assert weight.grad is not None
    assert float(weight.grad) == pytest.approx((0 + 2 * 2 * 3) / 2)


def test_distance_is_real_less_fake() -> None:
    assert float(critic_distance(lambda x: x.mean((1, 2)), torch.ones(2, 1, 4), torch.zeros(2, 1, 4))) == 1
