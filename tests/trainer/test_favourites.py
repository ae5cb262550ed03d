import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_instrument import DIM, FRAMES, RATE, synthesise

from engine.latent import Latent
from trainer.favourites import choose, medoids
from trainer.survey import Survey, Surveyor, distances

COUNT = 200


def surveyed(render: object) -> Survey:
    surveyor = Surveyor(render, DIM, "normal", RATE)  # type: ignore[arg-type]
    return surveyor.listen(surveyor.latents(0, COUNT))


@pytest.fixture(scope="module")
def survey() -> Survey:
    return surveyed(synthesise)


def test_they_are_different_seeds_from_dark_to_bright(survey: Survey) -> None:
    favourites = choose(survey, 12)
    seeds = [favourite.seed for favourite in favourites]
    assert len(set(seeds)) == 12
    assert all(0 <= seed < COUNT for seed in seeds)
    brightness = [favourite.descriptors["brightness"] for favourite in favourites]
    assert brightness == sorted(brightness)
    assert choose(survey, 12) == favourites


def test_they_are_spread_farther_than_seeds_at_random(survey: Survey) -> None:
    _, places = survey.places()

    def reach(seeds: NDArray[np.int64] | list[int]) -> float:
        """How far the sounds are from the next of the chosen."""
        return float(distances(places, places[seeds]).min(axis=1).mean())

    random = np.random.default_rng(0)
    chance = [reach(random.permutation(COUNT)[:16]) for _ in range(50)]
    assert reach([favourite.seed for favourite in choose(survey, 16)]) < min(chance)


def test_descriptors_are_those_of_the_sound_in_units(survey: Survey) -> None:
    favourite = choose(survey, 12)[3]
    assert favourite.descriptors["length"] == pytest.approx(2 ** survey.descriptors["length"][favourite.seed], rel=0.01)
    assert "width" not in favourite.descriptors  # mono is as narrow for all
    tonal = survey.applies("pitch")[favourite.seed]
    assert ("pitch" in favourite.descriptors) == tonal


def test_broken_sounds_are_never_chosen() -> None:
    heard = 0

    def partly_broken(z: Latent) -> NDArray[np.float32]:
        nonlocal heard
        audio = synthesise(z)
        for clip in audio:
            match heard % 8:
                case 0:
                    clip[:] = 0
                case 1:
                    clip[:] = np.clip(100 * clip, -1, 1)
                case 2:
                    clip[0, 7] = np.nan
                case 3:
                    clip *= 1e-3
            heard += 1
        return audio

    seeds = [favourite.seed for favourite in choose(surveyed(partly_broken))]
    assert len(seeds) == 32
    assert min(seed % 8 for seed in seeds) == 4


def test_odd_ones_out_are_not_chosen() -> None:
    heard = 0

    def one_odd(z: Latent) -> NDArray[np.float32]:
        nonlocal heard
        audio = synthesise(z)
        for clip in audio:
            if heard == 50:
                clip[:] = 0.3 * np.sin(np.arange(FRAMES) * 2.9)
            heard += 1
        return audio

    assert 50 not in [favourite.seed for favourite in choose(surveyed(one_odd))]


def test_an_instrument_of_silence_has_none() -> None:
    assert choose(surveyed(lambda z: np.zeros((len(z), 1, FRAMES), np.float32))) == []


def test_medoids_are_the_middles_of_clusters() -> None:
    random = np.random.default_rng(0)
    centres = np.array([[0, 0], [10, 0], [0, 10]])
    points = np.concatenate([centre + random.standard_normal((30, 2)) for centre in centres])
    apart = distances(points, points)
    chosen = medoids(apart, 3)
    assert sorted(chosen // 30) == [0, 1, 2]
    for point in chosen:
        cluster = np.arange(point // 30 * 30, point // 30 * 30 + 30)
        assert apart[point, cluster].sum() == pytest.approx(apart[np.ix_(cluster, cluster)].sum(axis=1).min())


def test_medoids_of_points_at_one_place_are_all_there_are() -> None:
    assert list(medoids(np.zeros((5, 5)), 5)) == [0, 1, 2, 3, 4]
