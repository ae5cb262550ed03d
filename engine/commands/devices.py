"""`engine devices`: the audio devices and MIDI inputs that `--audio` and `--midi` choose from."""

from __future__ import annotations

import argparse
from typing import Any

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Prints the audio outputs by host API and the MIDI inputs by system."""
    found = {"audio": audio_outputs(), "midi": midi_inputs()}
    if arguments.json:
        print_json(found)
        return
    print("Audio outputs (for --audio):")
    if not any(api["devices"] for api in found["audio"]):
        print("  No sound card was found. The engine still runs, unheard, with --audio null.")
    for api in found["audio"]:
        for device in api["devices"]:
            star = "*" if device["default"] else " "
            print(
                f" {star} {device['name']}  [{api['name']}] {device['channels']} channels, {device['rate']:g} Hz, "
                f"latency {device['latency_ms']:.1f} ms"
            )
    print("MIDI inputs (for --midi):")
    if not any(api["inputs"] for api in found["midi"]):
        print("  No MIDI input was found. Connect a keyboard: the engine opens it when it appears.")
    for api in found["midi"]:
        for name in api["inputs"]:
            print(f"   {name}  [{api['name']}]")


def audio_outputs() -> list[dict[str, Any]]:
    """Each host API with its output devices, and JACK. Raises UserError if PortAudio is missing."""
    from engine.audio import JACK_API
    from engine.platform import portaudio

    sounddevice = portaudio()
    devices = sounddevice.query_devices()
    found = [
        {
            "name": api["name"],
            "devices": [
                {
                    "name": devices[index]["name"],
                    "channels": devices[index]["max_output_channels"],
                    "rate": devices[index]["default_samplerate"],
                    "latency_ms": 1000 * devices[index]["default_low_output_latency"],
                    "default": index == api["default_output_device"],
                }
                for index in api["devices"]
                if devices[index]["max_output_channels"] > 0
            ],
        }
        for api in sounddevice.query_hostapis()
        if api["name"] != JACK_API
    ]
    return [*found, *_jack_output()]


def _jack_output() -> list[dict[str, Any]]:
    """JACK, which the engine plays into without PortAudio, in the same form; nothing if no server runs."""
    from engine.audio import JACK_API
    from engine.platform import jack_client

    client = jack_client("ProducerGAN-list")
    if client is None:
        return []
    rate, block = client.samplerate, client.blocksize
    client.close()
    row = {"name": "jack", "channels": 2, "rate": float(rate), "latency_ms": 1000 * block / rate, "default": True}
    return [{"name": JACK_API, "devices": [row]}]


def midi_inputs() -> list[dict[str, Any]]:
    """Each MIDI system that is there with the names of its inputs."""
    from engine.midi import API_LABELS, SYSTEM_API, input_names, jack_answers

    apis = [SYSTEM_API, *(["jack"] if jack_answers() else [])]
    return [{"name": API_LABELS[api], "inputs": input_names(api)} for api in apis]
