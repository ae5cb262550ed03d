"""The presets of a folder, by program number: opened beside play, in a thread of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from engine.clip_store import ClipStore
from engine.errors import UserError
from engine.generators import KEPT, Generators
from engine.preset import Preset


def presets_in(folder: Path) -> list[Path]:
    """The presets of a folder in the order of their names: program 0 is the first."""
    return sorted((path for path in folder.glob("*.toml") if path.is_file()), key=lambda path: path.name.lower())


class Programs:
    """Loads presets while another one plays. `load` is given each that was opened, with its instrument's clips.

    Of programs asked for while one is being opened only the newest is loaded. `say` is given a sentence where there is
    no such program or its preset is wrong; the old preset plays on.
    """

    def __init__(
        self,
        folder: Path | None,
        first: Preset,
        store: ClipStore,
        generators: Generators,
        load: Callable[[Preset, ClipStore], None],
        say: Callable[[str], None],
    ) -> None:
        self._folder = folder
        self._generators, self._load, self._say = generators, load, say
        self._stores = {first.opened.digest: store}  # in the order of their last use
        self._asked: Path | None = None
        self._number = -1
        self._running = True
        self._turn = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="programs", daemon=True)
        self._thread.start()

    def ask(self, number: int) -> None:
        """Loads the preset of a program number, from 0. [thread-safe]"""
        presets = presets_in(self._folder) if self._folder else []
        if number >= len(presets):
            there = f"there are {len(presets)}, from 1" if presets else "there is no folder of presets"
            self._say(f"There is no preset for program {number + 1}: {there}.")
            return
        self._number = number
        self.open(presets[number])

    def step(self, by: int) -> None:
        """Loads the next preset of the folder, or with −1 the one before. [thread-safe]"""
        presets = presets_in(self._folder) if self._folder else []
        self.ask((self._number + by) % max(1, len(presets)))

    def begin_at(self, path: Path) -> None:
        """Counts from this preset on. [thread-safe]"""
        presets = presets_in(self._folder) if self._folder else []
        self._number = next((i for i, other in enumerate(presets) if other.samefile(path)), -1)

    def open(self, path: Path) -> None:
        """Loads a preset's file. [thread-safe]"""
        with self._turn:
            self._asked = path
            self._turn.notify()

    def close(self) -> None:
        """Ends the thread, once what it is opening is open."""
        with self._turn:
            self._running = False
            self._turn.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._turn:
                while self._running and self._asked is None:
                    self._turn.wait()
                if not self._running:
                    return
                path, self._asked = self._asked, None
            assert path is not None
            try:
                preset = Preset.load(path, self._generators.instrument)
                store = self._store(preset)
            except UserError as error:
                self._say(f"The preset stays as it is: {error}")
                continue
            except Exception as error:  # what onnxruntime raises at its first run, out of memory among it
                self._say(f"The preset stays as it is: {path.name} cannot make sounds ({error}).")
                continue
            if self._asked is None:
                self._load(preset, store)
                self._say(f"Preset {preset.name}.")

    def _store(self, preset: Preset) -> ClipStore:
        instrument = preset.opened
        store = self._stores.pop(instrument.digest, None)
        if store is None:
            store = ClipStore(self._generators.generator(instrument))
        self._stores[instrument.digest] = store
        while len(self._stores) > KEPT:
            del self._stores[next(iter(self._stores))]
        return store
