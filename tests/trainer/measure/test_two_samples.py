"""The figures tell a shift, a narrower spread and a missing kind from chance, at 500 sounds beside 500."""

import numpy as np
import pytest

from trainer.measure.features import Space
from trainer.measure.two_samples import Pair, bins, frechet, kmeans, squared_distances, wasserstein

KINDS = 6


def sounds(random: np.random.Generator, count: int = 500, kinds: int = KINDS) -> np.ndarray:
    """Points of several kinds that vary in a few ways, as the features of sounds do: [count, 128]."""
    fixed = np.random.default_rng(99)
    middles, ways = 2 * fixed.standard_normal((KINDS, 6)), fixed.standard_normal((6, 128))
    varied = middles[random.integers(kinds, size=count)] + 0.5 * random.standard_normal((count, 6))
    return np.tanh(0.5 * varied @ ways) + 0.05 * random.standard_normal((count, 128))


def both(other_features: np.ndarray, dimensions: int = 64) -> tuple[np.ndarray, np.ndarray]:
    real = sounds(np.random.default_rng(1))
    space = Space.fit(real, dimensions)
    return space.place(real), space.place(other_features)


@pytest.fixture(scope="module")
def fresh() -> np.ndarray:
    return sounds(np.random.default_rng(2))


@pytest.fixture(scope="module")
def floor(fresh: np.ndarray) -> Pair:
    return Pair.of(*both(fresh))


def shifted(features: np.ndarray) -> np.ndarray:
    return features + 0.25 * features.std(axis=0)


def shrunken(features: np.ndarray) -> np.ndarray:
    return features.mean(axis=0) + 0.85 * (features - features.mean(axis=0))


def dropped(features: np.ndarray) -> np.ndarray:
    return sounds(np.random.default_rng(2), kinds=KINDS - 1)


def test_two_sets_of_one_kind_are_as_alike_as_theory_says(floor: Pair) -> None:
    assert abs(floor.mmd()) < 0.5
    assert floor.p_value(np.random.default_rng(0)) > 0.05
    figures = floor.neighbours()
    assert figures["density"] == pytest.approx(1, abs=0.15)
    assert figures["coverage"] == pytest.approx(1 - 0.5**5, abs=0.03)


@pytest.mark.parametrize("change", [shifted, shrunken, dropped])
def test_the_distance_tells_every_fault_from_chance(change, fresh: np.ndarray, floor: Pair) -> None:
    pair = Pair.of(*both(change(fresh)))
    assert pair.mmd() > 1.0
    assert pair.mmd() > 4 * abs(floor.mmd())
    assert pair.p_value(np.random.default_rng(0)) < 0.01


def test_recall_falls_with_the_spread_and_coverage_with_a_missing_kind(fresh: np.ndarray, floor: Pair) -> None:
    expected = floor.neighbours()
    narrow, missing = (Pair.of(*both(change(fresh))).neighbours() for change in (shrunken, dropped))
    assert narrow["recall"] < expected["recall"] - 0.1
    assert missing["coverage"] < expected["coverage"] - 0.08
    assert narrow["density"] > expected["density"] + 0.3


def test_a_crowd_of_sounds_does_not_cover_more_than_as_many_as_there_are_clips(fresh: np.ndarray) -> None:
    real, other = both(fresh)
    few, many = Pair.of(real[:100], other[:100]).neighbours(), Pair.of(real[:100], other).neighbours()
    assert many["coverage"] == pytest.approx(few["coverage"], abs=0.05)
    assert many["recall"] == pytest.approx(few["recall"], abs=0.1)


def test_a_part_of_the_distances_is_that_of_a_part_of_the_points(fresh: np.ndarray) -> None:
    real, other = both(fresh)
    some, few = np.arange(0, 500, 2), np.arange(100)
    part, pair = Pair.of(real, other).part(some, few), Pair.of(real[some], other[few])
    assert part.nearest() == pytest.approx(pair.nearest())
    assert part.neighbours() == pytest.approx(pair.neighbours())


def test_the_permutations_begin_with_the_sets_as_they_are() -> None:
    random = np.random.default_rng(3)
    apart = Pair.of(random.standard_normal((60, 4)), random.standard_normal((40, 4)) + 3)
    assert apart.p_value(random, 199) == pytest.approx(1 / 200)


def test_frechet_is_the_distance_of_the_normal_distributions(fresh: np.ndarray) -> None:
    random = np.random.default_rng(4)
    points = random.standard_normal((20_000, 3))
    assert frechet(points, points * [2, 1, 1] + [3, 0, 0]) == pytest.approx(9 + 1, rel=0.05)
    real, other = both(fresh, 16)
    narrow = both(shrunken(fresh), 16)[1]
    assert frechet(real, narrow) > 1.3 * frechet(real, other)


def test_bins_are_filled_otherwise_when_a_kind_is_missing(fresh: np.ndarray) -> None:
    same, missing = (bins(*both(features), np.random.default_rng(0)) for features in (fresh, dropped(fresh)))
    assert same["ndb"] < 0.2
    assert missing["ndb"] > same["ndb"] + 0.1
    assert missing["jsd"] > 1.5 * same["jsd"]


def test_k_means_finds_the_middles_of_clouds() -> None:
    random = np.random.default_rng(5)
    middles = np.array([[0.0, 0], [10, 0], [0, 10]])
    points = np.repeat(middles, 50, axis=0) + 0.1 * random.standard_normal((150, 2))
    found = kmeans(points, 3, random)
    assert np.sqrt(squared_distances(middles, found).min(axis=1)).max() < 0.1
    assert len(kmeans(np.ones((10, 2)), 3, random)) == 3


def test_the_way_of_values_is_in_units_of_their_spread() -> None:
    values = np.random.default_rng(6).standard_normal(5000)
    spread = np.subtract(*np.quantile(values, [0.75, 0.25]))
    assert wasserstein(values, values + 2) == pytest.approx(2 / spread)
    assert wasserstein(100 * values, 100 * values) == 0
    assert np.isfinite(wasserstein(np.zeros(20), np.ones(20)))
