"""Builds the plugin's own test programs; what is built is kept from one run to the next, beside the plugin itself."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


@functools.cache
def build_program(program: str, sanitize: str = "") -> Path:
    """One of tests/bridge/plugin, with these sanitizers in our own sources. JUCE takes minutes, the first time."""
    folder = ROOT / "build" / ("plugin" + ("-" + sanitize.replace(",", "-") if sanitize else ""))
    configure = [_tool("cmake"), "-S", str(ROOT / "bridge" / "plugin"), "-B", str(folder), "-G", "Ninja"]
    configure += [f"-DCMAKE_MAKE_PROGRAM={_tool('ninja')}", "-DCMAKE_BUILD_TYPE=Release"]
    configure += ["-DPRODUCERGAN_PLUGIN_TESTS=ON", f"-DPRODUCERGAN_SANITIZE={sanitize}"]
    if cache := shutil.which("ccache"):
        configure += [f"-DCMAKE_{language}_COMPILER_LAUNCHER={cache}" for language in ("C", "CXX")]
    for command in (configure, [_tool("cmake"), "--build", str(folder), "--target", program]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "tests" / program


def _tool(name: str) -> str:
    """A build tool from beside this Python, where the dev extra puts it, or from the path."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is not installed"
    return found
