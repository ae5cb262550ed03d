"""The command `bridge`."""

from __future__ import annotations

from collections.abc import Sequence

from engine.command import Command, run_commands

COMMANDS = (
    Command("kit", "Take a preset's sounds along as WAV files, for other samplers.", "bridge.commands.kit"),
    Command("pack", "Put a preset and its instrument into one file to share.", "bridge.commands.pack"),
    Command("plugin", "Put the plugin where your DAW looks for it.", "bridge.commands.plugin"),
    Command("status", "Show what is connected to what.", "bridge.commands.status"),
    Command("unpack", "Take a shared preset out of its file.", "bridge.commands.unpack"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `bridge` and returns its exit status."""
    return run_commands("bridge", "The ways into a DAW.", COMMANDS, argv)
