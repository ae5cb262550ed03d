"""Ardour 7 without a screen: makes a session with the plugin on a MIDI track, and exports sessions.

The session is made by Ardour itself, through its Lua interface; a MIDI file is then put on the track by editing the
session's XML, which is what the interface lacks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
from midi_score import Event
from numpy import float32
from numpy.typing import NDArray

RATE = 48000
NAME = "song"
LIBRARY = Path("/usr/lib/ardour7")
SUPERCLOCK = 282_240_000 // RATE  # of Ardour's clock a frame
TICKS = 1920  # a beat of half a second; a frame is 2/25 of a tick
DEADLINE_S = 30.0  # it takes five seconds, unless it hangs
TRIES = 4

# What Ardour writes of a MIDI region that begins with the session; its length is missing.
REGION = """
name=notes type=midi source-0=9001 master-source-0=9001 start=b0 sync-position=b0 ancestral-start=b0
ancestral-length=b0@b0 stretch=1 shift=1 layering-index=0 opaque=1 muted=0 locked=0 hidden=0 first-edit=nothing
contents=0
"""

# `points` is "frame value frame value …", of parameter number `parameter`.
MAKE_SESSION = """
AudioEngine:set_backend ("None (Dummy)", "tests", "")
local session = assert (create_session (os.getenv ("SESSION"), os.getenv ("NAME"), tonumber (os.getenv ("RATE"))))
local info = ARDOUR.LuaAPI.new_plugin_info (os.getenv ("PLUGIN"), ARDOUR.PluginType.VST3)
assert (not info:isnil (), "the plugin is unknown")
local midi, audio = ARDOUR.DataType ("midi"), ARDOUR.DataType ("audio")
local tracks = session:new_midi_track (ARDOUR.ChanCount (midi, 1), ARDOUR.ChanCount (audio, 2), true, info, nil, nil, 1,
  "ProducerGAN", ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal, true)
for track in tracks:iter () do
  local plugin = track:nth_plugin (0)
  assert (not plugin:isnil (), "the plugin did not load")
  local points = os.getenv ("POINTS")
  if points ~= "" then
    local insert = plugin:to_insert ()
    local id = Evoral.Parameter (ARDOUR.AutomationType.PluginAutomation, 0, tonumber (os.getenv ("PARAMETER")))
    local control = insert:to_automatable ():automation_control (id, true)
    local list = control:alist ()
    for frame, value in points:gmatch ("(%S+) (%S+)") do
      list:add (Temporal.timepos_t (tonumber (frame)), tonumber (value), false, true)
    end
    list:set_interpolation (Evoral.InterpolationStyle.Discrete)
    control:set_automation_state (ARDOUR.AutoState.Play)
  end
  -- Another thread connects it to the master bus; a session that is saved before is silent for good.
  local out, tries = track:output ():audio (0), 0
  while not out:connected () do
    tries = tries + 1
    assert (tries < 2000, "the track is connected to nothing")
    ARDOUR.LuaAPI.usleep (5000)
  end
end
session:save_state (os.getenv ("NAME"), false, false, false, false, false)
close_session ()
quit ()
"""

# A bounce within the session, which is then saved with what the plugin has come to know.
BOUNCE_AND_SAVE = """
AudioEngine:set_backend ("None (Dummy)", "tests", "")
local session = assert (load_session (os.getenv ("SESSION"), os.getenv ("NAME")))
local export = session:simple_export ()
export:set_folder (os.getenv ("FOLDER"))
export:set_name ("bounce")
export:set_range (0, tonumber (os.getenv ("FRAMES")))
assert (export:check_outputs (), "there is nothing to export")
assert (export:run_export (), "the export failed")
session:save_state ("", false, false, false, false, false)
close_session ()
quit ()
"""

# Without this Ardour sometimes lets all MIDI sound 16 frames early, by the delay of what resamples its ports.
CONFIG = '<Ardour><Config><Option name="port-resampler-quality" value="0"/></Config></Ardour>'


class Crashed(RuntimeError):
    """Ardour was ended by a signal.

    Version 7.3 now and then writes a few frames past the buffer of a port that it exports, and finds its heap damaged
    when it frees that: on a busy machine in one of ten exports, with its own synthesizer just as with ours.
    """


@dataclass
class Ardour:
    """Ardour with a home folder of its own, into which the plugin is installed."""

    home: Path
    environment: Mapping[str, str]  # for the plugin's engine

    def install(self, vst3: Path) -> str:
        """Puts the plugin where Ardour looks and scans it; its id in sessions. Raises RuntimeError."""
        config = self.home / ".config/ardour7/config"
        config.parent.mkdir(parents=True)
        config.write_text(CONFIG)
        target = self.home / ".vst3" / vst3.name
        shutil.copytree(vst3, target, dirs_exist_ok=True)
        said = self._run(str(LIBRARY / "ardour-vst3-scanner"), "-f", "-v", str(target))
        (cache,) = (self.home / ".cache/ardour7/vst").glob("*.v3i")
        (row,) = ET.parse(cache).getroot().iter("VST3Info")
        assert row.get("name") == "ProducerGAN", said
        return row.attrib["uid"]

    def make(self, folder: Path, plugin: str, parameter: int = 0, points: Sequence[tuple[int, float]] = ()) -> None:
        """Makes a session, with the plugin's parameter automated in steps at (frame, 0 … 1)."""
        shutil.rmtree(folder, ignore_errors=True)
        script = self.home / "make.lua"
        script.write_text(MAKE_SESSION)
        self._run(
            "ardour7-lua",
            str(script),
            SESSION=str(folder),
            NAME=NAME,
            RATE=str(RATE),
            PLUGIN=plugin,
            PARAMETER=str(parameter),
            POINTS=" ".join(f"{frame} {value!r}" for frame, value in points),
        )

    def export(self, folder: Path) -> NDArray[float32]:
        """What the session sounds like: [2, frames] from its start to its end."""
        out = self.home / "export.wav"
        out.unlink(missing_ok=True)
        said = self._run("ardour7-export", "-b", "float", "-s", str(RATE), "-o", str(out), str(folder), NAME)
        if not out.exists():
            raise RuntimeError(f"Ardour exported nothing:\n{said}")
        audio, rate = soundfile.read(out, dtype="float32", always_2d=True)
        assert rate == RATE
        found: NDArray[float32] = audio.T
        return found

    def bounce_and_save(self, folder: Path, frames: int) -> None:
        """Opens the session, bounces it, and saves it as the plugin then is."""
        script = self.home / "bounce.lua"
        script.write_text(BOUNCE_AND_SAVE)
        self._run("ardour7-lua", str(script), SESSION=str(folder), NAME=NAME, FOLDER=str(self.home), FRAMES=str(frames))

    def _run(self, *command: str, **variables: str) -> str:
        for last in range(TRIES - 1, -1, -1):
            try:
                return self._try(command, variables)
            except (Crashed, subprocess.TimeoutExpired):  # its threads sometimes wait for each other for ever
                if not last:
                    raise
        raise AssertionError

    def _try(self, command: Sequence[str], variables: Mapping[str, str]) -> str:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=DEADLINE_S,
            env={
                **os.environ,
                "LD_LIBRARY_PATH": str(LIBRARY),
                "HOME": str(self.home),
                "XDG_CONFIG_HOME": str(self.home / ".config"),
                "XDG_CACHE_HOME": str(self.home / ".cache"),
                **self.environment,
                **variables,
            },
        )
        if done.returncode:
            kind = Crashed if done.returncode < 0 else RuntimeError
            raise kind(f"{command[0]} ended with {done.returncode}:\n{done.stdout}")
        return done.stdout


def is_installed() -> bool:
    """Whether this machine has Ardour 7."""
    return LIBRARY.is_dir() and shutil.which("ardour7-lua") is not None


def add_midi(folder: Path, events: Sequence[Event], frames: int) -> None:
    """Puts events on the session's MIDI track and ends the session after `frames`.

    Frames must be whole ticks: multiples of 25 every other, so 12.5 apart; what is not is put a part of a frame early.
    """
    beats = -(-frames * 2 // RATE)
    path = folder / f"{NAME}.ardour"
    midi = folder / "interchange" / folder.name / "midifiles" / "notes.mid"
    midi.parent.mkdir(parents=True, exist_ok=True)
    write_ticks(midi, events)
    tree = ET.parse(path)
    root = tree.getroot()

    def child(name: str) -> ET.Element:
        found = root.find(name)
        return ET.SubElement(root, name) if found is None else found

    source = {"name": midi.name, "type": "midi", "flags": "", "id": "9001", "take-id": "", "origin": ""}
    ET.SubElement(child("Sources"), "Source", source)
    region = dict(pair.split("=") for pair in REGION.split()) | {"length": f"b{TICKS * beats}@b0"}
    ET.SubElement(child("Regions"), "Region", {**region, "id": "9002", "whole-file": "1"})
    (playlist,) = (row for row in root.iter("Playlist") if row.get("type") == "midi")
    ET.SubElement(playlist, "Region", {**region, "id": "9003", "whole-file": "0"})
    locations = child("Locations")
    for row in list(locations):
        if "IsSessionRange" in row.get("flags", ""):
            locations.remove(row)
    ends = {"start": "a0", "end": f"a{frames * SUPERCLOCK}"}
    ET.SubElement(
        locations, "Location", {**ends, "id": "9010", "name": "session", "flags": "IsSessionRange", "locked": "0"}
    )
    root.set("id-counter", "10000")
    tree.write(path, encoding="UTF-8", xml_declaration=True)


def write_ticks(path: Path, events: Sequence[Event]) -> None:
    """Writes events into a MIDI file of Ardour's own ticks."""
    import mido

    file = mido.MidiFile(ticks_per_beat=TICKS)
    track = mido.MidiTrack()
    file.tracks.append(track)
    last = 0
    for frame, *message in events:
        tick = frame * 2 * TICKS // RATE
        track.append(mido.Message.from_bytes(message, time=tick - last))
        last = tick
    file.save(str(path))
