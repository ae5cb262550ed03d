"""`engine` as a process, with what a live test needs: its output line by line, busy threads, its counters.

Run as a script it is the process itself: `engine_process.py [--busy N] [--report FILE] -- play …`.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

READY = "Ctrl-C ends."
READY_DEADLINE_S = 30.0
END_DEADLINE_S = 10.0


class EngineProcess:
    """A running `engine`. Used as a context it is ended by its own process id, however the test went."""

    def __init__(self, *arguments: str, environment: dict[str, str] | None = None, busy: int = 0) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._report = Path(self._folder.name) / "report.json"
        self.lines: list[str] = []
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._begin = time.monotonic()
        self.ready_seconds = 0.0
        script = [sys.executable, str(Path(__file__)), "--busy", str(busy), "--report", str(self._report), "--"]
        self.process = subprocess.Popen(
            [*script, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, text: str, deadline_s: float = READY_DEADLINE_S) -> str:
        """Waits for a further line with this text in it. Raises RuntimeError with all that was said."""
        end = time.monotonic() + deadline_s
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError(f"the engine did not say {text!r}, but:\n" + "\n".join(self.lines))
            if text in line:
                return line

    def wait_ready(self) -> EngineProcess:
        """Waits until it can be played, and notes how long that took."""
        self.wait_for(READY)
        self.ready_seconds = time.monotonic() - self._begin
        return self

    def interrupt(self) -> float:
        """Ctrl-C; returns how many seconds it then took to end."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(END_DEADLINE_S)
        return time.monotonic() - begin

    def report(self) -> dict[str, Any]:
        """The sampler's counters and what was generated, once it has ended well."""
        found: dict[str, Any] = json.loads(self._report.read_text())
        return found

    def close(self) -> None:
        """Ends it, if it has not ended yet."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(END_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._folder.cleanup()

    def __enter__(self) -> EngineProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._queue.put(self.lines[-1])
        self._queue.put(None)


def be_busy(count: int) -> None:
    """Starts threads of pure Python that never wait."""

    def work() -> None:
        number = 0
        while True:
            number = (number * 31 + 7) % 1000003

    for _ in range(count):
        threading.Thread(target=work, daemon=True).start()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("arguments", nargs="+")
    arguments = parser.parse_args()
    from engine import cli, live

    class Watched(live.Player):
        """Tells what it has counted when it ends."""

        def close(self) -> None:
            report = {**self.sampler.counters(), "generated": self.generated, "latency": self.latency}
            arguments.report.write_text(json.dumps(report))
            super().close()

    live.Player = Watched  # type: ignore[misc]
    be_busy(arguments.busy)
    status = cli.main(arguments.arguments)
    sys.stdout.flush()
    os._exit(status)  # busy threads never end


if __name__ == "__main__":
    _main()
