"""Plays the built plugin in hosts that are not ours: pedalboard, DawDreamer and minihost, each in a process of its own.

A host that goes down with the plugin so takes no test run along, and every run is that of a project opened anew. Run as
a script it is that process: it reads a JSON object with the steps from standard input and does them in order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]
Event = tuple[int, int, int, int]  # frame, then a MIDI message's three bytes
Change = tuple[int, int, float]  # frame, the parameter's place in the list, 0 … 1
MARK = "plugin-host: "  # what comes of it follows, on standard output
DEADLINE_S = 240.0
CHORD = range(36, 52)  # what is struck while time goes by
CHORD_SECONDS = 0.5  # between two; the bundled drums sound for 0.74 s


@dataclass
class Job:
    """Steps for one host process, given as they are called; `run` does them and returns what came of each."""

    host: str
    plugin: Path
    folder: Path  # for what is handed over
    rate: int = 48000
    block: int = 128
    environment: dict[str, str] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)

    def render(self, events: Sequence[Event], frames: int, changes: Sequence[Change] = (), **more: Any) -> Job:
        """Renders offline from the start: float32 [channels, frames]. `block`: of this render alone."""
        return self._add("render", events=list(events), frames=frames, changes=list(changes), **more)

    def set(self, index: int, value: float) -> Job:
        """Puts a parameter somewhere before what follows."""
        return self._add("set", index=index, value=value)

    def open(self, count: int) -> Job:
        """So many instances in all; what they play then follows one another in a render's channels."""
        return self._add("open", count=count)

    def wait(self, seconds: float) -> Job:
        """Chords are played for so long, not offline but as time goes by: the share of it that the blocks took."""
        return self._add("wait", seconds=seconds)

    def look(self, runtime: Path) -> Job:
        """What the engines there say of themselves, and the memory that the plugins take in this process, in bytes."""
        return self._add("look", runtime=str(runtime))

    def describe(self) -> Job:
        """What the host is told: parameters, latency, tail, outputs."""
        return self._add("describe")

    def save(self) -> Job:
        """The state: bytes, and the seconds it took."""
        return self._add("save")

    def load(self, state: bytes) -> Job:
        """Restores a state; the seconds it took."""
        path = self._path("state")
        path.write_bytes(state)
        return self._add("load", path=str(path))

    def run(self) -> list[Any]:
        """What the steps gave, in order. Raises RuntimeError with what the process said if it failed."""
        for number, step in enumerate(self.steps):
            step["out"] = str(self.folder / f"{self.host}-{number}-{time.monotonic_ns()}")
        job = {"host": self.host, "plugin": str(self.plugin), "rate": self.rate, "block": self.block}
        done = subprocess.run(
            [sys.executable, __file__],
            input=json.dumps({**job, "steps": self.steps}),
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            env={**os.environ, **self.environment},
        )
        lines = [line.removeprefix(MARK) for line in done.stdout.splitlines() if line.startswith(MARK)]
        if len(lines) != 1:  # a host may fail while it ends: what it did before counts
            raise RuntimeError(f"{self.host} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return [_read(step, given) for step, given in zip(self.steps, json.loads(lines[0]), strict=True)]

    def _add(self, what: str, **fields: Any) -> Job:
        self.steps.append({"do": what, **fields})
        return self

    def _path(self, name: str) -> Path:
        return self.folder / f"{self.host}-{len(self.steps)}-{time.monotonic_ns()}.{name}"


def _read(step: dict[str, Any], given: Any) -> Any:
    if step["do"] == "render":
        return np.load(step["out"] + ".npy")
    if step["do"] == "save":
        return Path(step["out"]).read_bytes(), given
    return given


# ---- in the process ----


class Host(Protocol):
    """What a host can do with the plugin."""

    def render(self, events: list[Event], frames: int, changes: list[Change], block: int) -> Audio: ...
    def set(self, index: int, value: float) -> None: ...
    def describe(self) -> dict[str, Any]: ...
    def save(self, path: Path) -> None: ...
    def load(self, path: Path) -> None: ...


class Pedalboard:
    """Spotify's; always offline, any block size, stereo."""

    def __init__(self, plugin: str, rate: int, block: int) -> None:
        import pedalboard

        self._plugin = pedalboard.load_plugin(plugin, initialization_timeout=0.1)
        self._rate = rate

    def render(self, events: list[Event], frames: int, changes: list[Change], block: int) -> Audio:
        assert not changes, "pedalboard automates nothing"
        # Seconds are cut to frames: a quarter of one keeps them from the frame before.
        midi = [(bytes(message), (frame + 0.25) / self._rate) for frame, *message in events]
        audio: Audio = self._plugin.process(
            midi, frames / self._rate, self._rate, num_channels=2, buffer_size=block, reset=True
        )
        return audio

    def set(self, index: int, value: float) -> None:
        list(self._plugin.parameters.values())[index].raw_value = value
        # It loses what is set while nothing is played.
        self._plugin.process([], 0.01, self._rate, num_channels=2, buffer_size=128, reset=False)

    def describe(self) -> dict[str, Any]:
        parameters = [parameter.name for parameter in self._plugin.parameters.values()]
        return {"parameters": parameters, "latency": self._plugin.reported_latency_samples}

    def save(self, path: Path) -> None:
        path.write_bytes(self._plugin.raw_state)

    def load(self, path: Path) -> None:
        self._plugin.raw_state = path.read_bytes()


class DawDreamer:
    """Renders a graph offline; its block size is the engine's for good."""

    def __init__(self, plugin: str, rate: int, block: int) -> None:
        import dawdreamer

        self._engine = dawdreamer.RenderEngine(rate, block)
        self._plugin = self._engine.make_plugin_processor("plugin", plugin)
        self._engine.load_graph([(self._plugin, [])])
        self._rate, self._block = rate, block

    def render(self, events: list[Event], frames: int, changes: list[Change], block: int) -> Audio:
        assert block == self._block
        assert not changes
        from midi_score import write_midi

        with tempfile.TemporaryDirectory() as folder:
            path = write_midi(Path(folder) / "events.mid", events, self._rate)
            self._plugin.load_midi(str(path), clear_previous=True, beats=False, all_events=True)
        self._engine.render(frames / self._rate)
        audio: Audio = self._engine.get_audio()
        return audio[:, :frames]

    def set(self, index: int, value: float) -> None:
        self._plugin.set_parameter(index, value)

    def describe(self) -> dict[str, Any]:
        rows = self._plugin.get_parameters_description()
        return {"parameters": [row["name"] for row in rows], "latency": self._plugin.get_latency_samples()}

    def save(self, path: Path) -> None:
        self._plugin.save_state(str(path))

    def load(self, path: Path) -> None:
        self._plugin.load_state(str(path))


class Minihost:
    """All buses, automation at exact frames, the offline flag, several instances."""

    def __init__(self, plugin: str, rate: int, block: int) -> None:
        import minihost

        self._minihost = minihost
        self.empty = resident("self")
        self._open = lambda: minihost.Plugin(plugin, float(rate), 8192, 0, 2)
        self._plugins = [self._open()]
        self._plugin = self._plugins[0]
        self._plugin.non_realtime = True
        self._rate, self._block = rate, block

    def render(self, events: list[Event], frames: int, changes: list[Change], block: int) -> Audio:
        for plugin in self._plugins:
            plugin.reset()
        pieces = []
        for start in range(0, frames, block):
            size = min(block, frames - start)
            midi = [(frame - start, *message) for frame, *message in events if start <= frame < start + size]
            moved = [(frame - start, index, value) for frame, index, value in changes if start <= frame < start + size]
            pieces.append(np.concatenate([self._process(plugin, size, midi, moved) for plugin in self._plugins]))
        return np.concatenate(pieces, axis=1)

    def open(self, count: int) -> None:
        while len(self._plugins) < count:
            self._plugins.append(self._open())
            self._plugins[-1].non_realtime = True

    def wait(self, seconds: float) -> float:
        for plugin in self._plugins:
            plugin.non_realtime = False
        busy, begin = 0.0, time.monotonic()
        chord_blocks = round(CHORD_SECONDS * self._rate / self._block)
        for number in range(round(seconds * self._rate / self._block)):
            before = time.thread_time()
            for plugin in self._plugins:
                chord = [(0, 0x90, key, 100) for key in CHORD] if number % chord_blocks == 0 else []
                self._process(plugin, self._block, chord, [])
            busy += time.thread_time() - before
            time.sleep(max(0.0, begin + (number + 1) * self._block / self._rate - time.monotonic()))
        for plugin in self._plugins:
            plugin.non_realtime = True
        return busy / seconds

    def _process(self, plugin: Any, size: int, midi: list[Any], moved: list[Any]) -> Audio:
        out = self._minihost.AudioBuffer(plugin.num_output_channels, size)
        plugin.process_auto(self._minihost.AudioBuffer(0, size), out, midi, moved)
        audio: Audio = out.as_ndarray().copy()
        return audio

    def set(self, index: int, value: float) -> None:
        self._plugin.set_param(index, value)

    def describe(self) -> dict[str, Any]:
        rows = [self._plugin.get_param_info(index) for index in range(self._plugin.num_params)]
        return {
            "parameters": [row["name"] for row in rows],
            "ids": [int(row["id"]) for row in rows],
            "latency": self._plugin.latency_samples,
            "tail": self._plugin.tail_seconds,
            "outputs": self._plugin.num_output_buses,
            "programs": self._plugin.num_programs,
        }

    def save(self, path: Path) -> None:
        path.write_bytes(self._plugin.get_state())

    def load(self, path: Path) -> None:
        self._plugin.set_state(path.read_bytes())


HOSTS: dict[str, type[Pedalboard | DawDreamer | Minihost]] = {
    "pedalboard": Pedalboard,
    "dawdreamer": DawDreamer,
    "minihost": Minihost,
}


def _look(runtime: Path, host: Minihost) -> dict[str, Any]:
    from bridge.link import engines_status

    return {"memory": resident("self") - host.empty, "engines": engines_status(runtime)}


def resident(pid: int | str) -> int:
    """The memory of a process in bytes."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _main() -> None:
    job = json.load(sys.stdin)
    begin = time.monotonic()
    host: Host = HOSTS[job["host"]](job["plugin"], job["rate"], job["block"])
    given: list[Any] = []
    for step in job["steps"]:
        begin = time.monotonic()
        out = step["out"]
        match step["do"]:
            case "render":
                block = step.get("block", job["block"])
                np.save(out + ".npy", host.render(step["events"], step["frames"], step["changes"], block))
            case "set":
                host.set(step["index"], step["value"])
            case "describe":
                given.append(host.describe())
                continue
            case "open":
                assert isinstance(host, Minihost)
                host.open(step["count"])
            case "wait":
                assert isinstance(host, Minihost)
                given.append(host.wait(step["seconds"]))
                continue
            case "look":
                assert isinstance(host, Minihost)
                given.append(_look(Path(step["runtime"]), host))
                continue
            case "save":
                host.save(Path(out))
            case "load":
                host.load(Path(step["path"]))
        given.append(time.monotonic() - begin)
    print(MARK + json.dumps(given), flush=True)


if __name__ == "__main__":
    _main()
