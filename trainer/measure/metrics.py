"""The figures that sounds are judged by: what each means, and how good is good beside held-out real sounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from trainer.measure.comparison import DESCRIBED

LIKELY = (5, 95)  # percentiles between which an interval lies


class Better(Enum):
    """Which way a figure is better."""

    LOW = "low"
    HIGH = "high"
    NEAR = "near"  # to that of real sounds
    NONE = "none"  # there should be none at all, whatever real sounds have


class Verdict(Enum):
    """How a figure stands beside that of held-out real sounds."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Metric:
    """A row of the table. A figure is good unless it is worse, for sure, than that of held-out real sounds on average,
    and unsure if it may be good or poor.

    `good` and `fair` are allowances: a low figure is fair up to twice the real one and `fair`, a high one down to half
    of it; one that should be near may lie so far from it, and one that should be nought so far from nought. `words` say
    what a good, a fair and a poor figure mean; two more, where there are any, a fair and a poor one above the real one.
    """

    key: str
    label: str
    better: Better
    good: float
    fair: float
    words: tuple[str, ...]
    least: float = 0.0
    most: float = math.inf

    def judge(self, value: float, interval: tuple[float, float], floor: float) -> Verdict:
        """The verdict on a value that surely lies in the interval, beside the mean of held-out real sounds."""
        low, high = interval
        off = [abs(end - floor) for end in interval]
        # The interval's better end, the value and the worse end, the less the better, and how much is good and fair.
        best, at, worst, good, fair = {
            Better.LOW: (low, value, high, max(floor, 0) + self.good, 2 * max(floor, 0) + self.fair),
            Better.HIGH: (-high, -value, -low, self.good - floor, self.fair - floor / 2),
            Better.NEAR: (abs(value - floor), abs(value - floor), max(off), self.good, self.fair),
            Better.NONE: (value, value, value, self.good, self.fair),
        }[self.better]
        if best <= good and worst > fair:
            return Verdict.UNSURE
        return Verdict.POOR if at > fair else Verdict.GOOD if best <= good else Verdict.FAIR

    def say(self, verdict: Verdict, above: bool) -> str:
        """What the verdict means for the sounds; `above`: whether the figure is above that of real ones."""
        if verdict is Verdict.UNSURE:
            return "too few sounds to tell"
        place = list(Verdict).index(verdict)
        return self.words[place + 2 if above and place and len(self.words) == 5 else place]


_PARTIALS = (
    "partials as in your audio",
    "partials are weak",
    "partials are lost: bells come back as noise",
    "a little too tonal",
    "far too tonal: noise comes back ringing",
)

METRICS = (
    Metric(
        "mmd",
        "distance (MMD²)",
        Better.LOW,
        1.0,
        5.0,
        (
            "as near to your audio as new sounds are",
            "like your audio, not quite",
            "does not sound like your audio",
        ),
        least=-math.inf,
    ),
    Metric(
        "density",
        "density",
        Better.HIGH,
        0.0,
        0.0,
        ("sounds lie where yours do", "some sounds lie beside yours", "most sounds are unlike any of yours"),
    ),
    Metric(
        "coverage",
        "coverage",
        Better.HIGH,
        0.0,
        0.0,
        ("your kinds of sounds are all there", "some kinds of sounds are missing", "most kinds of sounds are missing"),
        most=1.0,
    ),
    Metric(
        "recall",
        "recall",
        Better.HIGH,
        0.0,
        0.0,
        ("as much variety as in your audio", "less variety than in your audio", "far less variety than in your audio"),
        most=1.0,
    ),
    Metric("peakiness_50", "peakiness, 50th (dB)", Better.NEAR, 3.0, 6.0, _PARTIALS),
    Metric("peakiness_75", "peakiness, 75th (dB)", Better.NEAR, 3.0, 6.0, _PARTIALS),
    Metric("peakiness_90", "peakiness, 90th (dB)", Better.NEAR, 3.0, 6.0, _PARTIALS),
    Metric(
        "artefacts",
        "tonal artefacts (dB)",
        Better.LOW,
        2.0,
        6.0,
        ("no tones of the network's own", "faint tones of the network's own", "the network whistles in quiet tails"),
    ),
    Metric(
        "copies",
        "copies of your clips",
        Better.NONE,
        0.01,
        0.05,
        ("new sounds, not copies", "some sounds are copies of yours", "many sounds are copies of yours"),
        most=1.0,
    ),
    Metric(
        "nearness",
        "distance to next clip",
        Better.HIGH,
        0.25,
        0.0,
        (
            "as far from your clips as new sounds are",
            "nearer to your clips than new sounds are",
            "very near to your clips: almost copies",
        ),
    ),
    Metric(
        "frechet",
        "Fréchet distance",
        Better.LOW,
        0.0,
        0.0,
        ("as near as new sounds are", "somewhat off", "far off"),
    ),
    Metric(
        "ndb",
        "bins filled differently",
        Better.LOW,
        0.02,
        0.1,
        ("kinds of sounds in the right numbers", "some kinds are too many or too few", "the mixture is another"),
        most=1.0,
    ),
    Metric(
        "jsd",
        "divergence of bins",
        Better.LOW,
        0.0,
        0.0,
        ("kinds of sounds in the right numbers", "some kinds are too many or too few", "the mixture is another"),
        most=1.0,
    ),
)

_BY_KEY = {metric.key: metric for metric in METRICS}


def metric(key: str) -> Metric:
    """The row of a figure; those of the descriptors are alike."""
    if not key.startswith(DESCRIBED):
        return _BY_KEY[key]
    name = key.removeprefix(DESCRIBED)
    return Metric(key, name, Better.LOW, 0.05, 0.1, ("as in your audio", "somewhat off", "quite another"))


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The interval in which values lie that were measured again and again."""
    import numpy as np

    low, high = np.percentile(values, LIKELY)
    return float(low), float(high)
