"""The command `trainer`."""

from __future__ import annotations

from collections.abc import Sequence

from engine.command import Command, run_commands

COMMANDS = (
    Command("prepare", "Turn folders of audio into a dataset.", "trainer.commands.prepare"),
    Command("train", "Train a generator on a dataset, or go on with a run.", "trainer.commands.train"),
    Command("export", "Write a run's generator as an instrument file.", "trainer.commands.export"),
    Command(
        "evaluate",
        "Measure how close a run or an instrument comes to a dataset.",
        "trainer.commands.evaluate",
    ),
    Command("find", "Find the sound that is most like a recording.", "trainer.commands.find"),
    Command("sample", "Write sounds of a run or an instrument as WAV files.", "trainer.commands.sample"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `trainer` and returns its exit status."""
    return run_commands("trainer", "Makes instruments out of your own audio.", COMMANDS, argv)
