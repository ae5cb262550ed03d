"""`engine render`: renders a MIDI file to a WAV file."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.command import print_json
from engine.data import DEFAULT_PRESET


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the command's arguments."""
    parser.add_argument("midi", metavar="MIDI", type=Path, help="a Standard MIDI File")
    parser.add_argument(
        "preset",
        metavar="PRESET|FILE.onnx",
        nargs="?",
        default=DEFAULT_PRESET,
        help="what plays it; the bundled drums unless said",
    )
    parser.add_argument("-o", "--output", metavar="OUT.wav", type=Path, required=True, help="the WAV file to write")
    parser.add_argument("--rate", metavar="HZ", type=int, default=48000, help="sample rate (48000)")
    parser.add_argument("--block", metavar="FRAMES", type=int, default=512, help="frames rendered at a time (512)")
    parser.add_argument(
        "--tail", metavar="SECONDS", type=float, default=3.0, help="how long it goes on after the last event (3)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Renders and says what was written."""
    import io
    import time

    import soundfile

    from engine.errors import UserError
    from engine.files import replacing
    from engine.keys import format_keys
    from engine.offline import render
    from engine.preset import Preset

    if arguments.output.suffix.lower() != ".wav":
        raise UserError(f"The output must end in .wav, so it cannot be {arguments.output}.")
    begin = time.monotonic()
    with replacing(arguments.output) as temporary:
        preset = Preset.open(arguments.preset)
        audio = render(arguments.midi, preset, arguments.rate, arguments.block, arguments.tail)
        # By way of memory: libsndfile does not say why it could not write a file.
        encoded = io.BytesIO()
        soundfile.write(encoded, audio, arguments.rate, format="WAV", subtype="PCM_24")
        temporary.write_bytes(encoded.getbuffer())
    seconds = len(audio) / arguments.rate
    taken = time.monotonic() - begin
    peak = float(max(audio.max(initial=0.0), -audio.min(initial=0.0)))  # no copy of what may be hours
    if arguments.json:
        print_json(
            {
                "output": str(arguments.output),
                "preset": preset.name,
                "rate": arguments.rate,
                "seconds": seconds,
                "peak": peak,
                "taken_seconds": taken,
                "times_real_time": seconds / taken,
            }
        )
        return
    speed = f"{taken:.1f} s ({seconds / taken:.0f} × real time)"
    print(f"{arguments.output}: {seconds:.1f} s, peak {peak:.2f}, rendered in {speed}.")
    if peak == 0:
        keys = format_keys(sorted({key for zone in preset.zones for key in zone.keys}))
        print(f"Nothing sounds: no note of the song meets a key of the preset ({keys}), or its instrument is silent.")
    if peak > 1:
        print(
            "The audio is louder than a WAV file holds and was cut off; lower master_gain_db or switch the limiter on."
        )
