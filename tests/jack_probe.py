"""A JACK client in a process of its own that stands in for keyboard and DAW, exact to the frame.

Its MIDI output writes events and its audio inputs are recorded in one and the same process callback, so that the
distance from an event to its onset is known in JACK frames, whatever the load on the rest of the machine.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

ENGINE_MIDI = "ProducerGAN-MIDI:ProducerGAN"
CONNECT_DEADLINE_S = 15.0
CHANNELS = 2

Event = tuple[int, bytes]  # frame from the beginning of the take, message


@dataclass
class Take:
    """What was recorded while the events were sent."""

    audio: NDArray[np.float32]  # [frames, 2]
    xruns: int  # as JACK told this client
    missed: int  # frames of JACK's clock in which this client was not called
    cycle_ns: NDArray[np.int64]  # when JACK's cycles began that were recorded, on the clock of `engine._native.now_ns`
    period: int  # frames of a cycle

    def time_ns(self, frame: int) -> float:
        """When a frame of the take was played."""
        begins = np.arange(len(self.cycle_ns)) * self.period
        return float(np.interp(frame, begins, self.cycle_ns))


class Probe:
    """The controlling end, in the test's process. `name` is the JACK client's; its ports: keys, in_1, in_2."""

    def __init__(self, name: str = "Keyboard", environment: dict[str, str] | None = None) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self._answer()

    def wait_connected(self, audio: bool = True, midi: bool = True) -> None:
        """Waits until the engine has connected itself to this client's ports. Raises RuntimeError if it does not."""
        self._ask(do="wait", audio=audio, midi=midi)
        if not self._answer()["connected"]:
            raise RuntimeError(f"the engine did not connect itself to {self.name}")

    def begin(self, events: Sequence[Event], frames: int) -> None:
        """Sends the events and records `frames` frames from now on; `finish` waits for the end."""
        self._ask(do="take", events=[(frame, list(message)) for frame, message in sorted(events)], frames=frames)

    def finish(self) -> Take:
        """What `begin` began, when it is complete."""
        answer = self._answer()
        path = Path(answer["file"])
        with np.load(path) as recorded:
            audio, cycle_ns = recorded["audio"], recorded["cycle_ns"]
        path.unlink()
        return Take(audio, answer["xruns"], answer["missed"], cycle_ns, answer["period"])

    def take(self, events: Sequence[Event], frames: int) -> Take:
        """Both at once."""
        self.begin(events, frames)
        return self.finish()

    def undisturbed(self, events: Sequence[Event], frames: int, tries: int = 5) -> Take:
        """A take during which the JACK server itself was on time, if the machine lets it be: the last of `tries` else.

        A machine that is busy with other things holds up the server too, and then frames are missing on both sides.
        """
        for _ in range(tries):
            taken = self.take(events, frames)
            if not taken.xruns and not taken.missed:
                break
        return taken

    def close(self) -> None:
        """Ends the client as a program that quits does."""
        if self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def __enter__(self) -> Probe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, **question: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the JACK client {self.name} has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


class _Client:
    """The process's end."""

    def __init__(self, name: str) -> None:
        import jack

        self._client = jack.Client(name, no_start_server=True, use_exact_name=True)
        self._library = ctypes.CDLL("libjack.so.0")  # the package leaves this function out
        self._library.jack_get_time.restype = self._library.jack_frames_to_time.restype = ctypes.c_uint64
        self._library.jack_frames_to_time.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
        self._pointer = int(jack._ffi.cast("uintptr_t", self._client._ptr))
        self._keys = self._client.midi_outports.register("keys")
        self._inputs = [self._client.inports.register(f"in_{i + 1}") for i in range(CHANNELS)]
        self._events: list[Event] = []
        self._audio = np.zeros((CHANNELS, 0), np.float32)
        self._position = self._end = self._next = 0
        self._cycle_us = np.zeros(0, np.int64)
        self._clock: int | None = None
        self._missed = self._xruns = 0
        self._client.set_process_callback(self._process)
        self._client.set_xrun_callback(self._xrun)
        self._client.activate()

    def _process(self, frames: int) -> None:
        self._keys.clear_buffer()
        position = self._position
        if position >= self._end:
            return
        now = self._client.last_frame_time
        if self._clock is not None:
            gap = (now - self._clock + 2**31) % 2**32 - 2**31
            self._missed += gap if gap >= frames else 0
        self._clock = now + frames
        self._cycle_us[position // frames] = self._library.jack_frames_to_time(self._pointer, now)
        count = min(frames, self._end - position)
        while self._next < len(self._events) and self._events[self._next][0] < position + count:
            frame, message = self._events[self._next]
            self._keys.write_midi_event(frame - position, message)
            self._next += 1
        for channel, port in enumerate(self._inputs):
            self._audio[channel, position : position + count] = port.get_array()[:count]
        self._position = position + count

    def _xrun(self, delayed_usecs: float) -> None:
        self._xruns += 1

    def take(self, events: list[Event], frames: int) -> dict[str, Any]:
        self._events = events
        self._audio = np.zeros((CHANNELS, frames), np.float32)
        self._cycle_us = np.zeros(frames // self._client.blocksize + 1, np.int64)
        self._audio.fill(0)  # so that every page is there before the callback writes to it
        self._next = self._missed = self._xruns = 0
        self._clock = None
        self._end, self._position = 0, 0
        self._end = frames
        seconds = frames / self._client.samplerate
        deadline = time.monotonic() + 10 + 2 * seconds
        # Looking every few milliseconds, this thread of ordinary priority would hold the interpreter now and then while
        # busy threads elsewhere keep it from its core, and JACK's thread would be late for it.
        time.sleep(seconds)
        while self._position < frames:
            if time.monotonic() > deadline:  # JACK has stopped calling: the rest is silent, and counted
                self._missed += frames - self._position
                break
            time.sleep(0.005)
        period = self._client.blocksize
        with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as file:
            # JACK's clock is another one than the engine's.
            ahead = time.monotonic_ns() - self._library.jack_get_time() * 1000
            cycles = self._cycle_us[: -(-frames // period)] * 1000 + ahead
            np.savez(file, audio=np.ascontiguousarray(self._audio.T), cycle_ns=cycles)
        return {"file": file.name, "xruns": self._xruns, "missed": self._missed, "period": period}

    def wait(self, audio: bool, midi: bool) -> bool:
        end = time.monotonic() + CONNECT_DEADLINE_S
        while time.monotonic() < end:
            heard = not audio or all(self._client.get_all_connections(port) for port in self._inputs)
            listens = [port.name for port in self._client.get_all_connections(self._keys)]
            if heard and (not midi or ENGINE_MIDI in listens):
                return True
            time.sleep(0.01)
        return False

    def close(self) -> None:
        self._client.close()


def _main() -> None:
    client = _Client(sys.argv[1])
    gc.freeze()
    gc.disable()
    print("{}", flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        if question["do"] == "take":
            events = [(frame, bytes(message)) for frame, message in question["events"]]
            answer: dict[str, Any] = client.take(events, question["frames"])
        else:
            answer = {"connected": client.wait(question["audio"], question["midi"])}
        print(json.dumps(answer), flush=True)
    client.close()


if __name__ == "__main__":
    _main()
