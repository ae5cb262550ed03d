"""The plugin and its test programs, built as `make plugin` builds it: once a test run, and only what has changed."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

from bridge.plugin_files import FORMATS, built

ROOT = Path(__file__).parent.parent
DEADLINE_S = 3600.0


@functools.cache
def build(*arguments: str) -> str:
    """Runs tools/build-plugin and returns what it said. Raises RuntimeError with the end of that if it failed."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        [ROOT / "tools/build-plugin", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_S,
        env={**os.environ, "PATH": path},
    )
    if done.returncode:
        raise RuntimeError(f"The plugin could not be built:\n{done.stdout[-8000:]}")
    return done.stdout


@functools.cache
def plugin(format_name: str) -> Path:
    """The built plugin in a format: "VST3" or "LV2"."""
    build()
    (wanted,) = (row for row in FORMATS if row.name == format_name)
    path = built(wanted)
    assert path is not None
    return path


def build_program(program: str, sanitizers: str = "") -> Path:
    """One of tests/bridge/plugin, with these sanitizers, for example "address,undefined", in our own sources."""
    return Path(build(program, *filter(None, [sanitizers])).splitlines()[-1])
