"""A host that plays the plugin in a process of its own, and what the plugin says of itself meanwhile."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plugin_build import build_program

DEADLINE_S = 60.0
SERVED = ("ready", "rendering")


class LiveHost:
    """tests/bridge/plugin/host.cpp as a process. Used as a context it is ended however the test went."""

    def __init__(self, audio: Path, *arguments: object, **environment: object) -> None:
        self.statuses: list[dict[str, Any]] = []
        self.result: dict[str, Any] = {}
        self._audio = audio
        self._queue: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        surroundings = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
        self.process = subprocess.Popen(
            [str(build_program("host")), str(audio), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=surroundings | {name: str(value) for name, value in environment.items()},
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, *statuses: str, sentence: str = "", deadline_s: float = DEADLINE_S) -> dict[str, Any]:
        """The next status that is one of these and has this in its sentence. AssertionError with all that came."""
        end = time.monotonic() + deadline_s
        while True:
            try:
                status = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                status = None
            assert status is not None, f"the plugin did not say {statuses} {sentence!r}, but {self.statuses}"
            if status["status"] in statuses and sentence in status["sentence"]:
                return status

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def finish(self) -> NDArray[np.float32]:
        """Waits for its end; what was heard, [frames, 2]. Raises AssertionError if it did not end well."""
        assert self.process.wait(DEADLINE_S) == 0
        while self._queue.get(timeout=DEADLINE_S) is not None:
            pass
        return np.fromfile(self._audio, np.float32).reshape(-1, 2)

    def __enter__(self) -> LiveHost:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if "status" in said:
                self.statuses.append(said)
                self._queue.put(said)
            else:
                self.result = said
        self._queue.put(None)
