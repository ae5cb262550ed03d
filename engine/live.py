"""The running engine, put together: preset, generator, MIDI input, audio output, player, JACK connections, terminal.

The one module of `engine` that imports `bridge`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import time
from pathlib import Path

import mido

from bridge.jack import JackConnector
from bridge.serving import Serving, serve_only
from engine import audio
from engine._native import now_ns
from engine.data import DEFAULT_PRESET, bundled_folder, find_preset
from engine.errors import UserError
from engine.favourites import Favourites, favourites_path
from engine.files import check_folder_of
from engine.find import find
from engine.generator import Generator
from engine.generators import Generators
from engine.key_commands import KeyCommands
from engine.keys import key_name
from engine.macro import source_name
from engine.midi import MidiInput
from engine.midi_file import read_midi_file
from engine.platform import Keys, single_keys
from engine.player import Player
from engine.preset import Preset
from engine.programs import Programs, presets_in
from engine.recording import Recording, check_recording
from engine.sound_string import SoundString
from engine.steady_output import SteadyOutput
from engine.terminal import Screen, Status, screen

LOOP_SECONDS = 0.05
STATUS_SECONDS = 0.25
CONNECT_SECONDS = 0.5
DEMO_AHEAD_SECONDS = 0.15
GROOVE = "demo.mid"
NO_AUDIO = "none"  # serves plugins and plays nothing itself
SOUNDING = ("connect", "record", "demo", "midi", "save-as", "rate", "block")  # options of an engine that does


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
    _check_together(arguments)
    if arguments.audio == NO_AUDIO:
        serve_only(arguments.provider, arguments.seed, arguments.until_idle)
        return
    generators = Generators(arguments.provider)
    path, preset, notes = _open_preset(arguments.preset, generators)
    _check_save_as(arguments.save_as)
    if arguments.record is not None:
        check_recording(arguments.record)
    choice = audio.choose(arguments.audio, arguments.rate, arguments.block)
    if arguments.connect and choice.kind != "jack":
        raise UserError("--connect joins JACK ports; use it with --audio jack.")
    with contextlib.ExitStack() as closing:
        midi = MidiInput(arguments.midi, "jack" if choice.kind == "jack" else "system")
        closing.callback(midi.close)
        generator = generators.generator(preset.opened)
        draw = random.Random(arguments.seed)
        rings = (midi.ring, midi.local_ring)
        player = Player(preset, generator, rings, choice.rate, choice.block, draw, lambda number: programs.ask(number))
        closing.callback(player.close)
        say = player.notices.put
        folder = path.parent if path.suffix == ".toml" else None
        programs = Programs(folder, preset, player.store, generators, player.load, say)
        closing.callback(programs.close)
        programs.begin_at(path)
        kept = Favourites(favourites_path())
        commands = KeyCommands(player, programs, kept, arguments.save_as, say, lambda sound: _nearest(player, sound))
        recording = Recording(arguments.record, player.callback, choice.rate) if arguments.record is not None else None
        if recording is not None:
            closing.callback(recording.close)
        player.start()
        try:
            # Seeds of its own: what plugins draw is no part of what --seed plays again.
            guests_draw = random.Random(arguments.seed)
            serving = Serving(generators, lambda: (choice.description, player.controls.preset.name), guests_draw)
            closing.callback(serving.close)
        except UserError as error:  # without plugins it plays all the same
            notes.append(str(error))
        keys = closing.enter_context(single_keys())
        shown = closing.enter_context(screen())
        output = SteadyOutput(choice, arguments.audio, player.callback)
        closing.callback(output.close)
        connector = JackConnector(arguments.connect) if arguments.connect else None
        if connector is not None:
            closing.callback(connector.close)
        player.wait_until_ready()
        demo = Demo(bundled_folder() / "grooves" / GROOVE, midi, now_ns() + 10**8) if arguments.demo else None
        with contextlib.suppress(KeyboardInterrupt):
            if recording is not None:
                recording.start()
                shown.say(f"Recording to {arguments.record}.")
            for note in notes:
                shown.say(note)
            _announce(shown, preset, choice, midi, player, generator, output)
            _Loop(player, midi, output, connector, recording, shown, commands, demo).run(keys)
        output.close()
        for sentence in recording.close() if recording is not None else []:
            shown.say(sentence)
        shown.say("Goodbye.")


def _open_preset(text: str, generators: Generators) -> tuple[Path, Preset, list[str]]:
    """What a user's text names, and what there is to say of it.

    Of a folder the first preset that can be played, from which program changes lead to the others.
    """
    if not Path(text).is_dir():
        path = find_preset(text)
        return path, Preset.open(path, generators.instrument), []
    notes: list[str] = []
    for path in presets_in(Path(text)):
        try:
            return path, Preset.open(path, generators.instrument), notes
        except UserError as error:
            notes.append(str(error))
    raise UserError(notes[0] if notes else f"There are no presets (.toml) in the folder {text}; name another one.")


def _nearest(player: Player, sound: Path) -> SoundString:
    instrument = player.controls.preset.opened
    return SoundString.of_latent(instrument.digest, find(sound, instrument))


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
        commands: KeyCommands,
        demo: Demo | None,
    ) -> None:
        self._player, self._midi, self._output, self._connector = player, midi, output, connector
        self._recording, self._shown, self._commands, self._demo = recording, shown, commands, demo
        self._next_connect = 0.0

    def run(self, keys: Keys) -> None:
        """Until the key q, or until the player has failed."""
        next_status = 0.0
        while True:
            now = time.monotonic()
            self._player.check()
            if self._midi.supervise():
                self._shown.say("The MIDI reader has ended and is started again; held notes were let go.")
            news = self._player.look() + self._output.step() + self._connect(now)
            if self._recording is not None:
                news += self._recording.step()
            for sentence in news:
                self._shown.say(sentence)
            if self._demo is not None:
                self._demo.step(now_ns())
            if now >= next_status:
                next_status = now + STATUS_SECONDS
                self._shown.show(self._status())
            while (key := keys.poll()) is not None:
                next_status = now
                if not self._commands.press(key):
                    return
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
            help=self._commands.help(),
        )


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
    knobs = [f"{source_name(m.controller)} {m.name}" for m in preset.macros if m.controller is not None and m.targets]
    lowest, highest = min(z.keys[0] for z in preset.zones), max(z.keys[-1] for z in preset.zones)
    shown.say(f"Play the keys {key_name(lowest)} to {key_name(highest)}; knobs: {', '.join(knobs) or 'none'}.")
    shown.say("Ctrl-C ends.")


def _check_together(arguments: argparse.Namespace) -> None:
    """Raises UserError for options that mean nothing together."""
    if arguments.audio != NO_AUDIO:
        if arguments.until_idle is not None:
            raise UserError("--until-idle is for an engine that only serves plugins; use it with --audio none.")
        return
    for option in SOUNDING:
        if getattr(arguments, option.replace("-", "_")):
            raise UserError(f"With --audio none the engine plays nothing itself, so leave out --{option}.")
    if arguments.preset != DEFAULT_PRESET:
        raise UserError(
            f"With --audio none the engine plays nothing itself, so leave out {arguments.preset}: "
            "the plugin chooses the preset."
        )


def _check_save_as(path: Path | None) -> None:
    if path is not None:
        check_folder_of(path)
        if path.suffix != ".toml":
            raise UserError(f"A preset's file must end in .toml, so --save-as cannot be {path}.")
