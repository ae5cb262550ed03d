"""Audio outputs: a device of PortAudio's, JACK, or `null`. The callback that they run is native."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Protocol

from engine import _native
from engine.errors import NotThereError, UserError
from engine.jack_output import JACK_CLIENT, JackOutput
from engine.platform import enable_alsa_realtime, jack_client, portaudio, restart_portaudio
from engine.pulse import Pulse

DEFAULT_BLOCK = 256
NULL_RATE = 48000
JACK_API = "JACK Audio Connection Kit"


@dataclass(frozen=True)
class Choice:
    """An output that was chosen but not opened yet."""

    kind: str  # "device", "jack" or "null"
    description: str
    rate: int  # Hz
    block: int  # frames
    device: int | None = None  # PortAudio's index
    note: str = ""  # what the user should know of the choice


class Output(Protocol):
    """An output that runs."""

    @property
    def latency(self) -> float:
        """Seconds from the callback to the ear, as far as the system tells."""

    def alive(self) -> bool:
        """Whether the device still asks for audio."""

    def close(self) -> None:
        """Ends the sound; no callback runs afterwards."""


def choose(name: str | None, rate: int | None = None, block: int | None = None) -> Choice:
    """Finds the output that `--audio NAME` means: "jack", "null", a device's name or number; None for the default.

    Raises NotThereError if there is none of that name, UserError if its rate cannot be had.
    """
    if rate is not None and not 8000 <= rate <= 768000:
        raise UserError(f"A sample rate of {rate} Hz cannot be played; choose one from 8000 to 768000.")
    if block is not None and not 1 <= block <= 8192:
        raise UserError(f"A block of {block} frames cannot be played; choose one from 1 to 8192.")
    if name is None:
        return _choose_default(rate, block)
    if name.lower() == "null":
        return Choice("null", "null: everything works, nothing is heard", rate or NULL_RATE, block or DEFAULT_BLOCK)
    return _choose_jack(rate, block) if name.lower() == "jack" else _choose_device(name, rate, block)


def choose_again(gone: Choice, name: str | None) -> Choice:
    """Finds an output that went, by the name that it was chosen by. No output may run.

    Raises NotThereError while it is away, UserError if it cannot be played at its former rate.
    """
    if gone.kind == "jack":
        found = _choose_jack(None, None)
        if found.rate != gone.rate:
            raise UserError(
                f"JACK is back at {found.rate} Hz, but the engine plays at {gone.rate}: let JACK run at {gone.rate} Hz "
                "again, or start the engine anew."
            )
        return found
    restart_portaudio()
    # A number may mean another device by now.
    found = choose(gone.description if name is not None and name.isdigit() else name, gone.rate, gone.block)
    if found.kind != gone.kind:
        raise NotThereError(f"{gone.description} is away.")
    return found


def _choose_jack(rate: int | None, block: int | None) -> Choice:
    client = jack_client(f"{JACK_CLIENT}-probe")
    if client is None:
        raise NotThereError("There is no JACK server running; start one (or PipeWire's), or choose another --audio.")
    server_rate, server_block = client.samplerate, client.blocksize
    client.close()
    for asked, there, what in ((rate, server_rate, "Hz"), (block, server_block, "frames")):
        if asked not in (None, there):
            raise UserError(f"JACK runs at {there} {what}, not at {asked}; change it in JACK, or leave the option out.")
    return Choice("jack", "JACK", server_rate, server_block)


def _choose_default(rate: int | None, block: int | None) -> Choice:
    """The system's own choice, else JACK, else `null`."""
    note = "There is no sound card here, so nothing will be heard; everything else works."
    devices = []
    try:
        devices = _devices(portaudio())
    except UserError as error:
        note = f"{error} Until then nothing will be heard; everything else works."
    if devices:
        index = portaudio().default.device[1]
        return _settle(next((device for device in devices if device["index"] == index), devices[0]), rate, block)
    with contextlib.suppress(NotThereError):
        return _choose_jack(rate, block)
    return Choice("null", "null", rate or NULL_RATE, block or DEFAULT_BLOCK, note=note)


def _choose_device(name: str, rate: int | None, block: int | None) -> Choice:
    devices = _devices(portaudio())
    device = next((device for device in devices if str(device["index"]) == name), None)
    device = device or next((device for device in devices if name.lower() in _label(device).lower()), None)
    if device is None:
        there = ", ".join(f'"{_label(device)}"' for device in devices) or "none with two outputs"
        raise NotThereError(
            f'There is no audio device "{name}"; there are: {there}; "jack" and "null" are possible too.'
        )
    return _settle(device, rate, block)


def _settle(device: dict[str, Any], rate: int | None, block: int | None) -> Choice:
    sounddevice = portaudio()
    chosen = rate or int(device["default_samplerate"])
    try:
        sounddevice.check_output_settings(device["index"], channels=2, dtype="float32", samplerate=chosen)
    except sounddevice.PortAudioError as error:
        raise UserError(f"{_label(device)} does not play at {chosen} Hz: {error}.") from error
    return Choice("device", _label(device), chosen, block or DEFAULT_BLOCK, device["index"])


def _devices(sounddevice: Any) -> list[dict[str, Any]]:
    """What can play two channels; PipeWire's JACK shows itself to PortAudio in spite of all, and is left to `jack`."""
    there = [device for device in sounddevice.query_devices() if device["max_output_channels"] >= 2]
    return [device for device in there if _api_name(device) != JACK_API]


def _label(device: dict[str, Any]) -> str:
    return f"{device['name']} ({_api_name(device)})"


def _api_name(device: dict[str, Any]) -> str:
    return str(portaudio().query_hostapis(device["hostapi"])["name"])


def open_output(choice: Choice, callback: _native.AudioCallback) -> Output:
    """Starts the output; from now on it runs the native callback. Raises UserError if the device refuses.

    Any output before it must be closed.
    """
    callback.restart_clock()
    if choice.kind == "null":
        return _NullOutput(choice, callback)
    return JackOutput(callback) if choice.kind == "jack" else _StreamOutput(choice, callback)


class _NullOutput:
    latency = 0.0

    def __init__(self, choice: Choice, callback: _native.AudioCallback) -> None:
        self._clock = _native.NullClock(callback, float(choice.rate), choice.block)
        self._clock.start()

    def alive(self) -> bool:
        return True

    def close(self) -> None:
        self._clock.stop()


class _StreamOutput:
    def __init__(self, choice: Choice, callback: _native.AudioCallback) -> None:
        sounddevice = portaudio()
        self._callback = callback  # the stream holds only its address
        cast = sounddevice._ffi.cast
        stream: Any = None
        try:
            # `_StreamBase` takes a C function as it is (rtmixer uses it so); `OutputStream` would wrap it in Python.
            stream = sounddevice._StreamBase(
                kind="output",
                samplerate=choice.rate,
                blocksize=choice.block,
                device=choice.device,
                channels=2,
                dtype="float32",
                latency="low",
                callback=cast("PaStreamCallback *", _native.AudioCallback.function),
                userdata=cast("void *", callback.user_data),
            )
            enable_alsa_realtime(stream)
            stream.start()
        except sounddevice.PortAudioError as error:
            if stream is not None:
                stream.close(ignore_errors=True)
            raise UserError(
                f"{choice.description} could not be opened: {error}; is another program using it?"
            ) from error
        self._stream = stream
        self.latency = float(stream.latency)
        self._pulse = Pulse(callback)

    def alive(self) -> bool:
        return bool(self._stream.active) and self._pulse.beats()

    def close(self) -> None:
        self._stream.close(ignore_errors=True)
