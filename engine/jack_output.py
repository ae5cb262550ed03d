"""The engine's own client in JACK (or PipeWire). Its ports are filled by a native callback, without Python."""

from __future__ import annotations

import ctypes
from typing import Any

from engine import _native
from engine.errors import NotThereError, UserError
from engine.platform import jack_client
from engine.pulse import Pulse

JACK_CLIENT = "ProducerGAN"
PORT_NAMES = ("left", "right")
PLAYBACK_LATENCY = 1  # JackPlaybackLatency


class _LatencyRange(ctypes.Structure):
    _fields_ = (("min", ctypes.c_uint32), ("max", ctypes.c_uint32))  # frames


class JackOutput:
    """Plays into JACK from now on, and to the speakers until someone connects it elsewhere.

    `client_name` is the name that JACK gave the client: with a number if another engine has the plain one. Raises
    NotThereError if there is no server, UserError if it refuses. [main-thread]
    """

    def __init__(self, callback: _native.AudioCallback) -> None:
        client = jack_client(JACK_CLIENT)
        if client is None:
            raise NotThereError("The JACK server has gone; start it again, or choose another --audio.")
        import jack

        self._client = client
        self.client_name = str(client.name)
        self._rate = int(client.samplerate)
        try:
            self._ports = [client.outports.register(name) for name in PORT_NAMES]
            self._native = self._hand_over(callback)
            client.activate()
            self._pulse = Pulse(callback)
            speakers = client.get_ports(is_audio=True, is_input=True, is_physical=True)
            for port, speaker in zip(self._ports, speakers, strict=False):
                client.connect(port, speaker)
        except jack.JackError as error:
            client.close()
            raise UserError(f"JACK does not let the engine play: {error}.") from error

    @property
    def latency(self) -> float:
        """Seconds from the callback to the ear, as JACK counts them along the connections of the moment."""
        import jack

        library = ctypes.CDLL(jack._libname)  # the package leaves this function out
        found = _LatencyRange()
        for port in self._ports:
            address = ctypes.c_void_p(_address(port._ptr))
            library.jack_port_get_latency_range(address, PLAYBACK_LATENCY, ctypes.byref(found))
        return float(found.max / self._rate)

    def alive(self) -> bool:
        """Whether JACK still asks for audio."""
        return not self._native.ended and self._pulse.beats()

    def close(self) -> None:
        """Leaves JACK; no callback runs afterwards. Works without the server too."""
        self._client.close()

    def _hand_over(self, callback: _native.AudioCallback) -> _native.JackOutput:
        import jack

        library, cast, client = jack._lib, jack._ffi.cast, self._client._ptr
        get_buffer = _address(jack._ffi.addressof(library, "jack_port_get_buffer"))
        native = _native.JackOutput(callback, get_buffer, *(_address(port._ptr) for port in self._ports))
        itself = cast("void *", native.user_data)
        library.jack_set_process_callback(client, cast("JackProcessCallback", native.process), itself)
        library.jack_set_xrun_callback(client, cast("JackXRunCallback", native.xrun), itself)
        library.jack_on_info_shutdown(client, cast("JackInfoShutdownCallback", native.shut_down), itself)
        return native


def _address(pointer: Any) -> int:
    import jack

    return int(jack._ffi.cast("uintptr_t", pointer))
