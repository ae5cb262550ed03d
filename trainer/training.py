"""The training loop: steps through the stages of a plan; reports, and checks of all that a run keeps, by the clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import UserError
from trainer import checkpoint
from trainer.alarms import fresh
from trainer.clips import ClipOrder, Clips
from trainer.dataset import forget
from trainer.learner import Learner, make_learner
from trainer.plan import Limits, Progress
from trainer.previews import Previews
from trainer.progress import Display, Report, compare
from trainer.rendering import BATCH, generate
from trainer.run_folder import Run, RunConfig
from trainer.run_page import write_page
from trainer.team import SOLO, Team

CHECK_SECONDS = 300.0  # between checks
SOUNDS, FEWEST_SOUNDS = 500, 50  # measured in a check
MAKING_SECONDS = 10.0  # which making them may take, about: fewer are measured of a slow generator


class Yardstick(Protocol):
    """Measures sounds by the real ones. `floor` holds the figures of held-out real sounds."""

    @property
    def floor(self) -> Mapping[str, float]:
        """As `measure`, for real sounds that were held out."""

    def measure(self, generate: Callable[[int, int], NDArray[np.float32]], count: int) -> Mapping[str, float]:
        """The figures, `mmd` among them, of as many sounds as `generate` makes of a first seed and a count."""


class Training:
    """A run in memory, ready to go on from its newest checkpoint that is whole.

    `source` is the run that a new one begins with the weights of. Without a yardstick nothing is measured. This is the
    leader of its team; the other processes `follow`.
    """

    def __init__(
        self,
        run: Run,
        clips: NDArray[np.float32],
        device: torch.device,
        display: Display,
        clock: Callable[[], float],
        source: Run | None = None,
        yardstick: Yardstick | None = None,
        team: Team = SOLO,
    ) -> None:
        prepare_torch()
        self.run = run
        self.progress = Progress()
        self._display = display
        self._clock = clock
        self._yardstick = yardstick
        self._sounds: int | None = None
        self._distance: float | None = None
        self._data = clips
        self._order = ClipOrder(len(clips), run.config.seed)
        self._team = team
        self._learner = make_learner(run.config, Clips(clips, device), device, team)
        if checkpoint.listed(run.checkpoints):
            self._resume()
        else:
            if source is not None:
                self._learner.restore_weights(checkpoint.load_chosen(source, "best")[1])
            # From here on the run needs neither the other run nor luck.
            self._save()
        self._saved = self.progress.step
        if team.size > 1:
            team.hear({name: tensor.cpu() for name, tensor in self._learner.state().items()})
        self._previews = Previews(run, self.progress.step)
        self._look()

    def run_until(self, limits: Limits, stopped: Callable[[], bool]) -> Path:
        """Trains until a limit is reached or `stopped` says so, checks, and returns the checkpoint's path.

        Raises UserError when a loss is no longer a number; the last checkpoint is then a good one.
        """
        plan = self.run.config.plan
        began, before = self._clock(), self.progress.seconds
        reported = self.progress
        next_report, next_check = began, began + CHECK_SECONDS
        while not limits.reached(self.progress) and not stopped():
            drawn = self._step()
            now = self._clock()
            stage = self.progress.stage
            after = replace(self.progress, step=self.progress.step + 1, drawn=drawn, seconds=before + now - began)
            self.progress = plan.advance(after)
            if now >= min(next_report, next_check) or self.progress.stage != stage:
                self._report(reported, limits)
                reported, next_report = self.progress, now + self._display.interval
            if self.progress.stage != stage:
                name = plan.stages[self.progress.stage][0]
                self._display.note(f"Stage {self.progress.stage + 1} of {len(plan.stages)} begins: {name}.")
            if now >= next_check:
                self._check()
                now = self._clock()
                next_check = now + CHECK_SECONDS
                # The time that a check takes is no time that steps take.
                reported = replace(reported, seconds=before + now - began)
        self._team.hear(None)
        if reported.step < self.progress.step:
            self._report(reported, limits)
        if self._saved < self.progress.step:
            self._check()
        self._previews.close()
        return checkpoint.listed(self.run.checkpoints)[-1][1]

    def _step(self) -> int:
        """Makes a step. Returns how many clips have been drawn by then."""
        self._team.hear(self.progress)
        return make_step(self._learner, self._order, self.run.config, self.progress)

    def _report(self, since: Progress, limits: Limits) -> None:
        figures = self._learner.figures()
        self._be_finite(figures)
        elapsed = self.progress.seconds - since.seconds
        speed = (self.progress.step - since.step) / elapsed if elapsed > 0 else 0.0
        place = self._place()
        shown = self.run.config.row.shown or figures.keys()
        report = Report(
            self.progress.step,
            self.progress.seconds,
            speed,
            limits.remaining(self.progress, speed),
            place["stage"] if len(self.run.config.plan.stages) > 1 else "",
            {name: value for name, value in figures.items() if name in shown},
            self._distance,
        )
        self._display.report(report)
        self._previews.log(report.step, figures)
        self.run.record("report", {**place, "steps_per_second": speed, **figures})

    def _check(self) -> None:
        """Saves a checkpoint; then makes previews of it and measures it."""
        self._save()
        self._look()

    def _save(self) -> None:
        self._be_finite({})
        checkpoint.save(self.run.checkpoints, self.progress, self._learner.state(), self.run.ranking())
        self._saved = self.progress.step

    def _look(self) -> None:
        """Previews and metrics of the newest checkpoint, unless they are there, and the run's page."""
        step = self.progress.step
        if not self._previews.made(step):
            self._previews.make(step, self._learner.generator(self.run.config.row.weights))
        if self._yardstick is not None and step not in self.run.scores():
            self._measure(self._yardstick)
        write_page(self.run)

    def _measure(self, yardstick: Yardstick) -> None:
        config = self.run.config
        generator = self._learner.generator(config.row.weights)

        def make(first: int, count: int) -> NDArray[np.float32]:
            return generate(generator, range(first, first + count), config)

        if self._sounds is None:
            began = self._clock()
            make(0, 2 * BATCH)
            each = max(self._clock() - began, 1e-6) / (2 * BATCH)
            self._sounds = min(SOUNDS, max(FEWEST_SOUNDS, int(MAKING_SECONDS / each)))
        figures = dict(yardstick.measure(make, self._sounds))
        self._distance = figures["mmd"]
        place = self._place()
        self.run.record("metrics", {**place, **figures, "sounds": self._sounds, "floor": dict(yardstick.floor)})
        self._previews.log(self.progress.step, {f"metrics/{name}": value for name, value in figures.items()})
        rows = self.run.rows("metrics")
        for text in (compare(rows), *fresh(rows)):
            self._display.note(text)
            self.run.record("note", {**place, "text": text})

    def _place(self) -> dict[str, Any]:
        """What every row begins with: the step, and the stage that made it."""
        progress = self.progress
        begins = progress.stage > 0 and progress.stage_began == progress.step
        stage, _ = self.run.config.plan.stages[progress.stage - begins]
        return {"step": progress.step, "seconds": progress.seconds, "stage": stage}

    def _be_finite(self, figures: Mapping[str, float]) -> None:
        """Raises UserError unless the figures and all weights are numbers."""
        if all(map(math.isfinite, figures.values())) and self._learner.weights_finite():
            return
        newest = checkpoint.listed(self.run.checkpoints)[-1:]
        good = f"{newest[0][1]} is the last good checkpoint" if newest else "nothing was saved"
        stopped = f"The losses are no longer numbers after step {self.progress.step}, so training has stopped"
        bad = first_bad_clip(self._data)
        if bad is not None:
            again = "the same command goes on"
            if self.run.config.row.holds_clips:
                again = f"begin another run on it with --from {self.run.path}"
            raise UserError(
                f"{stopped}, because clip {bad} of the dataset holds samples that are no numbers; prepare the dataset "
                f"again, and {again}: {good}."
            )
        raise UserError(
            f"{stopped}. {good[0].upper()}{good[1:]}, and the same command goes on from there; should it happen again, "
            "start a new run with a smaller --set lr."
        )

    def _resume(self) -> None:
        self.progress, tensors, damaged = checkpoint.load_newest(self.run.checkpoints)
        for path in damaged:
            self._display.note(f"The checkpoint {path} is damaged; going back to step {self.progress.step}.")
            path.rename(path.with_suffix(".damaged"))
        self._learner.restore(tensors)
        self.run.forget_after(self.progress.step)


def make_step(learner: Learner, order: ClipOrder, config: RunConfig, progress: Progress) -> int:
    """Makes the step that follows the progress. Returns how many clips have been drawn by then."""
    drawn = progress.drawn

    def take(count: int) -> NDArray[np.int64]:
        nonlocal drawn
        indices = order.take(drawn, count)
        drawn += count
        return indices

    learner.step(take, config.plan.moment(progress))
    return drawn


def follow(config: RunConfig, clips: NDArray[np.float32], device: torch.device, team: Team) -> None:
    """Makes the steps of the leader's `Training`, on this process's part of every batch, until that ends."""
    prepare_torch()
    learner = make_learner(config, Clips(clips, device), device, team)
    learner.restore(team.hear(learner.state()))
    order = ClipOrder(len(clips), config.seed)
    while (progress := team.hear(None)) is not None:
        make_step(learner, order, config, progress)


def prepare_torch() -> None:
    """What every process that trains wants of PyTorch."""
    # Silence fills the networks with numbers too small to be fast.
    torch.set_flush_denormal(True)
    torch.backends.cudnn.benchmark = True


def first_bad_clip(clips: NDArray[np.float32], piece: int = 64) -> int | None:
    """The index of the first clip that holds something that is no number, None if there is none."""
    for start in range(0, len(clips), piece):
        bad = ~np.isfinite(clips[start : start + piece]).all(axis=(1, 2))
        forget(clips)
        if bad.any():
            return start + int(bad.argmax())
    return None
