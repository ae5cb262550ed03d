"""The frame that every command line of the project shares: a table of commands, lazily imported, and honest exits."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import io
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

from engine.errors import UserError

OWN_PACKAGES = ("engine", "trainer", "bridge")
ABOVE_ZERO, LARGEST = math.ulp(0.0), sys.float_info.max  # for `number`: more than nothing, and finite
Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Command:
    """A row of a command table. `module` defines `configure(parser)` and `run(arguments)`; it imports nothing heavy."""

    name: str
    summary: str
    module: str


def run_commands(program: str, description: str, commands: Sequence[Command], argv: Sequence[str] | None = None) -> int:
    """Runs one command of the table and returns its exit status: 0, 2 on wrong use, 1 with a sentence on stderr."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may hold bytes that are no text, and a terminal may lack a character: neither ends a command.
        sys.stdout.reconfigure(errors="backslashreplace")
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog=program, description=description)
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = next((command for command in commands if command.name in arguments[:1]), None)
    for command in commands:
        child = subparsers.add_parser(command.name, help=command.summary, description=command.summary)
        if command is chosen:
            importlib.import_module(command.module).configure(child)
    parsed = parser.parse_args(arguments)
    assert chosen is not None
    with interruptible():
        return _run(program, chosen, parsed)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM ends what runs as Ctrl-C does, so that nothing half-written stays behind. [main-thread]"""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run(program: str, chosen: Command, parsed: argparse.Namespace) -> int:
    try:
        importlib.import_module(chosen.module).run(parsed)
        print(end="", flush=True)  # sys.stdout is None where the command was started with it closed
    except UserError as error:
        sentence = str(error)
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has seen enough. What is left of it goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except MemoryError:
        sentence = "There is not enough memory for this; close other programs, or do less at a time."
    except OSError as error:
        sentence = describe_os_error(error)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", *OWN_PACKAGES):
            raise
        extras = "[cpu,train]" if program == "trainer" else "[cpu]"
        sentence = (
            f"The Python package {package} is not installed; install ProducerGAN with '.{extras}' "
            "(gpu instead of cpu for an NVIDIA card)."
        )
    except KeyboardInterrupt:
        return 130
    else:
        return 0
    print(f"{program} {chosen.name}: {sentence}", file=sys.stderr)
    return 1


def number(kind: Callable[[str], Number], low: float, high: float, words: str) -> Callable[[str], Number]:
    """A `type` for argparse: a number from `low` to `high`. What is none is refused with the words "must be …"."""

    def parse(text: str) -> Number:
        with contextlib.suppress(ValueError):
            value = kind(text)
            if low <= value <= high:
                return value
        raise argparse.ArgumentTypeError(f"must be {words}, not {text!r}")

    return parse


SEED = number(int, 0, 2**63 - 1, "a whole number from 0 to 2^63 - 1")  # of a run or a search: PyTorch takes 63 bits


def describe_os_error(error: OSError) -> str:
    """One sentence for an error of the operating system."""
    place = f" ({error.filename})" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"The disk is full{place}; free some space and run the command again."
    return f"{error.strerror or error}{place}."


def print_json(value: object) -> None:
    """Prints the one JSON object of a `--json` command."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
