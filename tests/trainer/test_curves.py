import math
import xml.etree.ElementTree as xml

import pytest

from trainer.curves import HEIGHT, MOST_POINTS, WIDTH, Chart, Curve, Scale, short, thinned


def elements(chart: Chart, tag: str) -> list[xml.Element]:
    return list(xml.fromstring(chart.svg()).iter(tag))


def places(chart: Chart) -> list[tuple[float, float]]:
    (line,) = elements(chart, "polyline")
    return [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]


def test_higher_values_stand_higher_and_later_ones_to_the_right() -> None:
    (x0, y0), (x1, y1), (x2, y2) = places(Chart("a", [Curve("a", [(0, 1), (5, 3), (10, 2)])]))
    assert 0 < x0 < x1 < x2 < WIDTH
    assert 0 < y1 < y2 < y0 < HEIGHT


def test_a_level_lies_between_the_values_above_and_below_it() -> None:
    chart = Chart("a & b", [Curve("a", [(0, 400), (1, 8), (2, 3)])], [("real <sounds>", 4.0), ("none", math.nan)])
    (level,) = (path for path in elements(chart, "path") if path.attrib["class"] == "level")
    height = float(level.attrib["d"].split()[1].partition("H")[0])
    ys = [y for _, y in places(chart)]
    assert ys[1] < height < ys[2]
    assert xml.fromstring(chart.svg()).attrib["aria-label"] == "a & b: a 3, real <sounds> 4"
    assert "real &lt;sounds&gt;" in chart.legend()


@pytest.mark.parametrize(
    "values", [[0.0], [5.0, 5.0], [-3.0, 7.0], [1e-9, 2e-9], [1e6, 3.0], [0.0, 1e5], [math.nan, 2.0, math.inf]]
)
def test_whatever_the_values_the_picture_is_whole(values: list[float]) -> None:
    chart = Chart("a", [Curve("a", [(float(x), y) for x, y in enumerate(values)])], dots=True)
    for x, y in places(chart):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
    ticks = [element for element in elements(chart, "text") if element.attrib["text-anchor"] == "end"]
    assert 1 <= len(ticks) <= 14


def test_nothing_is_drawn_of_nothing() -> None:
    assert Chart("a", [Curve("a", [(0, math.nan)]), Curve("b", [])], [("real", 1.0)]).svg() == ""


def test_many_points_become_means_that_keep_the_last_place() -> None:
    thin = thinned([(float(x), float(x % 2)) for x in range(10_000)])
    assert len(thin) == MOST_POINTS
    assert thin[-1] == (9999.0, 0.5)


def test_ticks_are_round_numbers_within_the_scale() -> None:
    assert Scale.over([0, 47], 0, 1, logarithmic=None).ticks() == [0, 20, 40]
    assert Scale.over([0, 1], 0, 1, logarithmic=None).ticks() == pytest.approx([0, 0.5, 1])
    assert Scale.over([2, 400], 0, 1, logarithmic=None).ticks() == [3, 10, 30, 100, 300]


def test_numbers_are_short() -> None:
    assert [short(value) for value in (0, 0.123456, 1e-7, 12.345, 1234.5, 123_456)] == [
        "0",
        "0.123",
        "1e-07",
        "12.3",
        "1,234",
        "123k",
    ]
