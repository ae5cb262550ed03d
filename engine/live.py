"""The running engine, put together: preset, generator, MIDI input, audio output, player, JACK connections, terminal.

The one module of `engine` that imports `bridge`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

import mido

from bridge.jack import JackConnector
from engine import audio
from engine._native import now_ns
from engine.controls import Controls
from engine.data import bundled_folder
from engine.errors import UserError
from engine.files import check_folder_of
from engine.generator import Generator
from engine.keys import key_name
from engine.midi import MidiInput
from engine.midi_file import read_midi_file
from engine.platform import Keys, single_keys
from engine.player import Player
from engine.preset import Preset
from engine.recording import Recording, check_recording
from engine.steady_output import SteadyOutput
from engine.terminal import Screen, Status, screen

LOOP_SECONDS = 0.05
STATUS_SECONDS = 0.25
CONNECT_SECONDS = 0.5
READY_SECONDS = 600.0
DEMO_AHEAD_SECONDS = 0.15
GROOVE = "demo.mid"


class Demo:
    """A groove that goes round and round: pushes its events a little ahead, stamped for when they are due."""

    def __init__(self, path: Path, midi: MidiInput, begin_ns: int) -> None:
        self._events = read_midi_file(path)
        self._length = mido.MidiFile(path).length
        self._midi = midi
        self._begin_ns = begin_ns
        self._next = 0

    def step(self, now_ns: int) -> None:
        """Pushes what is due soon."""
        while self._events:
            turn, index = divmod(self._next, len(self._events))
            seconds, message = self._events[index]
            due = self._begin_ns + round((seconds + turn * self._length) * 1e9)
            if due > now_ns + round(DEMO_AHEAD_SECONDS * 1e9):
                return
            self._midi.local_ring.push(due, message, 0)
            self._next += 1


def play(arguments: argparse.Namespace) -> None:
    """Plays until Ctrl-C, SIGTERM or the key q. Raises UserError if something that was asked for is not there."""
    preset = Preset.open(arguments.preset)
    _check_save_as(arguments.save_as)
    if arguments.record is not None:
        check_recording(arguments.record)
    choice = audio.choose(arguments.audio, arguments.rate, arguments.block)
    if arguments.connect and choice.kind != "jack":
        raise UserError("--connect joins JACK ports; use it with --audio jack.")
    with contextlib.ExitStack() as closing:
        midi = MidiInput(arguments.midi, "jack" if choice.kind == "jack" else "system")
        closing.callback(midi.close)
        assert preset.instrument is not None
        generator = Generator(preset.instrument, arguments.provider)
        generator.warm_up()
        draw = random.Random(arguments.seed)
        player = Player(preset, generator, (midi.ring, midi.local_ring), choice.rate, choice.block, draw)
        closing.callback(player.close)
        player.start()
        keys = closing.enter_context(single_keys())
        shown = closing.enter_context(screen())
        with contextlib.ExitStack() as sounding:
            recording = sounding.enter_context(_recording(arguments.record, player, choice.rate, shown))
            output = SteadyOutput(choice, arguments.audio, player.callback)
            sounding.callback(output.close)
            connector = JackConnector(arguments.connect) if arguments.connect else None
            if connector is not None:
                sounding.callback(connector.close)
            _wait_ready(player)
            with contextlib.suppress(KeyboardInterrupt):
                if recording is not None:
                    recording.start()
                    shown.say(f"Recording to {arguments.record}.")
                _announce(shown, preset, choice, midi, player, generator, output)
                _Loop(player, midi, output, connector, recording, shown, arguments.save_as, arguments.demo).run(keys)
        shown.say("Goodbye.")


@contextlib.contextmanager
def _recording(path: Path | None, player: Player, rate: int, shown: Screen) -> Iterator[Recording | None]:
    """A recording that ends with the block, and says so; None if none is wanted."""
    if path is None:
        yield None
        return
    recording = Recording(path, player.callback, rate)
    try:
        yield recording
    finally:
        for sentence in recording.close():
            shown.say(sentence)


class _Loop:
    """What goes on beside the player: keys, connections, the port process, the lines on the screen."""

    def __init__(
        self,
        player: Player,
        midi: MidiInput,
        output: SteadyOutput,
        connector: JackConnector | None,
        recording: Recording | None,
        shown: Screen,
        save_as: Path | None,
        demo: bool,
    ) -> None:
        self._player, self._midi, self._output, self._connector = player, midi, output, connector
        self._recording, self._shown, self._save_as = recording, shown, save_as
        self._next_connect = 0.0
        self._demo = Demo(bundled_folder() / "grooves" / GROOVE, midi, now_ns() + 10**8) if demo else None

    def run(self, keys: Keys) -> None:
        """Until the key q, or until the player has failed."""
        next_status = 0.0
        while True:
            now = time.monotonic()
            if self._player.failure is not None:
                raise self._player.failure
            if self._midi.supervise():
                self._shown.say("The MIDI reader has ended and is started again; held notes were let go.")
            news = self._output.step() + self._connect(now)
            if self._recording is not None:
                news += self._recording.step()
            for sentence in news:
                self._shown.say(sentence)
            if self._demo is not None:
                self._demo.step(now_ns())
            if now >= next_status:
                next_status = now + STATUS_SECONDS
                self._shown.show(self._status())
            key = keys.poll()
            if key == "q":
                return
            if key is not None:
                self._press(key)
            time.sleep(LOOP_SECONDS)

    def _connect(self, now: float) -> list[str]:
        """Looks after the JACK connections now and then, while the output has something to connect."""
        if self._connector is None:
            return []
        if self._output.jack_name is None:
            # A client of the server that has ended would keep this process from the one that comes.
            self._connector.close()
            return []
        if now < self._next_connect:
            return []
        self._next_connect = now + CONNECT_SECONDS
        self._connector.client = self._output.jack_name
        return self._connector.step()

    def _press(self, key: str) -> None:
        say = self._shown.say

        def lock(controls: Controls) -> None:
            locked = controls.toggle_lock()
            if locked is not None and controls.last_key is not None:
                say(f"{key_name(controls.last_key)} is {'locked' if locked else 'free'}.")

        def save(controls: Controls) -> None:
            self._save_as = self._save_as or _free_name(controls.preset.name)
            try:
                controls.save(self._save_as)
                say(f"Saved as {self._save_as}.")
            except (UserError, OSError) as error:
                say(f"Not saved: {error}")

        actions = {
            "r": lambda controls: controls.new_last() or say("Play a key first; a locked key keeps its sound."),
            "a": Controls.new_all,
            "l": lock,
            "u": lambda controls: controls.undo() or say("There is nothing to undo."),
            "s": save,
        }
        if key in actions:
            self._player.do(actions[key])

    def _status(self) -> Status:
        controls = self._player.controls
        key = controls.last_key
        knobs = [
            f"{macro.name} {controls.positions[macro.id]:.2f}" for macro in controls.preset.macros if macro.targets
        ]
        _, voices = self._player.sampler.voices()
        return Status(
            played="nothing yet" if key is None else f"{key_name(key)} ({key})",
            knobs=" · ".join(knobs) or "no knobs",
            voices=len(voices),
            generated=self._player.generated,
            latency_ms=1000 * (self._player.latency + self._output.latency),
            counters=self._player.sampler.counters(),
        )


def _wait_ready(player: Player) -> None:
    end = time.monotonic() + READY_SECONDS
    while not player.wait_ready(0.05):
        if player.failure is not None:
            raise player.failure
        if time.monotonic() > end:
            raise UserError("The generator made no sounds within ten minutes; try a smaller instrument.")


def _announce(
    shown: Screen,
    preset: Preset,
    choice: audio.Choice,
    midi: MidiInput,
    player: Player,
    generator: Generator,
    output: SteadyOutput,
) -> None:
    midi.wait_ready(2.0)
    assert preset.instrument is not None
    ports = midi.ports()
    if choice.note:
        shown.say(choice.note)
    shown.say(f"Preset {preset.name} on {preset.instrument.name}; sounds are computed by {generator.provider}.")
    shown.say(f"Audio: {choice.description}, {choice.rate} Hz, {choice.block} frames.")
    shown.say(f"MIDI: {', '.join(ports) if ports else 'no input yet; connect a keyboard and it is opened'}.")
    own, device = 1000 * player.latency, 1000 * output.latency
    shown.say(f"Latency: {own:.1f} ms from the key to the audio, constant, and {device:.1f} ms of the audio system's.")
    knobs = [f"CC {m.controller} {m.name}" for m in preset.macros if m.controller is not None and m.targets]
    lowest, highest = min(z.keys[0] for z in preset.zones), max(z.keys[-1] for z in preset.zones)
    shown.say(f"Play the keys {key_name(lowest)} to {key_name(highest)}; knobs: {', '.join(knobs) or 'none'}.")
    shown.say("Ctrl-C ends.")


def _check_save_as(path: Path | None) -> None:
    if path is not None:
        check_folder_of(path)
        if path.suffix != ".toml":
            raise UserError(f"A preset's file must end in .toml, so --save-as cannot be {path}.")


def _free_name(name: str) -> Path:
    """A file in the present folder that is not there yet, called after the preset."""
    stem = "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-") or "preset"
    number = 1
    while Path(f"{stem}-{number}.toml").exists():
        number += 1
    return Path(f"{stem}-{number}.toml")
