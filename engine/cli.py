"""The command `engine`."""

from __future__ import annotations

from collections.abc import Sequence

from engine.command import Command, run_commands

COMMANDS = (
    Command("play", "Play an instrument or a preset from your MIDI keyboard.", "engine.commands.play"),
    Command("render", "Render a MIDI file to a WAV file.", "engine.commands.render"),
    Command("devices", "List audio devices and MIDI ports.", "engine.commands.devices"),
    Command("info", "Describe an instrument file or a preset.", "engine.commands.info"),
    Command("find", "Find the sound of an instrument that is most like one of your own.", "engine.commands.find"),
    Command("bench", "Measure how fast this machine plays and morphs.", "engine.commands.bench"),
    Command("presets", "List the bundled presets.", "engine.commands.presets"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `engine` and returns its exit status."""
    return run_commands("engine", "Plays instruments.", COMMANDS, argv)
