"""How far a run has come, and what stage of its plan that is: a pure function of the two, so that a resume is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

ONE_STAGE = (("training", 1.0),)  # of a recipe that names none


@dataclass(frozen=True)
class Progress:
    """How far a run has come: steps, clips drawn from the dataset, seconds of training; the stage, its first step."""

    step: int = 0
    drawn: int = 0
    seconds: float = 0.0
    stage: int = 0
    stage_began: int = 0


@dataclass(frozen=True)
class Moment:
    """Where a step stands in its run. Steps count from 0; `done` runs from 0 to 1 through the stage."""

    step: int
    stage: str
    stage_step: int
    done: float


@dataclass(frozen=True)
class Limits:
    """Where training ends, counted from the run's very beginning: steps and seconds of training."""

    steps: int | None = None
    seconds: float | None = None

    def reached(self, progress: Progress) -> bool:
        """Whether that is now."""
        return (self.steps is not None and progress.step >= self.steps) or (
            self.seconds is not None and progress.seconds >= self.seconds
        )

    def remaining(self, progress: Progress, steps_per_second: float) -> float | None:
        """Seconds until then, None if there is no end."""
        times = []
        if self.steps is not None and steps_per_second > 0:
            times.append((self.steps - progress.step) / steps_per_second)
        if self.seconds is not None:
            times.append(self.seconds - progress.seconds)
        return max(0.0, min(times)) if times else None


@dataclass(frozen=True)
class Plan:
    """Stages with their shares of so many steps or seconds of training, whichever are over first.

    Without either it is one stage without end. It is fixed when a run is new. Every stage gets a step at least, as long
    as there are steps for all; after the last one's end the last one goes on.
    """

    stages: tuple[tuple[str, float], ...] = ONE_STAGE
    steps: float | None = None
    seconds: float | None = None

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Plan:
        """The plan of a config's JSON. Raises KeyError, TypeError or ValueError if it is none."""
        stages = tuple((str(name), float(share)) for name, share in fields["stages"])
        if "unit" in fields:  # as version 0.1 wrote it
            fields = {fields["unit"]: fields["total"]}
        steps, seconds = (None if fields.get(unit) is None else float(fields[unit]) for unit in ("steps", "seconds"))
        if not stages or (steps is None and seconds is None and len(stages) > 1):
            raise ValueError("the plan")
        return cls(stages, steps, seconds)

    @property
    def limits(self) -> Limits:
        """The plan's own end."""
        return Limits(None if self.steps is None else round(self.steps), self.seconds)

    def advance(self, progress: Progress) -> Progress:
        """The progress after a step or some time, in the next stage if this one is over."""
        last = progress.stage >= len(self.stages) - 1
        if last or not any(position >= end for position, _, end in self._courses(progress)):
            return progress
        # One at a time, so that none is passed over.
        return replace(progress, stage=progress.stage + 1, stage_began=progress.step)

    def moment(self, progress: Progress) -> Moment:
        """Where the next step stands."""
        courses = self._courses(progress)
        done = max(((at - begin) / (end - begin) for at, begin, end in courses if end > begin), default=0.0)
        stage_step = progress.step - progress.stage_began
        return Moment(progress.step, self.stages[progress.stage][0], stage_step, min(1.0, max(0.0, done)))

    def _courses(self, progress: Progress) -> list[tuple[float, float, float]]:
        """In steps and in seconds, as far as they count: where training is, where its stage begins and ends."""
        shares = [share for _, share in self.stages]
        begin, end = (sum(shares[:count]) / sum(shares) for count in (progress.stage, progress.stage + 1))
        courses: list[tuple[float, float, float]] = []
        if self.steps is not None:
            after = len(shares) - 1 - progress.stage
            last = max(progress.stage_began + 1, min(round(self.steps * end), round(self.steps) - after))
            courses.append((progress.step, progress.stage_began, last))
        if self.seconds is not None:
            courses.append((progress.seconds, self.seconds * begin, self.seconds * end))
        return courses
