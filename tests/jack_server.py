"""A JACK server without a sound card, for tests and benchmarks: `jackd` with its dummy driver."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

START_DEADLINE_S = 15.0
_numbers = itertools.count()


@dataclass
class JackServer:
    """One dummy server under a name of its own; `environment` is what its clients in other processes need."""

    rate: int = 48000
    period: int = 128
    realtime: bool = False
    name: str = field(default_factory=lambda: f"producergan-{os.getpid()}-{next(_numbers)}")
    _process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """A copy of this process's environment in which JACK clients find this server and start no other."""
        return {**os.environ, "JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts the server and waits until a client can reach it. Raises RuntimeError with what jackd printed."""
        scheduling = ["-R"] if self.realtime else ["-r"]
        log = Path(tempfile.gettempdir()) / f"{self.name}.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["jackd", "-n", self.name, *scheduling, "-d", "dummy", "-r", str(self.rate), "-p", str(self.period)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment,
            )
        deadline = time.monotonic() + START_DEADLINE_S
        try:
            while not self._reachable():
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"jackd did not start:\n{log.read_text(errors='replace')}")
                time.sleep(0.02)
        finally:
            log.unlink(missing_ok=True)

    def stop(self) -> None:
        """Ends the server, by its process id."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def ports(self) -> list[str]:
        """The names of all ports, asked from outside."""
        return self._lsp().stdout.split("\n")[:-1]

    def connections(self) -> dict[str, list[str]]:
        """Every port with the ports that it is connected to, asked from outside."""
        found: dict[str, list[str]] = {}
        port = ""
        for line in self._lsp("-c").stdout.splitlines():
            if line.startswith("   "):
                found[port].append(line.strip())
            else:
                port = line
                found[port] = []
        return found

    def _reachable(self) -> bool:
        return self._lsp().returncode == 0

    def _lsp(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["jack_lsp", "-s", self.name, *options], env=self.environment, capture_output=True, text=True, timeout=10
        )


def available() -> bool:
    """Whether this machine has jackd and its tools."""
    return shutil.which("jackd") is not None and shutil.which("jack_lsp") is not None


@contextlib.contextmanager
def running(rate: int = 48000, period: int = 128, realtime: bool = False) -> Iterator[JackServer]:
    """A running server that JACK clients of this process and of its children find by themselves.

    Use it as `with jack_server.running() as server:`, in a fixture too.
    """
    server = JackServer(rate, period, realtime)
    names = ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER")
    before = {name: os.environ.get(name) for name in names}
    server.start()
    os.environ.update({name: server.environment[name] for name in names})
    try:
        yield server
    finally:
        server.stop()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
