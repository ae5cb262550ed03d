"""The audio output that was chosen, or `null` in its place while it is away."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine import _native, audio
from engine.errors import NotThereError, UserError
from engine.jack_output import JackOutput

RETRY_SECONDS = {"jack": 1.0, "device": 2.0}  # a device is looked for by starting PortAudio anew, which takes a while


class SteadyOutput:
    """Opens `choice`, plays on unheard while it is away, and plays there again when it is back.

    The callback runs all the while, so that sounding notes, knobs and a recording go on. `name` is what `choice` was
    chosen by, and `clock` gives seconds and spaces the attempts. Raises UserError if the output cannot be opened at
    first. [main-thread]
    """

    def __init__(
        self,
        choice: audio.Choice,
        name: str | None,
        callback: _native.AudioCallback,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._choice, self._name, self._callback, self._clock = choice, name, callback, clock
        self._first_block = choice.block  # what events' latency was reckoned from
        self._output = audio.open_output(choice, callback)
        self._next_try: float | None = None  # None while the output is there
        self._said: set[str] = set()  # why it could not come back, in the present absence

    @property
    def latency(self) -> float:
        """Seconds from the callback to the ear."""
        return self._output.latency

    @property
    def jack_name(self) -> str | None:
        """Our name in JACK; None while nothing is played there."""
        return self._output.client_name if isinstance(self._output, JackOutput) else None

    def step(self) -> list[str]:
        """Notices that the output goes or returns; returns what is new, as sentences for the user.

        Call some twenty times a second.
        """
        if self._next_try is None:
            return [] if self._output.alive() else self._leave()
        if self._clock() < self._next_try:
            return []
        return self._come_back()

    def close(self) -> None:
        """Ends the sound; no callback runs afterwards."""
        self._output.close()

    def _leave(self) -> list[str]:
        self._output.close()
        self._play_unheard()
        what = self._choice.description
        return [f"{what} has gone: the engine goes on, unheard, and plays there again when it is back."]

    def _come_back(self) -> list[str]:
        try:
            found = audio.choose_again(self._choice, self._name)
            self._output.close()
            try:
                self._output = audio.open_output(found, self._callback)
            except UserError:
                self._play_unheard()
                raise
        except UserError as error:
            self._next_try = self._clock() + RETRY_SECONDS[self._choice.kind]
            sentence = str(error)
            if isinstance(error, NotThereError) or sentence in self._said:
                return []
            self._said.add(sentence)
            return [sentence]
        self._next_try = None
        self._said.clear()
        self._choice = found
        if found.block > self._first_block:
            return [
                f"{found.description} is back with blocks of {found.block} frames: notes may come late; start the "
                "engine again to take up its new latency."
            ]
        return [f"{found.description} is back: what you play is heard again."]

    def _play_unheard(self) -> None:
        silence = audio.Choice("null", "null", self._choice.rate, self._choice.block)
        self._output = audio.open_output(silence, self._callback)
        self._next_try = self._clock() + RETRY_SECONDS[self._choice.kind]
