import numpy as np
import pytest
from numpy.typing import NDArray
from synthetic_instrument import DIM, RATE, synthesise, turning

from engine.instrument import Direction
from engine.latent import Latent
from trainer import directions
from trainer.measure.descriptors import DESCRIPTORS
from trainer.survey import Survey, Surveyor

ROWS = {row.name: row for row in DESCRIPTORS}
# What the generator does along each of its own axes, in that order.
MEANT = ("pitch", "length", "noise", "brightness", "loudness")


def surveyed(render: object, prior: str = "normal", count: int = 512) -> tuple[Surveyor, Survey]:
    surveyor = Surveyor(render, DIM, prior, RATE)  # type: ignore[arg-type]
    return surveyor, surveyor.listen(surveyor.latents(0, count))


@pytest.fixture(scope="module", params=["normal", "uniform"])
def found(request: pytest.FixtureRequest) -> tuple[dict[str, Direction], Surveyor]:
    surveyor, survey = surveyed(synthesise, request.param)
    return directions.find(surveyor, survey, 16), surveyor


def test_what_the_generator_does_is_found(found: tuple[dict[str, Direction], Surveyor]) -> None:
    for name in ("length", "noise", "loudness"):
        assert (found[0][name].rank_correlation or 0) >= 0.7, name
    named = [name for name, row in found[0].items() if row.rank_correlation is not None]
    assert {"pitch", "brightness"} & set(named)
    assert len(named) >= 4


def test_a_direction_leads_where_the_generator_has_it(found: tuple[dict[str, Direction], Surveyor]) -> None:
    assert abs(found[0]["length"].vector @ turning()[:, 1]) > 0.7
    # Nothing is heard along the other axes, so nothing leads there.
    for direction in found[0].values():
        assert np.linalg.norm(direction.vector @ turning()[:, 5:]) < 0.5


def test_they_are_orthogonal_and_of_length_1(found: tuple[dict[str, Direction], Surveyor]) -> None:
    vectors = np.stack([direction.vector for direction in found[0].values()])
    assert np.abs(vectors @ vectors.T - np.eye(len(vectors))).max() < 1e-5


def test_each_sorts_sounds_that_nobody_has_heard(found: tuple[dict[str, Direction], Surveyor]) -> None:
    directions_, surveyor = found
    for name, direction in directions_.items():
        low, high = direction.range
        assert -3 <= low < high <= 3
        if direction.rank_correlation is None:
            continue
        slide = directions.Slide.along(surveyor, direction.vector, 10**6, 16, np.linspace(low, high, 7))
        assert slide.correlation(ROWS[name]) > max(0.5, direction.rank_correlation - 0.15), name


def test_the_best_come_first_and_the_unnamed_last(found: tuple[dict[str, Direction], Surveyor]) -> None:
    correlations = [direction.rank_correlation for direction in found[0].values()]
    named = [value for value in correlations if value is not None]
    assert correlations == sorted(named, reverse=True) + [None] * (len(correlations) - len(named))
    assert min(named) >= directions.LEAST_CORRELATION


def test_nothing_is_found_where_latents_do_nothing() -> None:
    random = np.random.default_rng(1)

    def deaf(z: Latent) -> NDArray[np.float32]:
        return synthesise(np.zeros_like(z))

    def chance(z: Latent) -> NDArray[np.float32]:
        return synthesise(random.standard_normal(z.shape).astype(np.float32))

    for render in (deaf, chance):
        surveyor, survey = surveyed(render)
        assert directions.find(surveyor, survey, 16) == {}


def test_a_change_that_nobody_hears_is_no_direction() -> None:
    def faint(z: Latent) -> NDArray[np.float32]:
        return synthesise(0.02 * z)

    surveyor, survey = surveyed(faint)
    assert not any(row.rank_correlation for row in directions.find(surveyor, survey, 16).values())


def test_what_is_left_is_the_strongest_unnamed() -> None:
    _, survey = surveyed(synthesise)
    axes = turning()
    moves = directions.unnamed(survey, [axes[:, axis].astype(np.float32) for axis in (0, 1, 2)])
    assert 1 <= len(moves) <= 2
    for move in moves:
        assert np.linalg.norm(move @ axes[:, 3:5]) > 0.9


def test_sounds_that_are_no_longer_the_instruments_are_told() -> None:
    axis = turning()[:, 1]

    def cliff(z: Latent) -> NDArray[np.float32]:
        audio = synthesise(z)
        beyond = z @ axis > 3.5  # where the prior has nothing
        audio[beyond] = 0.5 * np.sin(2.0 * np.arange(audio.shape[-1]))
        return audio

    surveyor, survey = surveyed(cliff)
    slide = directions.Slide.along(surveyor, axis, 10**6, 16, np.array([-5.0, -1.0, 1.0, 5.0]))
    typical = directions.Typical(survey)
    assert typical.at_ends(slide, 1.0)
    assert not typical.at_ends(slide, 5.0)


def test_rank_correlation() -> None:
    rows = np.array([[1, 2, 3, 4], [4, 3, 2, 1], [5, 5, 5, 5], [1, 3, 2, 4], [1, 1, 2, 2]], float)
    assert directions.rank_correlation(rows) == pytest.approx([1, -1, 0, 0.8, 2 / np.sqrt(5)])


def test_slopes_of_a_linear_function_are_its_own() -> None:
    z = np.random.default_rng(0).standard_normal((2000, 6))
    truth = np.random.default_rng(1).standard_normal((6, 3))
    assert directions.slopes(z, z @ truth + 7) == pytest.approx(truth, abs=0.05)


def test_the_same_generator_has_the_same_directions() -> None:
    first, second = (directions.find(*surveyed(synthesise, count=256), 8) for _ in range(2))
    assert list(first) == list(second)
    assert all(np.array_equal(first[name].vector, second[name].vector) for name in first)
