"""Audio outputs: a device of PortAudio's, JACK, or `null`. The callback that they run is native."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from engine import _native
from engine.errors import UserError
from engine.platform import enable_alsa_realtime, jack_client, jack_client_name, name_jack_client, portaudio

JACK_CLIENT = "ProducerGAN"
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

    latency: float  # seconds from the callback to the ear, as far as the system tells

    def alive(self) -> bool:
        """Whether the device still asks for audio."""

    def close(self) -> None:
        """Ends the sound; no callback runs afterwards."""


def choose(name: str | None, rate: int | None = None, block: int | None = None) -> Choice:
    """Finds the output that `--audio NAME` means: "jack", "null", a device's name or number; None for the default.

    Raises UserError if there is none of that name, or its rate cannot be had.
    """
    if rate is not None and not 8000 <= rate <= 768000:
        raise UserError(f"A sample rate of {rate} Hz cannot be played; choose one from 8000 to 768000.")
    if block is not None and not 1 <= block <= 8192:
        raise UserError(f"A block of {block} frames cannot be played; choose one from 1 to 8192.")
    if name == "null":
        return Choice("null", "null: everything works, nothing is heard", rate or NULL_RATE, block or DEFAULT_BLOCK)
    if name == "jack":
        return _choose_jack(rate, block)
    return _choose_device(name, rate, block)


def _choose_jack(rate: int | None, block: int | None) -> Choice:
    client = jack_client(f"{JACK_CLIENT}-probe")
    if client is None:
        raise UserError("There is no JACK server running; start one (or PipeWire's), or choose another --audio.")
    server_rate, server_block = client.samplerate, client.blocksize
    client.close()
    for asked, there, what in ((rate, server_rate, "Hz"), (block, server_block, "frames")):
        if asked not in (None, there):
            raise UserError(f"JACK runs at {there} {what}, not at {asked}; change it in JACK, or leave the option out.")
    name_jack_client(JACK_CLIENT)
    import sounddevice

    for api in sounddevice.query_hostapis():
        if api["name"] == JACK_API and api["default_output_device"] >= 0:
            return Choice("jack", "JACK", server_rate, server_block, api["default_output_device"])
    raise UserError("PortAudio does not see the JACK server; is PortAudio built with JACK on this machine?")


def _choose_device(name: str | None, rate: int | None, block: int | None) -> Choice:
    try:
        sounddevice = portaudio()
    except UserError as error:
        if name is not None:
            raise
        note = f"{error} Until then nothing will be heard; everything else works."
        return Choice("null", "null", rate or NULL_RATE, block or DEFAULT_BLOCK, note=note)
    devices = [device for device in sounddevice.query_devices() if device["max_output_channels"] >= 2]
    labels = {device["index"]: f"{device['name']} ({_api_name(device)})" for device in devices}
    if name is None:
        index = sounddevice.default.device[1]
        device = next((device for device in devices if device["index"] == index), devices[0] if devices else None)
        if device is None:
            note = "There is no sound card here, so nothing will be heard; everything else works."
            return Choice("null", "null", rate or NULL_RATE, block or DEFAULT_BLOCK, note=note)
    else:
        device = next((d for d in devices if str(d["index"]) == name), None)
        device = device or next((d for d in devices if name.lower() in labels[d["index"]].lower()), None)
        if device is None:
            there = ", ".join(f'"{label}"' for label in labels.values()) or "none with two outputs"
            raise UserError(
                f'There is no audio device "{name}"; there are: {there}; "jack" and "null" are possible too.'
            )
    if _api_name(device) == JACK_API:
        return _choose_jack(rate, block)
    chosen = rate or int(device["default_samplerate"])
    try:
        sounddevice.check_output_settings(device["index"], channels=2, dtype="float32", samplerate=chosen)
    except sounddevice.PortAudioError as error:
        raise UserError(f"{labels[device['index']]} does not play at {chosen} Hz: {error}.") from error
    return Choice("device", labels[device["index"]], chosen, block or DEFAULT_BLOCK, device["index"])


def open_output(choice: Choice, callback: _native.AudioCallback) -> Output:
    """Starts the output; from now on it runs the native callback. Raises UserError if the device refuses."""
    if choice.kind == "null":
        return _NullOutput(choice, callback)
    return _StreamOutput(choice, callback)


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
        import sounddevice

        self._callback = callback  # the stream holds only its address
        cast = sounddevice._ffi.cast
        try:
            # `_StreamBase` takes a C function as it is (rtmixer uses it so); `OutputStream` would wrap it in Python.
            self._stream: Any = sounddevice._StreamBase(
                kind="output",
                samplerate=choice.rate,
                blocksize=0 if choice.kind == "jack" else choice.block,
                device=choice.device,
                channels=2,
                dtype="float32",
                latency="low",
                callback=cast("PaStreamCallback *", _native.AudioCallback.function),
                userdata=cast("void *", callback.user_data),
            )
            if choice.kind == "device":
                enable_alsa_realtime(self._stream)
            self._stream.start()
        except sounddevice.PortAudioError as error:
            raise UserError(
                f"{choice.description} could not be opened: {error}; is another program using it?"
            ) from error
        self.latency = float(self._stream.latency)

    def alive(self) -> bool:
        return bool(self._stream.active)

    def close(self) -> None:
        self._stream.close(ignore_errors=True)


def client_name(choice: Choice) -> str:
    """The name under which the output stands in JACK."""
    return (jack_client_name() or JACK_CLIENT) if choice.kind == "jack" else JACK_CLIENT


def _api_name(device: dict[str, Any]) -> str:
    import sounddevice

    return str(sounddevice.query_hostapis(device["hostapi"])["name"])
