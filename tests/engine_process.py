"""`engine` as a process, with what a live test needs: its output line by line, busy threads, its counters.

Run as a script it is the process itself: `engine_process.py [--busy N] [--soak SECONDS] -- play …`. Then SIGUSR1 makes
it print its counters, and SIGUSR2 strike notes at known times; with --soak it plays at random by itself.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

READY = "Ctrl-C ends."
READY_DEADLINE_S = 30.0
END_DEADLINE_S = 10.0
STRIKES = 120
STRIKE_GAP_NS = 25_000_000
STRIKE_AHEAD_NS = 1_500_000_000  # the engine's clock is back in step by then if JACK was late before


class EngineProcess:
    """A running `engine`. Used as a context it is ended by its own process id, however the test went."""

    def __init__(
        self, *arguments: str, environment: dict[str, str] | None = None, busy: int = 0, soak: float = 0.0
    ) -> None:
        self.lines: list[str] = []
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._begin = time.monotonic()
        self.ready_seconds = 0.0
        script = [sys.executable, str(Path(__file__)), "--busy", str(busy), "--soak", str(soak), "--"]
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

    def counters(self) -> dict[str, Any]:
        """The sampler's counters and the sounds generated, now."""
        self.process.send_signal(signal.SIGUSR1)
        found: dict[str, Any] = json.loads(self.wait_for("counters ").removeprefix("counters "))
        return found

    def strike(self) -> list[int]:
        """Pushes STRIKES notes into the engine's own ring, stamped ahead; returns the times in ns (`now_ns`)."""
        self.process.send_signal(signal.SIGUSR2)
        times: list[int] = json.loads(self.wait_for("strikes ").removeprefix("strikes "))
        return times

    def close(self) -> None:
        """Ends it, if it has not ended yet."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(END_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

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
    parser.add_argument("--soak", type=float, default=0.0)
    parser.add_argument("arguments", nargs="+")
    arguments = parser.parse_args()
    import random_player

    from engine import cli, live
    from engine._native import now_ns
    from engine.player import Player

    class Watched(Player):
        """A player that can be asked from outside."""

        def __init__(self, preset: Any, generator: Any, rings: Any, *rest: Any) -> None:
            super().__init__(preset, generator, rings, *rest)
            keys = preset.zones[0].keys

            def count(number: int, frame: object) -> None:
                print("counters", json.dumps({**self.sampler.counters(), "generated": self.generated}), flush=True)

            def strike(number: int, frame: object) -> None:
                draw = random.Random(1)
                begin = now_ns() + STRIKE_AHEAD_NS
                times = [begin + round((i + draw.random() / 2) * STRIKE_GAP_NS) for i in range(STRIKES)]
                for i, time_ns in enumerate(times):
                    rings[1].push(time_ns, bytes((0x90, keys[i % len(keys)], 127)), 0)
                print("strikes", json.dumps(times), flush=True)

            if arguments.soak:
                soaking = (self, rings[1], arguments.soak)
                threading.Thread(target=random_player.play, args=soaking, daemon=True).start()
            signal.signal(signal.SIGUSR1, count)
            signal.signal(signal.SIGUSR2, strike)

    setattr(live, "Player", Watched)  # noqa: B010  (its type is that of the module's own import)
    be_busy(arguments.busy)
    status = cli.main(arguments.arguments)
    sys.stdout.flush()
    os._exit(status)  # busy threads never end


if __name__ == "__main__":
    _main()
