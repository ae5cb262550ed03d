"""Latents: golden values, and that paths, steps and directions keep to the prior."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine import latent

PRIORS = sorted(latent.PRIORS)

# These are the sounds of every preset ever saved: they never change.
GOLDEN = {
    ("uniform", 0): [-0.9769065, -0.5169016, -0.7771483, 0.12882924],
    ("uniform", 1): [-0.39286393, 0.6974175, -0.68773043, -0.9377871],
    ("uniform", 2**64 - 1): [-0.5301168, 0.43462148, -0.17764534, 0.43228704],
    ("normal", 0): [-2.2718842, -0.7013279, -1.2189802, 0.16217156],
    ("normal", 1): [-0.5141658, 1.030911, -1.0104712, -1.8647755],
    ("normal", 2**64 - 1): [-0.7226691, 0.5748711, -0.22451748, 0.571423],
}


def philox(key: int, counter: int) -> list[int]:
    """Philox4x64-10 as its authors define it, in whole numbers."""
    mask = 2**64 - 1
    x = [counter & mask, counter >> 64 & mask, counter >> 128 & mask, counter >> 192 & mask]
    k = [key & mask, key >> 64 & mask]
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
        x = [second >> 64 ^ x[1] ^ k[0], second & mask, first >> 64 ^ x[3] ^ k[1], first & mask]
        k = [(k[0] + 0x9E3779B97F4A7C15) & mask, (k[1] + 0xBB67AE8584CAA73B) & mask]
    return x


@pytest.mark.parametrize(("prior", "seed"), GOLDEN)
def test_golden_values(prior: str, seed: int) -> None:
    z = latent.from_seed(seed, 4, prior)
    assert z.dtype == np.float32
    np.testing.assert_allclose(z, GOLDEN[prior, seed], rtol=2e-7)


@pytest.mark.parametrize("seed", [0, 7, 2**63, 2**64 - 1])
def test_uniform_is_philox_as_published(seed: int) -> None:
    # NumPy counts up before each block, so that the words of counter 0 begin with block 1.
    words = philox(seed, 1) + philox(seed, 2)
    expected = [2 * ((word >> 11) + 0.5) * 2.0**-53 - 1 for word in words]
    np.testing.assert_array_equal(latent.from_seed(seed, 8, "uniform"), np.float32(expected))


def test_a_longer_latent_begins_with_the_shorter_one() -> None:
    np.testing.assert_array_equal(latent.from_seed(3, 100, "normal")[:7], latent.from_seed(3, 7, "normal"))


def test_the_priors_have_their_moments() -> None:
    uniform = latent.from_seed(11, 20000, "uniform")
    normal = latent.from_seed(11, 20000, "normal")
    assert uniform.min() >= -1
    assert uniform.max() < 1
    assert uniform.std() == pytest.approx(1 / math.sqrt(3), rel=0.02)
    assert normal.std() == pytest.approx(1, rel=0.02)
    assert normal.mean() == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match="seed"):
        latent.from_seed(seed, 4, "uniform")


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_path_meets_its_corners(prior: str, count: int) -> None:
    corners = [latent.from_seed(seed, 100, prior) for seed in range(count)]
    places = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)][:count]
    for corner, (x, y) in zip(corners, places, strict=True):
        np.testing.assert_array_equal(latent.interpolate(corners, x, y, prior), corner)
        near = latent.interpolate(corners, abs(x - 1e-7), abs(y - 1e-7), prior)
        np.testing.assert_allclose(near, corner, atol=1e-4)
    last = latent.interpolate(corners, 1.0, 1.0, prior)
    np.testing.assert_array_equal(last, corners[-1])


@pytest.mark.parametrize("prior", PRIORS)
def test_the_middle_of_a_path_is_as_far_out_as_its_ends(prior: str) -> None:
    corners = [latent.from_seed(seed, 100, prior) for seed in (5, 6, 7, 8)]
    expected = latent.from_seed(9, 100000, prior).std()
    middles = [latent.interpolate(corners[:2], 0.5, 0.0, prior), latent.interpolate(corners, 0.5, 0.5, prior)]
    for middle in middles:
        assert middle.std() == pytest.approx(expected, rel=0.12)  # a straight line would fall 30 % and 50 % short


@pytest.mark.parametrize("prior", PRIORS)
def test_a_path_between_equal_corners_stands_still(prior: str) -> None:
    z = latent.from_seed(5, 16, prior)
    np.testing.assert_allclose(latent.interpolate([z, z], 0.3, 0.0, prior), z, atol=1e-5)


def test_a_path_has_two_to_four_corners() -> None:
    with pytest.raises(ValueError, match="corners"):
        latent.interpolate([latent.from_seed(1, 4, "normal")], 0, 0, "normal")


def test_along_moves_by_the_amount_and_stays_in_the_uniform_prior() -> None:
    direction = latent.axis(3, 16)
    z = latent.from_seed(1, 16, "normal")
    np.testing.assert_allclose(latent.along(z, direction, 2.5, "normal") - z, 2.5 * direction, atol=1e-6)
    far = latent.along(latent.from_seed(1, 16, "uniform"), direction, 100.0, "uniform")
    assert far.min() >= -1
    assert far.max() < 1


def test_an_axis_is_a_unit_vector_of_its_own() -> None:
    assert np.linalg.norm(latent.axis(4, 100)) == pytest.approx(1, abs=1e-6)
    assert abs(float(latent.axis(4, 100) @ latent.axis(5, 100))) < 0.4


@pytest.mark.parametrize("prior", PRIORS)
def test_siblings(prior: str) -> None:
    z = latent.from_seed(1, 400, prior)

    def distance(index: int, size: float) -> float:
        return float(np.linalg.norm(latent.sibling(z, index, size, 1, prior) - z))

    assert distance(0, 0.5) == 0
    assert distance(3, 0.0) == 0
    assert 0 < distance(1, 0.1) < distance(1, 0.3) < distance(1, 0.9)
    first, second = (latent.sibling(z, index, 0.2, 1, prior) for index in (1, 2))
    assert np.abs(first - second).max() > 0.05
    np.testing.assert_array_equal(first, latent.sibling(z, 1, 0.2, 1, prior))
    stranger = latent.sibling(z, 1, 1.0, 1, prior)
    assert abs(float(np.corrcoef(stranger, z)[0, 1])) < 0.2
    assert stranger.std() == pytest.approx(z.std(), rel=0.1)
