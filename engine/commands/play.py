"""`engine play`: plays an instrument or a preset from MIDI."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.command import number
from engine.data import DEFAULT_PRESET


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument(
        "preset",
        metavar="PRESET|FILE.onnx",
        nargs="?",
        default=DEFAULT_PRESET,
        help="a preset, a folder of presets or an instrument (drums)",
    )
    parser.add_argument(
        "--audio", metavar="NAME", help='an audio device, "jack", "null" for silence, "none" to serve plugins only'
    )
    parser.add_argument(
        "--midi", metavar="NAME", action="append", default=[], help="only MIDI inputs with this in their name (all)"
    )
    parser.add_argument("--rate", metavar="HZ", type=int, help="sample rate (the device's)")
    parser.add_argument("--block", metavar="FRAMES", type=int, help="frames at a time (256; with JACK, JACK's)")
    parser.add_argument(
        "--provider", metavar="NAME", default="auto", help="what computes the sounds: auto, cpu, cuda …"
    )
    parser.add_argument("--connect", metavar="PATTERN", help="JACK ports to connect to, by a part of their name")
    parser.add_argument("--save-as", metavar="PRESET.toml", type=Path, help="where the key s saves to")
    parser.add_argument("--record", metavar="FILE", type=Path, help="record what is heard, to a new .wav or .flac file")
    parser.add_argument("--demo", action="store_true", help="play a bundled groove, round and round")
    parser.add_argument(
        "--until-idle",
        metavar="SECONDS",
        type=number(float, 0.0, 1e6, "a number of seconds"),
        help="with --audio none: end when no plugin was connected for so long",
    )
    parser.add_argument("--seed", metavar="N", type=int, help="where new sounds are drawn from (another each time)")


def run(arguments: argparse.Namespace) -> None:
    """Plays until Ctrl-C or q."""
    from engine.live import play

    play(arguments)
