import torch

from trainer.fast.transport import DRAWS, Transport


def fitted(count: int, dim: int, blend: float = 0.1, variety: float = 1.0) -> Transport:
    random = torch.Generator().manual_seed(0)
    transport = Transport(count, dim, blend, variety)
    mean = torch.randn(count, dim, generator=random) * torch.linspace(0.5, 2, dim) + 1
    transport.begin(mean, torch.full_like(mean, -4.0))
    for index in range(600):
        transport.fit(torch.randn(DRAWS, dim, generator=random), index / 600)
    transport.survey(random)
    return transport


def test_every_clip_has_the_same_share_of_the_latents() -> None:
    transport = fitted(24, 4)
    z = torch.randn(1 << 15, 4, generator=torch.Generator().manual_seed(9))
    share = transport.shares(z).mean(dim=0) * 24
    assert (share - 1).abs().max() < 0.25
    own = Transport(24, 4, 0.1)
    own.begin(transport.codes, torch.zeros_like(transport.codes))
    unfitted = own.shares(z).mean(dim=0) * 24
    assert (unfitted - 1).abs().max() > 0.5  # what the fit is for


def test_the_codes_of_the_prior_are_spread_as_those_of_the_clips() -> None:
    transport = fitted(64, 3)
    code = transport(torch.randn(1 << 14, 3, generator=torch.Generator().manual_seed(8)))
    torch.testing.assert_close(code.mean(dim=0), transport.codes.mean(dim=0), atol=0.1, rtol=0)
    torch.testing.assert_close(code.std(dim=0), transport.codes.std(dim=0), atol=0.2, rtol=0)


def test_what_is_blended_of_several_clips_is_as_far_from_their_middle_as_they_are() -> None:
    transport = fitted(64, 8, blend=2.0, variety=0.0)
    z = torch.randn(1 << 12, 8, generator=torch.Generator().manual_seed(8))
    middle = transport.codes.mean(dim=0)
    squares = (transport.codes - middle).square().sum(dim=1)
    shares = transport.shares(z)
    assert shares.max(dim=1).values.mean() < 0.6  # several have a say
    torch.testing.assert_close((transport(z) - middle).square().sum(dim=1), shares @ squares)
    assert (shares @ (transport.codes - middle)).square().sum(dim=1).mean() < 0.8 * (shares @ squares).mean()


def test_the_inverse_of_a_clips_code_sounds_like_the_clip() -> None:
    transport = fitted(40, 4, blend=0.02)
    back = transport(transport.inverse(transport.codes))
    assert (back - transport.codes).norm(dim=1).median() < 0.01


def test_variety_is_how_far_a_cell_reaches() -> None:
    narrow, wide = fitted(16, 4, variety=1.0), fitted(16, 4, variety=3.0)
    torch.testing.assert_close(3 * narrow.spreads, wide.spreads)


def test_the_same_codes_and_draws_give_the_same_map() -> None:
    first, second = fitted(16, 4).state_dict(), fitted(16, 4).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
