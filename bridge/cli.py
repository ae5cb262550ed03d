"""The command `bridge`."""

from __future__ import annotations

from collections.abc import Sequence

from engine.command import Command, run_commands

COMMANDS = (Command("status", "Show what is connected to what.", "bridge.commands.status"),)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `bridge` and returns its exit status."""
    return run_commands("bridge", "The ways into a DAW.", COMMANDS, argv)
