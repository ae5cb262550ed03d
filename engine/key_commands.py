"""What single keys of the terminal do while the engine plays: one table, from which the help line comes too."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.controls import Controls
from engine.errors import UserError
from engine.keys import key_name
from engine.learn import Learn
from engine.macro import MACROS, source_name
from engine.player import Player
from engine.programs import Programs
from engine.sound_string import SoundString

ENTER, ESCAPE, BACKSPACE = ("\r", "\n"), "\x1b", ("\x7f", "\b")
LONGEST_LINE = 1 << 16  # a sound string of a thousand numbers is a tenth of it


class Kept(Protocol):
    """The player's favourite sounds (`engine.favourites`)."""

    def of(self, digest: str) -> list[SoundString]:
        """Those of an instrument, the oldest first."""

    def add(self, string: SoundString) -> bool:
        """Keeps another one; False if it is there already."""


@dataclass(frozen=True)
class KeyCommand:
    """A row of the table."""

    key: str
    label: str
    run: Callable[[KeyCommands], None]


class KeyCommands:
    """Takes keys one at a time. `say` is given sentences; `find` gives the sound string nearest to a file's sound,
    which takes a while: `spawn` runs it beside."""

    def __init__(
        self,
        player: Player,
        programs: Programs,
        kept: Kept,
        save_as: Path | None,
        say: Callable[[str], None],
        find: Callable[[Path], SoundString],
        spawn: Callable[[Callable[[], None]], None] = lambda work: _in_background(work),
    ) -> None:
        self._player, self._programs, self._kept, self._say, self._find = player, programs, kept, say, find
        self._spawn = spawn
        self._save_as: Path | None = save_as
        self._saves_for = player.controls  # another preset is saved under another name
        self._typed: str | None = None  # what is being typed, while something is
        self._choosing = False  # of a macro to learn for
        self._learning = False
        self._favourite = -1

    def press(self, key: str) -> bool:
        """Does what a key is for; False for the one that ends the engine."""
        if self._typed is not None:
            self._type(key)
        elif self._choosing:
            self._choose(key)
        elif self._learning:
            self._learn(key)
        elif key == "q":
            return False
        else:
            for command in COMMANDS:
                if command.key == key:
                    command.run(self)
        return True

    def help(self) -> str:
        """The line that says what keys do now."""
        learning = self._player.controls.learning
        if self._typed is not None:
            return f"sound string or audio file, then Enter (Esc leaves): {self._typed[-60:]}"
        if self._choosing:
            return f"learn a controller for macro 1-{MACROS}: press its number (Esc leaves)"
        if self._learning:
            return _learn_line(learning)
        return " · ".join(f"{command.key} {command.label}" for command in COMMANDS) + " · q quit"

    def new_last(self) -> None:
        self._do(lambda controls: controls.new_last() or self._say("Play a key first; a locked key keeps its sound."))

    def new_all(self) -> None:
        self._do(Controls.new_all)

    def undo(self) -> None:
        self._do(lambda controls: controls.undo() or self._say("There is nothing to undo."))

    def lock(self) -> None:
        def toggle(controls: Controls) -> None:
            locked = controls.toggle_lock()
            if locked is not None and controls.last_key is not None:
                self._say(f"{key_name(controls.last_key)} is {'locked' if locked else 'free'}.")

        self._do(toggle)

    def save(self) -> None:
        def write(controls: Controls) -> None:
            if controls is not self._saves_for or self._save_as is None:
                self._saves_for, self._save_as = controls, free_name(controls.preset.name)
            controls.save(self._save_as)
            self._say(f"Saved as {self._save_as}.")

        self._do(write)

    def copy(self) -> None:
        def tell(controls: Controls) -> None:
            string = controls.copy()
            self._say(str(string) if string else "Play a key first: its sound string is what is copied.")

        self._do(tell)

    def paste(self) -> None:
        self._typed = ""

    def keep(self) -> None:
        def add(controls: Controls) -> None:
            string = controls.copy()
            if string is None:
                self._say("Play a key first: its sound is what is kept.")
                return
            self._kept.add(string)
            self._say(f"Kept among your favourites: {string}")

        self._do(add)

    def next_favourite(self) -> None:
        """Your own favourites first, then those that the instrument was made with."""

        def put(controls: Controls) -> None:
            instrument = controls.preset.opened
            strings = self._kept.of(instrument.digest)
            strings += [SoundString.of_seed(instrument.digest, one.seed) for one in instrument.favourites]
            if not strings:
                self._say("This instrument has no favourites yet; f keeps the last played sound.")
                return
            self._favourite = (self._favourite + 1) % len(strings)
            self._put(controls, str(strings[self._favourite]))

        self._do(put)

    def learn(self) -> None:
        self._choosing = True

    def next_preset(self) -> None:
        self._programs.step(1)

    def preset_before(self) -> None:
        self._programs.step(-1)

    def _do(self, action: Callable[[Controls], object]) -> None:
        """Runs it in the control thread; what it cannot do is said."""

        def act(controls: Controls) -> None:
            try:
                action(controls)
            except (UserError, OSError) as error:
                self._say(str(error))

        self._player.do(act)

    def _choose(self, key: str) -> None:
        if key == ESCAPE:
            self._choosing = False
        elif key.isdecimal() and 1 <= int(key) <= MACROS:
            self._choosing, self._learning = False, True
            self._do(lambda controls: controls.learn(int(key)))

    def _learn(self, key: str) -> None:
        def done(controls: Controls) -> None:
            try:
                self._say(controls.learnt())
            except ValueError as error:
                controls.learning = None
                self._say(str(error))

        def change(controls: Controls) -> None:
            if (learn := controls.learning) is None:
                return
            if key == "i":
                learn.invert()
            elif key == "t":
                learn.pick_up = not learn.pick_up
            elif key == "<":
                learn.minimum = learn.value
            else:
                learn.maximum = learn.value

        def leave(controls: Controls) -> None:
            controls.learning = None

        if key in ENTER:
            self._learning = False
            self._do(done)
        elif key in "it<>":
            self._do(change)
        elif key == ESCAPE:
            self._learning = False
            self._do(leave)

    def _type(self, key: str) -> None:
        assert self._typed is not None
        if key == ESCAPE:
            self._typed = None
        elif key in BACKSPACE:
            self._typed = self._typed[:-1]
        elif key in ENTER:
            text, self._typed = self._typed.strip(), None
            if text:
                self._paste(text)
        elif key.isprintable():
            self._typed = (self._typed + key)[:LONGEST_LINE]

    def _paste(self, text: str) -> None:
        try:
            SoundString.parse(text)
        except UserError as error:
            # Terminals put a dropped file's name in quotes.
            path = Path(os.path.expanduser(text.strip("'\"")))
            if not _is_file(path):
                self._say(str(error))
                return
            self._spawn(lambda: self._search(path))
        else:
            self._do(lambda controls: self._put(controls, text))

    def _search(self, path: Path) -> None:
        try:
            text = str(self._find(path))
        except UserError as error:
            self._say(str(error))
            return
        self._say(f"The nearest sound to {path.name}: {text}")
        self._do(lambda controls: self._put(controls, text))

    def _put(self, controls: Controls, text: str) -> None:
        self._say(controls.paste(text))


def _learn_line(learn: Learn | None) -> str:
    if learn is None or learn.controller is None:
        return "move a controller (Esc leaves)"
    return (
        f"{source_name(learn.controller)} moves it from {learn.minimum:.2f} to {learn.maximum:.2f}"
        f"{', once it has come past' if learn.pick_up else ''} · Enter takes it · i turns it round · < > take where it "
        "stands for an end · t soft take-over · Esc leaves"
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no name that a file could have
        return False


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="find", daemon=True).start()


COMMANDS = (
    KeyCommand("r", "new sound for the last key", KeyCommands.new_last),
    KeyCommand("a", "all keys", KeyCommands.new_all),
    KeyCommand("l", "lock", KeyCommands.lock),
    KeyCommand("u", "undo", KeyCommands.undo),
    KeyCommand("s", "save", KeyCommands.save),
    KeyCommand("m", "learn", KeyCommands.learn),
    KeyCommand("c", "copy sound", KeyCommands.copy),
    KeyCommand("v", "paste", KeyCommands.paste),
    KeyCommand("f", "keep", KeyCommands.keep),
    KeyCommand("g", "favourites", KeyCommands.next_favourite),
    KeyCommand("n", "next preset", KeyCommands.next_preset),
    KeyCommand("p", "preset before", KeyCommands.preset_before),
)


def free_name(name: str) -> Path:
    """A file in the present folder that is not there yet, called after a preset."""
    stem = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-") or "preset"
    number = 1
    while Path(f"{stem}-{number}.toml").exists():
        number += 1
    return Path(f"{stem}-{number}.toml")
