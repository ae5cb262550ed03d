"""`bridge status`: what is connected to what."""

from __future__ import annotations

import argparse

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Prints the engine's ports on the JACK server and their connections."""
    from bridge.jack import jack_status

    status = jack_status()
    if arguments.json:
        print_json(status)
        return
    if not status["jack"]:
        print("No JACK (or PipeWire) server is running, so nothing is connected through JACK.")
        return
    print(f"JACK runs at {status['rate']} Hz, {status['block']} frames a block.")
    if not status["ports"]:
        print("The engine has no ports there; start it with: engine play --audio jack")
    for port in status["ports"]:
        arrow = "→" if port["direction"] == "output" else "←"
        print(f"{port['name']} ({port['kind']}) {arrow} {', '.join(port['connections']) or 'nothing'}")
