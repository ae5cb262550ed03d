import plain_wavegan
import pytest
import torch
from torch import Tensor, nn

from engine.errors import UserError
from trainer.wavegan.layers import Shape, generator_layers
from trainer.wavegan.losses import gradient_penalty
from trainer.wavegan.networks import (
    SHUFFLED_LAYERS,
    Discriminator,
    Generator,
    initialise,
    shift_phase,
    unshift_phase,
)

PUBLISHED = [
    # frames, dim, generator's parameters, discriminator's parameters: counted from the authors' code
    (16384, 64, 19_065_345, 17_427_969),
    (16384, 32, 5_180_673, 4_361_985),
    (65536, 64, 73_149_953, 69_875_201),
    (65536, 32, 19_115_777, 17_478_401),
]


UNSHIFTED = torch.empty(0, dtype=torch.int64)
# Mono and stereo, and a length whose last layer has a stride of 2.
FORMS = [Shape(16384, 1, 3, 5), Shape(16384, 2, 2, 5), Shape(32768, 2, 2, 5)]


def parameter_count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def networks(shape: Shape, seed: int = 3) -> tuple[Generator, Discriminator]:
    random = torch.Generator().manual_seed(seed)
    generator, discriminator = Generator(shape), Discriminator(shape)
    initialise(generator, random)
    initialise(discriminator, random)
    return generator, discriminator


def doubles(shape: Shape, seed: int) -> tuple[Generator, Discriminator, torch.Generator]:
    """Networks in float64 with biases that are not nought, and a source of random numbers."""
    torch.set_num_threads(1)
    generator, discriminator = networks(shape, seed)
    random = torch.Generator().manual_seed(seed)
    for parameter in (*generator.parameters(), *discriminator.parameters()):
        parameter.data = parameter.data.double() + 0.05 * torch.randn(
            parameter.shape, generator=random, dtype=torch.float64
        )
    return generator, discriminator, random


def far(a: Tensor, b: Tensor) -> float:
    """The largest difference, relative to the largest value."""
    return float(((a - b).abs().max() / b.abs().max()).detach())


@pytest.mark.parametrize(("frames", "dim", "generator_count", "discriminator_count"), PUBLISHED)
def test_parameter_counts_are_the_papers(frames: int, dim: int, generator_count: int, discriminator_count: int) -> None:
    with torch.device("meta"):
        shape = Shape(frames, 1, dim, 100)
        generator = Generator(shape)
        discriminator = Discriminator(shape)
    assert parameter_count(generator) == generator_count
    assert parameter_count(discriminator) == discriminator_count


@pytest.mark.parametrize("frames", [16384, 32768, 65536, 131072, 262144])
@pytest.mark.parametrize("channels", [1, 2])
def test_every_legal_length_goes_through_both_networks(frames: int, channels: int) -> None:
    generator, discriminator = networks(Shape(frames, channels, 1, 4))
    with torch.no_grad():
        audio = generator(torch.zeros(2, 4))
        assert audio.shape == (2, channels, frames)
        assert discriminator(audio, UNSHIFTED).shape == (2,)


def test_a_doubled_length_has_stride_two_in_the_last_layer() -> None:
    assert [layer.stride for layer in generator_layers(Shape(32768, 1, 64, 100))] == [4, 4, 4, 4, 4, 2]
    assert generator_layers(Shape(32768, 1, 64, 100))[0].inputs == 2048


def test_the_discriminator_too_has_a_stride_of_two_last() -> None:
    with torch.device("meta"):
        discriminator = Discriminator(Shape(32768, 1, 64, 100))
    sizes = [(layer.in_channels, layer.out_channels, layer.stride[0]) for layer in discriminator.convolutions]
    # Counted from the authors' code: 32768 → 8192 → 2048 → 512 → 128 → 32 → 16 frames.
    assert sizes == [(1, 64, 4), (64, 128, 4), (128, 256, 4), (256, 512, 4), (512, 1024, 4), (1024, 2048, 2)]


@pytest.mark.parametrize("frames", [16000, 16385, 64, 0])
def test_other_lengths_are_refused(frames: int) -> None:
    with pytest.raises(UserError, match=str(frames)):
        generator_layers(Shape(frames, 1, 4, 4))


@pytest.mark.parametrize("shape", FORMS)
def test_the_networks_are_the_papers_layer_by_layer(shape: Shape) -> None:
    generator, discriminator, random = doubles(shape, seed=0)
    z = torch.rand(2, 5, generator=random, dtype=torch.float64)
    with torch.no_grad():
        audio = plain_wavegan.generate(generator, z)
        assert far(generator(z), audio) < 1e-12
        for shifts in (UNSHIFTED, torch.tensor([2, -1, 0, 1])):
            assert far(discriminator(audio, shifts), plain_wavegan.score(discriminator, audio, shifts)) < 1e-12


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shape", FORMS)
def test_the_slope_and_what_its_penalty_teaches_equal_the_second_derivative(shape: Shape, seed: int) -> None:
    _, discriminator, random = doubles(shape, seed)
    audio = torch.randn(3, shape.channels, shape.clip_frames, generator=random, dtype=torch.float64)
    shifts = torch.randint(-2, 3, (SHUFFLED_LAYERS,), generator=random)
    slopes = discriminator.slope(audio, shifts), plain_wavegan.slope(discriminator, audio, shifts)
    assert far(*slopes) < 1e-12
    fast, plain = (
        torch.autograd.grad(gradient_penalty(slope), list(discriminator.parameters()), allow_unused=True)
        for slope in slopes
    )
    learnt = 0
    for (name, _), ours, theirs in zip(discriminator.named_parameters(), fast, plain, strict=True):
        if name.endswith("bias"):
            # The slope does not depend on them; autograd says so by zeros or by nothing.
            assert ours is None
            assert theirs is None or not theirs.any()
        else:
            assert far(ours, theirs) < 1e-5
            learnt += 1
    assert learnt == len(discriminator.convolutions) + 1


def test_convolutions_in_half_precision_give_nearly_the_same_in_the_weights_own_precision() -> None:
    generator, discriminator, random = doubles(FORMS[0], seed=0)
    generator, discriminator = generator.float(), discriminator.float()
    z = torch.rand(4, 5, generator=random)
    shifts = torch.tensor([1, -2, 0, 2])
    for dtype in (None, torch.bfloat16):
        audio = generator(z, dtype)
        assert audio.dtype == discriminator(audio, shifts, dtype).dtype == torch.float32
        assert discriminator.slope(audio, shifts, dtype).dtype == torch.float32
    audio = generator(z).detach()
    assert 0 < far(generator(z, torch.bfloat16), audio) < 0.03
    fast, slow = (
        torch.autograd.grad(gradient_penalty(discriminator.slope(audio, shifts, dtype)), discriminator.dense.weight)[0]
        for dtype in (torch.bfloat16, None)
    )
    assert fast.dtype == torch.float32
    assert 0 < far(fast, slow) < 0.1


def test_phase_shift_moves_right_and_fills_by_reflection() -> None:
    x = torch.arange(6.0).view(1, 6, 1)
    shifted = {shift: shift_phase(x, torch.tensor(shift)).flatten().tolist() for shift in (2, -2, 0)}
    assert shifted[2] == [2, 1, 0, 1, 2, 3]
    assert shifted[-2] == [2, 3, 4, 5, 4, 3]
    assert shifted[0] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("shift", range(-5, 6))
def test_undoing_a_phase_shift_is_its_adjoint(shift: int) -> None:
    random = torch.Generator().manual_seed(shift)
    x, y = torch.randn(2, 2, 6, 3, generator=random, dtype=torch.float64)
    by = torch.tensor(shift)
    assert float((shift_phase(x, by) * y).sum()) == pytest.approx(float((x * unshift_phase(y, by)).sum()))


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
