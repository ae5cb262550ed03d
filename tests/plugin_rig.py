"""An engine that serves plugins in a runtime folder of its own, and what a host's process needs to find it, or none."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import TracebackType

from engine_process import EngineProcess
from tiny_instrument import write_tiny_instrument

SERVED = "Ctrl-C ends."
DEADLINE_S = 60.0
NOWHERE = "/nowhere/engine"  # no plugin of a test starts an engine that outlives it


def environment(runtime: Path, preset: Path | str = "") -> dict[str, str]:
    """What the plugin's process needs so that it looks for an engine in `runtime`, and starts none."""
    found = {"PRODUCERGAN_RUNTIME": str(runtime), "PRODUCERGAN_ENGINE": NOWHERE}
    return {**found, "PRODUCERGAN_PRESET": str(preset)} if preset else found


def alone(folder: Path) -> dict[str, str]:
    """What the plugin's process needs so that it finds no engine at all."""
    runtime = folder / "nobody"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return environment(runtime)


# What the bundled presets do not ask for all at once.
EVERYTHING = """
format = 1
name = "Everything"
instrument = "tiny.onnx"

[play]
polyphony = 12
bend_range = 7

[[zone]]
name = "fresh"
keys = "36-41"
source = "seeds"
seed = 5
siblings = 3
fresh = true
mode = "gated"
release = 0.05
choke = 2
filter = "low-pass"
filter_velocity = 1

[[zone]]
name = "layers"
keys = "48-55"
source = "seeds"
seed = 9
siblings = 2
layers = 2
velocity_to = "mutate"
mode = "loop"
attack = 0.01
release = 0.2

[[zone]]
name = "root"
keys = "60-72"
source = "chromatic"
seed = 3
root = 66
choke = 2

[[macro]]
id = 1
name = "Pitch"
position = 0.4
controller = 1
targets = [{ to = "direction:pitch", range = [-0.5, 0.5] }]

[[macro]]
id = 2
name = "Cutoff"
position = 0.6
controller = 20
targets = [{ to = "cutoff", range = [300, 9000], curve = "exponential" }, { to = "gain_db", range = [-12, 0] }]

[[macro]]
id = 3
name = "Mutate"
controller = 21
targets = [{ to = "mutate", range = [0, 0.6] }]
"""


def write_everything(folder: Path) -> Path:
    """A preset of the tiny instrument that asks for much at once."""
    write_tiny_instrument(folder / "tiny.onnx", frames=30000, channels=2)
    preset = folder / "everything.toml"
    preset.write_text(EVERYTHING)
    return preset


class ServingEngine:
    """`engine play --audio none`, or with other arguments, in a folder of its own; ended by its process id."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.runtime = folder / "run"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        self._arguments = arguments or ("--audio", "none")
        self.process: EngineProcess | None = None

    def environment(self, preset: Path | str = "") -> dict[str, str]:
        """For a host's process whose plugin shall use this engine."""
        return environment(self.runtime, preset)

    def start(self) -> None:
        """Starts it and waits until it serves."""
        self.process = EngineProcess(
            "play", *self._arguments, environment={**os.environ, "PRODUCERGAN_RUNTIME": str(self.runtime)}
        )
        self.process.wait_for(SERVED, DEADLINE_S)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.process.pid

    def kill(self) -> None:
        """Ends it without a word."""
        assert self.process is not None
        self.process.process.send_signal(signal.SIGKILL)
        self.process.process.wait()

    def __enter__(self) -> ServingEngine:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.process.close()
