"""`engine find`: the sound of an instrument that is most like a recording."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from engine.command import print_json
from engine.data import DEFAULT_PRESET

if TYPE_CHECKING:
    from engine.preset import Preset


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("sound", metavar="SOUND.wav", type=Path, help="what to look for: WAV, AIFF, FLAC, OGG or MP3")
    parser.add_argument(
        "preset",
        metavar="PRESET|FILE.onnx",
        nargs="?",
        default=DEFAULT_PRESET,
        help="where to look; the bundled drums unless said",
    )
    parser.add_argument("-o", "--output", metavar="FILE.wav", type=Path, help="write what was found, to compare")
    parser.add_argument("--key", metavar="KEY", help="put it on this key of the preset, such as 36 or C2")
    parser.add_argument("--save-as", metavar="PRESET.toml", type=Path, help="where to save the preset with it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Finds, writes what was asked for, and prints the sound string."""
    from engine.errors import UserError
    from engine.find import find
    from engine.preset import Preset
    from engine.sound_string import SoundString

    if (arguments.key is None) != (arguments.save_as is None):
        raise UserError("--key and --save-as go together: the key that gets the sound, and the preset to save.")
    if arguments.output is not None and arguments.output.suffix.lower() != ".wav":
        raise UserError(f"The output must end in .wav, so it cannot be {arguments.output}.")
    preset = Preset.open(arguments.preset)
    key = None if arguments.key is None else _key(arguments.key, preset)
    z = find(arguments.sound, preset.opened)
    string = str(SoundString.of_latent(preset.opened.digest, z))
    if arguments.output is not None:
        _write(arguments.output, preset.opened.generate(z)[0].T, preset.opened.sample_rate)
    if key is not None:
        told = _save(preset, key, string, arguments.save_as)
    if arguments.json:
        written = {"output": arguments.output, "saved_as": arguments.save_as}
        paths = {name: None if path is None else str(path) for name, path in written.items()}
        print_json({"sound": string, "instrument": preset.opened.name, "z": z.tolist(), "key": key, **paths})
        return
    print(string)
    if arguments.output is not None:
        print(f"To compare: {arguments.output}")
    if key is not None:
        print(f"{told} Saved as {arguments.save_as}.")


def _key(text: str, preset: Preset) -> int:
    """The MIDI note of `--key`. Raises UserError if it is none, or plays nothing in the preset."""
    from engine.errors import UserError
    from engine.keys import format_keys, parse_key

    try:
        key = parse_key(text)
    except ValueError as error:
        raise UserError(f"--key: {error}.") from error
    played = sorted({key for zone in preset.zones for key in zone.keys} - preset.claimed_notes)
    if key not in played:
        raise UserError(f"The preset {preset.name} plays nothing on the key {key}; it plays {format_keys(played)}.")
    return key


def _write(path: Path, audio: object, rate: int) -> None:
    import soundfile

    from engine.files import replacing

    with replacing(path) as temporary:
        soundfile.write(temporary, audio, rate, subtype="PCM_24", format="WAV")


def _save(preset: Preset, key: int, string: str, path: Path) -> str:
    """As a player does it: strike the key, paste the sound, save. It is the very sound, wherever the knobs stand."""
    import random

    from engine.controls import Controls

    controls = Controls(preset, random.Random())
    channel = max(0, int(preset.play.get("channel", 0)) - 1)
    controls.handle(bytes((0x90 | channel, key, 127)))
    told = controls.paste(string)
    controls.save(path)
    return told
