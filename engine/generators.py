"""Opens instruments, each once: whoever plays one plays the same model in memory."""

from __future__ import annotations

import os
import threading
from collections import deque
from pathlib import Path
from weakref import WeakValueDictionary

from engine.errors import UserError, reason
from engine.generator import Generator
from engine.instrument import Instrument

KEPT = 4  # instruments that stay open when nobody plays them any more, with their sessions


class Generators:
    """Instruments by file, and the generator of each by its digest. A generator stays open while anyone holds it.

    `provider` is the generators'. [thread-safe]: one opens at a time, and the others wait for it.
    """

    def __init__(self, provider: str = "auto") -> None:
        self.provider = provider
        self._lock = threading.Lock()
        self._open: WeakValueDictionary[str, Generator] = WeakValueDictionary()
        self._kept: deque[Generator] = deque(maxlen=KEPT)
        self._instruments: dict[tuple[str, int, int], Instrument] = {}

    def instrument(self, path: Path) -> Instrument:
        """What `Instrument.open` makes of the file, or made of it when it was opened before. Raises UserError."""
        with self._lock:
            try:
                there = os.stat(path)
            except (OSError, ValueError):  # ValueError: no name that a file could have
                return Instrument.open(path)  # which says what is wrong
            key = (str(path.absolute()), there.st_size, there.st_mtime_ns)
            if key not in self._instruments:
                self._forget()
                self._instruments[key] = Instrument.open(path)
            return self._instruments[key]

    def generator(self, instrument: Instrument) -> Generator:
        """The instrument's generator, warm. Raises UserError if it makes no sounds."""
        with self._lock:
            generator = self._open.get(instrument.digest)
            if generator is None:
                generator = Generator(instrument, self.provider)
                try:
                    generator.warm_up()
                except Exception as error:  # onnxruntime's exceptions have no common class of their own
                    raise UserError(
                        f"{instrument.path} makes no sounds on {generator.provider}: {reason(error)}"
                    ) from error
                self._open[instrument.digest] = generator
            if generator in self._kept:
                self._kept.remove(generator)
            self._kept.append(generator)
            return generator

    def _forget(self) -> None:
        """Lets go of the instruments that nobody plays."""
        self._instruments = {key: kept for key, kept in self._instruments.items() if kept.digest in self._open}
