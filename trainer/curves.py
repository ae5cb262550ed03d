"""Curves as SVG, to stand within a page: no script, colours by the page's style."""

from __future__ import annotations

import html
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 400, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 10, 26  # margins
MOST_POINTS = 250  # of a curve; of more, means are drawn
WIDE = 20.0  # times the least value, from which on a scale is logarithmic
TICKS = 4

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """One line of a chart: (x, y) in ascending order of x; what is no number is left out."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Chart:
    """Curves over one axis, with level lines such as what real sounds have, and marks where something began."""

    title: str
    curves: Sequence[Curve]
    levels: Sequence[tuple[str, float]] = ()
    marks: Sequence[tuple[str, float]] = ()
    axis: str = "minutes of training"
    dots: bool = False

    def svg(self) -> str:
        """The chart, empty text if there is nothing to draw. Classes c0, c1 … are the curves', `level` the lines'."""
        curves = [Curve(curve.name, thinned(curve.points)) for curve in self.curves]
        points = [point for curve in curves for point in curve.points]
        if not points:
            return ""
        levels = [(name, y) for name, y in self.levels if math.isfinite(y)]
        x_axis = Scale.over([0.0, *(x for x, _ in points)], LEFT, WIDTH - RIGHT, logarithmic=False)
        y_axis = Scale.over([*(y for _, y in points), *(y for _, y in levels)], HEIGHT - BOTTOM, TOP, logarithmic=None)
        parts = []
        for tick in y_axis.ticks():
            y = y_axis.place(tick)
            parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
            parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(tick)}</text>')
        for tick in x_axis.ticks():
            x = x_axis.place(tick)
            parts.append(f'<text class="tick" x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{short(tick)}</text>')
        for name, at in self.marks:
            x = x_axis.place(at)
            parts.append(
                f'<path class="mark" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"><title>{html.escape(name)}</title></path>'
            )
        for name, level in levels:
            y = y_axis.place(level)
            parts.append(
                f'<path class="level" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"><title>{html.escape(name)}</title></path>'
            )
        for number, curve in enumerate(curves):
            placed = [(x_axis.place(x), y_axis.place(y)) for x, y in curve.points]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            parts.append(f'<polyline class="curve c{number}" points="{path}"/>')
            if self.dots:
                parts += [
                    f'<circle class="dot c{number}" cx="{x:.1f}" cy="{y:.1f}" r="3">'
                    f"{_tip(f'{curve.name} {short(value)} after {short(at)} {self.axis}')}</circle>"
                    for (x, y), (at, value) in zip(placed, curve.points, strict=True)
                ]
        said = [f"{curve.name} {short(curve.points[-1][1])}" for curve in curves if curve.points]
        said += [f"{name} {short(level)}" for name, level in levels]
        label = html.escape(f"{self.title}: {', '.join(said)}", quote=True)
        return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'

    def legend(self) -> str:
        """The names and newest values of the curves, and of the levels, as HTML."""
        keys = [
            f'<span class="key c{number}">{html.escape(curve.name)} <b>{short(points[-1][1])}</b></span>'
            for number, curve in enumerate(self.curves)
            if (points := thinned(curve.points))
        ]
        keys += [
            f'<span class="key level">{html.escape(name)} <b>{short(level)}</b></span>'
            for name, level in self.levels
            if math.isfinite(level)
        ]
        return " ".join(keys)


@dataclass(frozen=True)
class Scale:
    """Places values between two ends of the picture, linearly or by their logarithm."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float, logarithmic: bool | None) -> Scale:
        """A scale that holds all values; None: logarithmic where they are above 0 and span much."""
        low, high = min(values), max(values)
        if logarithmic is None:
            logarithmic = low > 0 and high > WIDE * low
        if logarithmic:
            return cls(10 ** (math.floor(5 * math.log10(low)) / 5), high * 1.05, start, end, True)
        if 0 < low < high / 2:
            low = 0.0
        if high == low:
            low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
        return cls(low, high, start, end, False)

    def place(self, value: float) -> float:
        """Where a value stands; outside the scale it stands at its end."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """A few round values within the scale."""
        if self.logarithmic:
            powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            steps = (1, 3) if self.high < 1e3 * self.low else (1,)
            return [v for power in powers for step in steps if self.low <= (v := step * 10.0**power) <= self.high]
        rough = (self.high - self.low) / TICKS
        unit = 10 ** math.floor(math.log10(rough))
        step = next(size * unit for size in (1, 2, 5, 10) if size * unit >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [count * step for count in range(first, math.floor(self.high / step + 1e-9) + 1)]


def thinned(points: Sequence[Point]) -> list[Point]:
    """The points that are numbers, or means of neighbouring ones if there are many."""
    finite = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
    if len(finite) <= MOST_POINTS:
        return finite
    edges = [round(part * len(finite) / MOST_POINTS) for part in range(MOST_POINTS + 1)]
    groups = [finite[start:stop] for start, stop in itertools.pairwise(edges)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]


def short(value: float) -> str:
    """A number in few characters."""
    size = abs(value)
    if size >= 10_000:
        return f"{value / 1000:,.0f}k"
    if size >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if size >= 1e-4 or value == 0 else f"{value:.0e}"


def _tip(text: str) -> str:
    return f"<title>{html.escape(text)}</title>"
