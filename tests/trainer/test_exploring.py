import json

import numpy as np
import pytest
from synthetic_instrument import DIM, RATE, synthesise
from tiny_instrument import write_tiny_instrument
from tiny_run import Clock

from engine.instrument import Instrument
from trainer.exploring import SURVEYED, affordable, explore
from trainer.survey import BATCH, Surveyor


def surveyor() -> Surveyor:
    return Surveyor(synthesise, DIM, "normal", RATE)


@pytest.mark.parametrize(
    ("each", "seconds", "count"),
    [(0.001, 60, 4096), (0.006, 60, 2048), (0.03, 60, 512), (1.0, 60, 256), (0.001, 1, 256), (0.001, 1000, 4096)],
)
def test_a_slow_generator_is_heard_less_often(each: float, seconds: float, count: int) -> None:
    assert affordable(surveyor(), seconds, Clock(each * BATCH)) == count


def test_the_engine_reads_what_was_found(tmp_path: object) -> None:
    told = []
    explored = explore(surveyor(), 1, Clock(100), lambda done, total: told.append((done, total)))
    assert explored.sounds == SURVEYED[-1]
    path = write_tiny_instrument(
        tmp_path / "a.onnx",  # type: ignore[operator]
        latent_dim=DIM,
        prior="normal",
        directions=json.loads(explored.metadata()["directions"]),
        favourites=json.loads(explored.metadata()["favourites"]),
    )
    instrument = Instrument.open(path)
    assert list(instrument.directions) == list(explored.directions)
    for name, row in explored.directions.items():
        assert instrument.directions[name].range == row.range
        assert np.allclose(instrument.directions[name].vector, row.vector, atol=1e-5)
    assert instrument.favourites == explored.favourites
    assert len(instrument.favourites) == 32
    assert len(explored.directions) >= 3
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done)
    assert max(done) <= totals[0] == totals[-1]
