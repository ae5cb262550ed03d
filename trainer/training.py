"""The training loop: steps until told to stop; reports, previews and checkpoints by the clock."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from engine.errors import UserError
from engine.files import write_text
from trainer import checkpoint
from trainer.checkpoint import Progress
from trainer.clips import ClipOrder, Clips
from trainer.previews import Previews
from trainer.run_folder import Run
from trainer.wavegan.learner import WEIGHTS, Adversary

CHECKPOINT_SECONDS = 300.0
PREVIEW_SECONDS = 300.0


@dataclass(frozen=True)
class Report:
    """What the user sees of a run. `remaining` is seconds, None without an end."""

    step: int
    seconds: float
    steps_per_second: float
    remaining: float | None
    critic_distance: float
    penalty: float


class Display(Protocol):
    """Shows a run to the user. `interval` is the seconds between two reports."""

    interval: float

    def report(self, report: Report) -> None:
        """Shows the figures of the moment."""

    def note(self, text: str) -> None:
        """Says something once."""


@dataclass(frozen=True)
class Limits:
    """Where a run ends, counted from its very beginning: generator steps and seconds of training."""

    steps: int | None = None
    seconds: float | None = None

    def reached(self, progress: Progress) -> bool:
        """Whether the run is over."""
        return (self.steps is not None and progress.step >= self.steps) or (
            self.seconds is not None and progress.seconds >= self.seconds
        )

    def remaining(self, progress: Progress, steps_per_second: float) -> float | None:
        """Seconds until the run is over, None if it has no end."""
        times = []
        if self.steps is not None and steps_per_second > 0:
            times.append((self.steps - progress.step) / steps_per_second)
        if self.seconds is not None:
            times.append(self.seconds - progress.seconds)
        return max(0.0, min(times)) if times else None


class Training:
    """A run in memory, ready to go on from its newest checkpoint that is whole."""

    def __init__(
        self,
        run: Run,
        clips: NDArray[np.float32],
        device: torch.device,
        display: Display,
        clock: Callable[[], float],
        source: Run | None = None,
    ) -> None:
        torch.set_flush_denormal(True)
        torch.backends.cudnn.benchmark = True
        config = run.config
        self.run = run
        self.progress = Progress()
        self._display = display
        self._clock = clock
        self._clips = Clips(clips, device)
        self._order = ClipOrder(len(clips), config.seed)
        self._adversary = Adversary(config.shape, config.settings, config.seed, device)
        if checkpoint.listed(run.checkpoints):
            self._resume()
        else:
            if source is not None:
                self._adversary.restore_weights(checkpoint.load_newest(source.checkpoints, WEIGHTS)[1])
            # From here on the run needs neither the other run nor luck.
            self._save()
        self._previews = Previews(run, self._adversary.generator, self.progress.step)
        if self.progress.step == 0:
            self._previews.make(0)

    def run_until(self, limits: Limits, stopped: Callable[[], bool]) -> Path:
        """Trains until a limit is reached or `stopped` says so, saves, and returns the checkpoint's path.

        Raises UserError when a loss is no longer a number; the last checkpoint is then a good one.
        """
        began, before = self._clock(), self.progress.seconds
        reported = self.progress
        next_report = began
        next_save, next_preview = began + CHECKPOINT_SECONDS, began + PREVIEW_SECONDS
        while not limits.reached(self.progress) and not stopped():
            self._step()
            now = self._clock()
            self.progress = replace(self.progress, seconds=before + now - began)
            if now >= next_report:
                self._report(reported, limits)
                reported, next_report = self.progress, now + self._display.interval
            if now >= next_save:
                self._save()
                next_save = self._clock() + CHECKPOINT_SECONDS
            if now >= next_preview:
                self._check(None)
                self._previews.make(self.progress.step)
                next_preview = self._clock() + PREVIEW_SECONDS
        if reported.step < self.progress.step:
            self._report(reported, limits)
        path = self._save()
        if self._previews.newest < self.progress.step:
            self._previews.make(self.progress.step)
        self._previews.close()
        return path

    def _step(self) -> None:
        drawn = self.progress.drawn

        def draw() -> torch.Tensor:
            nonlocal drawn
            indices = self._order.take(drawn, self._adversary.batch)
            drawn += len(indices)
            return self._clips.batch(indices)

        self._adversary.step(draw, self.progress.step)
        self.progress = replace(self.progress, step=self.progress.step + 1, drawn=drawn)

    def _report(self, since: Progress, limits: Limits) -> None:
        measured = self._adversary.measured()
        self._check(measured.finite)
        elapsed = self.progress.seconds - since.seconds
        speed = (self.progress.step - since.step) / elapsed if elapsed > 0 else 0.0
        report = Report(
            self.progress.step,
            self.progress.seconds,
            speed,
            limits.remaining(self.progress, speed),
            measured.critic_distance,
            measured.penalty,
        )
        self._display.report(report)
        self._previews.log(report.step, {"critic distance": report.critic_distance, "penalty": report.penalty})
        with open(self.run.metrics, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(report)) + "\n")

    def _check(self, losses_finite: bool | None) -> None:
        """Raises UserError unless the losses, where they are known, and all weights are numbers."""
        if losses_finite is not False and self._adversary.weights_finite():
            return
        newest = checkpoint.listed(self.run.checkpoints)[-1:]
        good = f"{newest[0][1]} is the last good checkpoint, and" if newest else "Nothing was saved;"
        raise UserError(
            f"The losses are no longer numbers after step {self.progress.step}, so training has stopped. {good} the "
            "same command goes on from there; should it happen again, start a new run with a smaller --set lr."
        )

    def _save(self) -> Path:
        self._check(None)
        return checkpoint.save(self.run.checkpoints, self.progress, self._adversary.state())

    def _resume(self) -> None:
        self.progress, tensors, damaged = checkpoint.load_newest(self.run.checkpoints)
        for path in damaged:
            self._display.note(f"The checkpoint {path} is damaged; going back to step {self.progress.step}.")
            path.rename(path.with_suffix(".damaged"))
        self._adversary.restore(tensors)
        self._forget_later_figures()

    def _forget_later_figures(self) -> None:
        """Takes out of the metrics what came after the checkpoint: those steps are made, and reported, again."""
        if not self.run.metrics.exists():
            return
        kept = []
        for line in self.run.metrics.read_text(encoding="utf-8").splitlines(keepends=True):
            # The last line may have been cut off when the run was killed.
            with contextlib.suppress(ValueError):
                if json.loads(line)["step"] <= self.progress.step:
                    kept.append(line)
        write_text(self.run.metrics, "".join(kept))
