"""How far a run has come, and what stage of its plan that is: a pure function of the two, so that a resume is exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trainer.learner import Moment

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
    """Stages with their shares of a total, in steps or in seconds of training; total None is one stage without end.

    It is fixed when a run is new. Every stage gets a step at least; after the last one's end the last one goes on.
    """

    unit: str = "steps"
    total: float | None = None
    stages: tuple[tuple[str, float], ...] = ONE_STAGE

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Plan:
        """The plan of a config's JSON. Raises KeyError, TypeError or ValueError if it is none."""
        stages = tuple((str(name), float(share)) for name, share in fields["stages"])
        total = None if fields["total"] is None else float(fields["total"])
        if fields["unit"] not in ("steps", "seconds") or not stages or (total is None and len(stages) > 1):
            raise ValueError("the plan")
        return cls(fields["unit"], total, stages)

    @property
    def limits(self) -> Limits:
        """The plan's own end."""
        if self.total is None:
            return Limits()
        return Limits(steps=round(self.total)) if self.unit == "steps" else Limits(seconds=self.total)

    def advance(self, progress: Progress) -> Progress:
        """The progress after a step or some time, in the next stage if this one is over."""
        last = progress.stage >= len(self.stages) - 1
        if last or self._position(progress) < self._bounds(progress.stage)[1]:
            return progress
        # One at a time, so that none is passed over.
        return replace(progress, stage=progress.stage + 1, stage_began=progress.step)

    def moment(self, progress: Progress) -> Moment:
        """Where the next step stands."""
        stage_step = progress.step - progress.stage_began
        stage_steps, done = None, 0.0
        if self.total is not None:
            end = self._bounds(progress.stage)[1]
            if self.unit == "steps":
                stage_steps = max(1, round(end) - progress.stage_began)
                done = stage_step / stage_steps
            else:
                begin = self._bounds(progress.stage)[0]
                done = (progress.seconds - begin) / (end - begin)
        return Moment(progress.step, self.stages[progress.stage][0], stage_step, stage_steps, min(1.0, max(0.0, done)))

    def _position(self, progress: Progress) -> float:
        return progress.step if self.unit == "steps" else progress.seconds

    def _bounds(self, stage: int) -> tuple[float, float]:
        """Where the stage begins and ends, in the plan's unit."""
        if self.total is None:
            return 0.0, float("inf")
        shares = [share for _, share in self.stages]
        begin, end = (self.total * sum(shares[:count]) / sum(shares) for count in (stage, stage + 1))
        return (round(begin), round(end)) if self.unit == "steps" else (begin, end)
