from typing import Any

import pytest

from trainer.alarms import active, fresh

HEALTHY = {"coverage": 0.8, "recall": 0.5, "density": 1.0, "copies": 0.02, "nearness": 0.95}


def history(*distances: float, **figures: list[float]) -> list[dict[str, Any]]:
    """Measurements every hundred steps from 0 on, healthy but for what is given."""
    return [
        {"step": 100 * index, "mmd": distance, **HEALTHY} | {name: values[index] for name, values in figures.items()}
        for index, distance in enumerate(distances)
    ]


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [alarm.name for alarm in active(rows)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (history(373, 40, 18, 12, 11, 11.5, 10.8), []),
        (history(373, 40), []),
        (history(373, 12, 9, 14, 30, 13), []),  # up for a while
        (history(373, 12, 9, 22, 20, 24), ["divergence"]),
        (history(373, 12, 2, 5, 6, 5), []),  # small figures scatter
        (history(373, 12, -0.5, 6, 6, 7), ["divergence"]),
        (history(*[9] * 5, coverage=[0.0, 0.6, 0.7, 0.2, 0.6]), []),
        (history(*[9] * 5, coverage=[0.0, 0.6, 0.7, 0.2, 0.1]), ["collapse"]),
        # From the beginning a handful of sounds, each a good one.
        (history(*[90] * 4, coverage=[0.02] * 4, recall=[0.0] * 4, density=[2.0] * 4), ["collapse"]),
        # Noise at first: nothing is covered, but nothing lies near either.
        (history(*[90] * 4, coverage=[0.02] * 4, recall=[0.0] * 4, density=[0.01] * 4), []),
        (history(*[9] * 4, copies=[0.0, 0.05, 0.4, 0.5]), ["copying"]),
        (history(*[9] * 4, copies=[0.0, 0.05, 0.4, 0.05]), []),
        (history(*[9] * 4, nearness=[1.0, 0.8, 0.4, 0.3]), ["overfitting"]),
        (history(*[9] * 4, nearness=[1.0, 0.8, 0.4, 0.7]), []),
    ],
)
def test_an_alarm_sounds_when_it_should_and_only_then(rows: list[dict[str, Any]], expected: list[str]) -> None:
    assert names(rows) == expected


def test_an_alarm_is_said_once_until_it_clears() -> None:
    rows = history(*[9] * 9, copies=[0.0, 0.5, 0.5, 0.5, 0.0, 0.0, 0.3, 0.4, 0.4])
    said = [bool(fresh(rows[: count + 1])) for count in range(len(rows))]
    assert said == [False, False, True, False, False, False, False, True, False]
    assert fresh(rows[:3])[0].startswith("Alarm: 50% of the sounds are copies of your clips.")


def test_rows_that_lack_figures_warn_of_nothing() -> None:
    rows = history(373, 12, 9, 22, 20, 24)
    assert names([*rows[:-1], {"step": 500, "mmd": 24.0}]) == []
    assert fresh(rows[:1]) == []
