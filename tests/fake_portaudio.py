"""A `sounddevice` that is made up: devices are plugged in and out, and no sound is played."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class PortAudioError(Exception):
    pass


class FakePortAudio:
    """A `sounddevice` whose devices are plugged in and out, and which sees what has come only when begun anew."""

    PortAudioError = PortAudioError
    _libname = None
    _ffi = SimpleNamespace(cast=lambda kind, value: value)

    def __init__(self) -> None:
        self.plugged = {"Speakers": [44100, 48000], "Interface": [44100, 48000]}
        self.busy = ""  # "open" or "start": what a device refuses to do
        self.streams: list[Any] = []
        self._initialized = 0
        self._initialize()
        fake = self

        class Stream:
            latency = 0.004
            _ptr = 0

            def __init__(self, device: int, samplerate: int, **rest: object) -> None:
                if fake.busy == "open":
                    raise PortAudioError("Device unavailable")
                self.name, self.rate, self.open = fake.query_devices()[device]["name"], samplerate, True
                fake.streams.append(self)

            def start(self) -> None:
                if fake.busy == "start":
                    raise PortAudioError("Device unavailable")

            @property
            def active(self) -> bool:
                return self.open and self.name in fake.plugged

            def close(self, ignore_errors: bool) -> None:
                self.open = False

        self._StreamBase = Stream

    @property
    def default(self) -> Any:
        return SimpleNamespace(device=(-1, 0 if self._seen else -1))

    def _initialize(self) -> None:
        self._initialized += 1
        self._seen = dict(self.plugged)

    def _terminate(self) -> None:
        assert not any(stream.open for stream in self.streams), "PortAudio was ended under a stream"
        self._initialized -= 1

    def unplug_all(self) -> None:
        """As if there had never been a device."""
        self.plugged, self._seen = {}, {}

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": name, "index": i, "hostapi": 0, "max_output_channels": 2, "default_samplerate": 48000.0}
            for i, name in enumerate(self._seen)
        ]

    def query_hostapis(self, index: int) -> dict[str, Any]:
        return {"name": "Cards"}

    def check_output_settings(self, device: int, samplerate: int, **rest: object) -> None:
        if samplerate not in self._seen[self.query_devices()[device]["name"]]:
            raise PortAudioError("Invalid sample rate")
