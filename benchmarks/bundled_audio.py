"""Collects the audio that a bundled instrument is trained on: `python benchmarks/bundled_audio.py drums|tones FOLDER`.

Needs two Debian packages, sonic-pi-samples (CC0) and fluid-soundfont-gm (MIT), and fluidsynth to play the latter.
The rest of the way, from the folder to the instrument, is in docs/bundled.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import mido
import numpy as np
import soundfile

SAMPLES = Path("/usr/share/sonic-pi/samples")
FAMILIES = ("bd", "drum", "elec", "perc", "sn", "tabla")  # the one-shots among Sonic Pi's samples, by first word
LEFT_OUT = ("drum_roll",)
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
KITS = {0: "standard", 8: "room", 16: "power", 24: "electronic", 25: "tr808", 32: "jazz", 40: "brush", 48: "orchestra"}
NOTES = range(35, 82)  # the General MIDI drum map
VELOCITIES = (64, 120)
MIDDLE_C = 60
TONE_VELOCITIES = (50, 90, 120)
FAMILIES_OF_TONES = {
    0: "pianos",
    8: "mallets",
    16: "organs",
    24: "guitars",
    32: "basses",
    40: "strings",
    48: "ensembles",
    56: "brass",
    64: "reeds",
    72: "pipes",
    80: "leads",
    88: "pads",
    104: "world",
}  # the General MIDI programs of eight, but for effects and percussion
SPACING = 2.5  # seconds from note to note
HELD = 1.2  # seconds that a key is held
RATE = 44_100  # Hz
SILENT = 1e-3  # peak below which a kit has no sound for a note
PEAK = 0.9  # of every sound of a kit: the soundfont leaves room for many at once, as Sonic Pi's one-shots do not


def main() -> None:
    """Fills the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("drums", "tones"), help="which instrument's audio")
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="a new folder")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    for needed, package in ((SAMPLES, "sonic-pi-samples"), (SOUNDFONT, "fluid-soundfont-gm")):
        if not needed.exists():
            sys.exit(f"{needed} is missing; install the Debian package {package}.")
    if shutil.which("fluidsynth") is None:
        sys.exit("fluidsynth is missing; install the Debian package fluidsynth.")
    folder.mkdir(parents=True)
    if arguments.what == "drums":
        print(f"{copy_samples(folder / 'sonic-pi')} one-shots of Sonic Pi")
        for program, kit in KITS.items():
            written = render(program, NOTES, VELOCITIES, folder / f"fluid-{kit}", channel=9)
            print(f"{written} sounds of the kit {kit}")
        return
    for first, family in FAMILIES_OF_TONES.items():
        written = sum(
            render(program, (MIDDLE_C,), TONE_VELOCITIES, folder / family, channel=0, prefix=f"{program:03d}-")
            for program in range(first, first + 8)
        )
        print(f"{written} sounds of the family {family}")


def copy_samples(folder: Path) -> int:
    """Copies Sonic Pi's drum and percussion one-shots. Returns how many."""
    folder.mkdir()
    chosen = [
        path
        for path in sorted(SAMPLES.glob("*.flac"))
        if path.stem.split("_")[0] in FAMILIES and path.stem not in LEFT_OUT
    ]
    for path in chosen:
        shutil.copy(path, folder)
    return len(chosen)


def render(
    program: int, notes: Sequence[int], velocities: Sequence[int], folder: Path, channel: int, prefix: str = ""
) -> int:
    """Writes each note of a program, at each velocity, as a WAV file. Returns how many had any sound."""
    folder.mkdir(exist_ok=True)
    strokes = [(note, velocity) for note in notes for velocity in velocities]
    track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program)])
    ticks = round(SPACING * 960)  # at 120 beats a minute and 480 ticks a beat
    held = round(HELD * 960)
    for note, velocity in strokes:
        track.append(mido.Message("note_on", channel=channel, note=note, velocity=velocity))
        track.append(mido.Message("note_off", channel=channel, note=note, time=held))
        track.append(mido.Message("note_off", channel=channel, note=note, time=ticks - held))
    midi = mido.MidiFile(ticks_per_beat=480)
    midi.tracks.append(track)
    with tempfile.TemporaryDirectory() as place:
        score, sound = Path(place, "kit.mid"), Path(place, "kit.wav")
        midi.save(score)
        dry = ["-R", "0", "-C", "0", "-g", "0.8", "-r", str(RATE), "-O", "float"]
        subprocess.run(["fluidsynth", "-q", "-n", "-i", *dry, "-F", sound, SOUNDFONT, score], check=True)
        audio, _ = soundfile.read(sound, dtype="float32")
    written = 0
    length = round(SPACING * RATE)
    for index, (note, velocity) in enumerate(strokes):
        clip = audio[index * length : (index + 1) * length]
        peak = float(np.abs(clip).max(initial=0))
        if peak > SILENT:
            soundfile.write(folder / f"{prefix}{note:03d}-{velocity:03d}.wav", clip * (PEAK / peak), RATE)
            written += 1
    return written


if __name__ == "__main__":
    main()
