import torch

from trainer.fast.generator import LINEAR, saturated


def test_what_is_loud_bends_towards_full_scale_and_the_rest_stays() -> None:
    audio = torch.linspace(-3, 3, 6001, dtype=torch.float64)
    heard = saturated(audio)
    straight = audio.abs() <= LINEAR
    torch.testing.assert_close(heard[straight], audio[straight])
    assert heard.abs().max() <= 1
    slope = heard.diff() / audio.diff()
    assert slope.min() >= 0
    assert slope.diff().abs().max() < 0.01  # no corner, which would be heard as a buzz
