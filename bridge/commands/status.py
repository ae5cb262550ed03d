"""`bridge status`: what is connected to what."""

from __future__ import annotations

import argparse
from typing import Any

from engine.command import print_json


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the options."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Prints the engine's ports on the JACK server and their connections, and the engines with their plugins."""
    from bridge.jack import jack_status
    from bridge.link import engines_status

    if arguments.json:
        print_json({**jack_status(), "engines": engines_status()})
        return
    _print_jack(jack_status())
    _print_engines(engines_status())


def _print_jack(status: dict[str, Any]) -> None:
    if not status["jack"]:
        print("No JACK (or PipeWire) server is running, so nothing is connected through JACK.")
        return
    print(f"JACK runs at {status['rate']} Hz, {status['block']} frames a block.")
    if not status["ports"]:
        print("The engine has no ports there; start it with: engine play --audio jack")
    for port in status["ports"]:
        arrow = "→" if port["direction"] == "output" else "←"
        print(f"{port['name']} ({port['kind']}) {arrow} {', '.join(port['connections']) or 'nothing'}")


def _print_engines(engines: list[dict[str, Any]]) -> None:
    if not engines:
        print("No engine is running that plugins could connect to; a plugin starts one when it needs it.")
    for engine in engines:
        if "problem" in engine:
            print(f"Engine {engine['pid']} does not answer ({engine['problem']}).")
            continue
        played = _shown(engine["preset"])
        playing = f"plays {played} on {engine['audio']}" if played else "only serves plugins"
        print(f"Engine {engine['pid']} {playing}; {len(engine['clients']) or 'nobody'} connected.")
        for client in engine["clients"]:
            waits = f", waits for {client['pending']} sounds" if client["pending"] else ""
            name, preset = _shown(client["client"]), _shown(client["preset"])
            print(f"  {name} ({client['pid']}): {preset or 'no preset yet'}{waits}")


def _shown(text: str) -> str:
    """What a client calls something, without what a terminal would act on."""
    return "".join(character if character.isprintable() else "?" for character in text)
