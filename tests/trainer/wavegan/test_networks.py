import pytest
import torch
from torch import nn

from engine.errors import UserError
from trainer.wavegan.layers import Shape, generator_layers
from trainer.wavegan.networks import Discriminator, Generator, initialise, parameter_count, shift_phase

PUBLISHED = [
    # frames, dim, generator's parameters, discriminator's parameters: counted from the authors' code
    (16384, 64, 19_065_345, 17_427_969),
    (16384, 32, 5_180_673, 4_361_985),
    (65536, 64, 73_149_953, 69_875_201),
    (65536, 32, 19_115_777, 17_478_401),
]


def networks(shape: Shape, phase_shuffle: int = 2) -> tuple[Generator, Discriminator]:
    random = torch.Generator().manual_seed(3)
    generator, discriminator = Generator(shape), Discriminator(shape, phase_shuffle, random)
    initialise(generator, random)
    initialise(discriminator, random)
    return generator, discriminator


@pytest.mark.parametrize(("frames", "dim", "generator_count", "discriminator_count"), PUBLISHED)
def test_parameter_counts_are_the_papers(frames: int, dim: int, generator_count: int, discriminator_count: int) -> None:
    with torch.device("meta"):
        shape = Shape(frames, 1, dim, 100)
        generator = Generator(shape)
        discriminator = Discriminator(shape, 2, None)
    assert parameter_count(generator) == generator_count
    assert parameter_count(discriminator) == discriminator_count


@pytest.mark.parametrize("frames", [16384, 32768, 65536, 131072, 262144])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_legal_length_goes_through_both_networks(frames: int, channels: int) -> None:
    generator, discriminator = networks(Shape(frames, channels, 1, 4))
    with torch.no_grad():
        audio = generator(torch.zeros(2, 4))
        assert audio.shape == (2, channels, frames)
        assert discriminator(audio).shape == (2,)


def test_a_doubled_length_has_stride_two_in_the_last_layer() -> None:
    assert [layer.stride for layer in generator_layers(Shape(32768, 1, 64, 100))] == [4, 4, 4, 4, 4, 2]
    assert generator_layers(Shape(32768, 1, 64, 100))[0].inputs == 2048


def test_the_discriminator_too_has_a_stride_of_two_last() -> None:
    with torch.device("meta"):
        discriminator = Discriminator(Shape(32768, 1, 64, 100), 2, None)
    sizes = [(layer.in_channels, layer.out_channels, layer.stride[0]) for layer in discriminator.convolutions]
    # Counted from the authors' code: 32768 → 8192 → 2048 → 512 → 128 → 32 → 16 frames.
    assert sizes == [(1, 64, 4), (64, 128, 4), (128, 256, 4), (256, 512, 4), (512, 1024, 4), (1024, 2048, 2)]


@pytest.mark.parametrize("frames", [16000, 16385, 64, 0])
def test_other_lengths_are_refused(frames: int) -> None:
    with pytest.raises(UserError, match=str(frames)):
        generator_layers(Shape(frames, 1, 4, 4))


def test_phase_shift_moves_right_and_fills_by_reflection() -> None:
    x = torch.arange(6.0).view(1, 1, 6)
    assert shift_phase(x, 2).flatten().tolist() == [2, 1, 0, 1, 2, 3]
    assert shift_phase(x, -2).flatten().tolist() == [2, 3, 4, 5, 4, 3]
    assert shift_phase(x, 0) is x


def test_phase_shuffle_draws_its_own_shift_for_each_call_and_each_of_four_layers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shifts: list[int] = []

    def record(x: torch.Tensor, shift: int) -> torch.Tensor:
        shifts.append(shift)
        return x

    monkeypatch.setattr("trainer.wavegan.networks.shift_phase", record)
    _, discriminator = networks(Shape(16384, 1, 1, 4), phase_shuffle=2)
    with torch.no_grad():
        for _ in range(30):
            discriminator(torch.zeros(1, 1, 16384))
    assert len(shifts) == 30 * 4
    assert set(shifts) == {-2, -1, 0, 1, 2}
    assert len({tuple(shifts[i : i + 4]) for i in range(0, 120, 4)}) > 20


def test_without_phase_shuffle_the_critic_is_deterministic() -> None:
    generator, discriminator = networks(Shape(16384, 1, 1, 4), phase_shuffle=0)
    with torch.no_grad():
        audio = generator(torch.ones(1, 4))
        assert torch.equal(discriminator(audio), discriminator(audio))


def test_initial_kernels_are_glorot_uniform_and_biases_zero() -> None:
    generator, discriminator = networks(Shape(16384, 1, 4, 100))
    for network in (generator, discriminator):
        for module in network.modules():
            if isinstance(module, (nn.Linear, nn.Conv1d, nn.ConvTranspose1d)):
                assert module.bias is not None
                assert not module.bias.any()
                area = module.weight[0, 0].numel() if module.weight.dim() == 3 else 1
                limit = (6 / ((module.weight.shape[0] + module.weight.shape[1]) * area)) ** 0.5
                assert 0.9 * limit < float(module.weight.detach().abs().max()) <= limit
