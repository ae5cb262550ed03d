"""`trainer evaluate` without its command line: a run or an instrument judged by a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import UserError
from trainer.dataset import Dataset, describe_clips
from trainer.measure.comparison import FRECHET_CLIPS
from trainer.measure.evaluation import Evaluation, evaluate
from trainer.measure.split import HALVES
from trainer.measure.yardstick import FEWEST_CLIPS, Yardstick
from trainer.source import Source
from trainer.words import counted


@dataclass(frozen=True)
class Judged:
    """What was judged, by what, and the result."""

    source: Source
    dataset: Dataset
    evaluation: Evaluation

    @property
    def heading(self) -> str:
        """What was compared with what, in a sentence."""
        checkpoint = "" if self.source.step is None else f" (step {self.source.step:,})"
        done = self.evaluation
        of = "" if done.real_clips == len(self.dataset) else f" of {len(self.dataset):,}"
        return (
            f"{done.sounds} sounds of {self.source.path}{checkpoint} beside {done.real_clips:,}{of} clips of "
            f"{self.dataset.path}. In brackets: where 90 % of repeated measurements lie."
        )

    @property
    def notes(self) -> list[str]:
        """What one should know about the figures, a sentence each."""
        done = self.evaluation
        if done.held_out == HALVES:
            notes = [
                "Held-out real sounds: random halves of the clips, which come from too few files to hold some out; "
                "with clips of one song on both sides, the sounds seem worse beside them than they are."
            ]
        else:
            notes = [f"Held-out real sounds: {done.held_out} against the rest, chosen anew again and again."]
        if done.p_value < 0.01:
            told = "That the sounds differ from your audio is no chance; how much, the distance says"
        else:
            told = "Whatever difference there is from your audio may be chance"
        notes.append(f"{told} (p = {done.p_value:.3f}).")
        if all(figure.metric.key != "frechet" for figure in done.figures):
            notes.append(f"Fewer than {FRECHET_CLIPS} clips: read the intervals; the Fréchet distance is left out.")
        return notes

    def as_json(self) -> dict[str, Any]:
        """The whole result."""
        done = self.evaluation
        return {
            "source": str(self.source.path),
            "step": self.source.step,
            "dataset": str(self.dataset.path),
            "sounds": done.sounds,
            "real_clips": done.real_clips,
            "held_out": done.held_out,
            "p_value": done.p_value,
            "figures": {
                figure.metric.key: {
                    "value": figure.value,
                    "interval": list(figure.interval),
                    "floor": figure.floor,
                    "floor_interval": list(figure.floor_interval),
                    "verdict": figure.verdict.value,
                    "says": figure.says,
                }
                for figure in done.figures
            },
            "notes": self.notes,
        }


def judge(source_path: Path, dataset_path: Path, sounds: int, checkpoint: str | None = None, seed: int = 0) -> Judged:
    """Judges a run (its best checkpoint unless told) or an instrument.

    Raises UserError if it cannot be opened or makes clips of another form.
    """
    dataset = Dataset.open(dataset_path)
    source = Source.open(source_path, checkpoint)
    ours = describe_clips(source.sample_rate, source.channels, source.clip_frames)
    theirs = describe_clips(dataset.sample_rate, dataset.channels, dataset.clip_frames)
    if ours != theirs:
        raise UserError(
            f"{source_path} makes {ours}, but the dataset {dataset_path} has {theirs}; prepare the audio to match."
        )
    if len(dataset) < FEWEST_CLIPS:
        raise UserError(
            f"The dataset {dataset_path} has {counted(len(dataset), 'clip')}, too few to judge by; prepare more audio."
        )
    yardstick = Yardstick(dataset.clips, dataset.sample_rate, dataset.sources(), seed, descriptors=True)
    evaluation = evaluate(yardstick, lambda first, count: source.sounds(range(first, first + count)), sounds)
    return Judged(source, dataset, evaluation)


def shown(value: float) -> str:
    """A figure to three digits."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def shown_interval(interval: tuple[float, float]) -> str:
    """An interval in brackets."""
    return f"[{shown(interval[0])} … {shown(interval[1])}]"
