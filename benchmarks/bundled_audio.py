"""Collects the audio of a bundled instrument: `python benchmarks/bundled_audio.py drums|tones|textures FOLDER`.

Needs two Debian packages, sonic-pi-samples (CC0) and fluid-soundfont-gm (MIT), and fluidsynth to play the latter.
The rest of the way, from the folder to the instrument, is in docs/bundled.md.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import mido
import numpy as np
import soundfile

SAMPLES = Path("/usr/share/sonic-pi/samples")
FAMILIES = ("bd", "drum", "elec", "perc", "sn", "tabla")  # the one-shots among Sonic Pi's samples, by first word
LEFT_OUT = ("drum_roll",)
AMBIENT = ("ambi", "guit")  # the long sounds among them
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
FAMILIES_OF_TEXTURES = {16: "organs", 40: "strings", 48: "ensembles", 72: "pipes", 88: "pads", 96: "effects"}
TEXTURE_NOTES = (48, 60)
TEXTURE_VELOCITIES = (100,)
SPACING, HELD = 2.5, 1.2  # seconds from note to note, and that a key is held
LONG_SPACING, LONG_HELD = 7.0, 6.0  # of a texture
RATE = 44_100  # Hz
SILENT = 1e-3  # peak below which a kit has no sound for a note
PEAK = 0.9  # of every sound of a kit: the soundfont leaves room for many at once, as Sonic Pi's one-shots do not


def main() -> None:
    """Fills the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("drums", "tones", "textures"), help="which instrument's audio")
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
        print(f"{copy_samples(FAMILIES, folder / 'sonic-pi')} one-shots of Sonic Pi")
        for program, kit in KITS.items():
            written = render(program, NOTES, VELOCITIES, folder / f"fluid-{kit}", channel=9)
            print(f"{written} sounds of the kit {kit}")
    elif arguments.what == "tones":
        render_families(FAMILIES_OF_TONES, (MIDDLE_C,), TONE_VELOCITIES, folder)
    else:
        print(f"{copy_samples(AMBIENT, folder / 'sonic-pi')} long sounds of Sonic Pi")
        lasting = {"spacing": LONG_SPACING, "held": LONG_HELD}
        render_families(FAMILIES_OF_TEXTURES, TEXTURE_NOTES, TEXTURE_VELOCITIES, folder, **lasting)


def render_families(
    families: Mapping[int, str], notes: Sequence[int], velocities: Sequence[int], folder: Path, **lasting: float
) -> None:
    """Renders the eight programs of every family, named by the first, into a folder of its own."""
    for first, family in families.items():
        written = sum(
            render(program, notes, velocities, folder / family, channel=0, prefix=f"{program:03d}-", **lasting)
            for program in range(first, first + 8)
        )
        print(f"{written} sounds of the family {family}")


def copy_samples(families: Sequence[str], folder: Path) -> int:
    """Copies Sonic Pi's samples whose first word is one of these. Returns how many."""
    folder.mkdir()
    chosen = [
        path
        for path in sorted(SAMPLES.glob("*.flac"))
        if path.stem.split("_")[0] in families and path.stem not in LEFT_OUT
    ]
    for path in chosen:
        shutil.copy(path, folder)
    return len(chosen)


def render(
    program: int,
    notes: Sequence[int],
    velocities: Sequence[int],
    folder: Path,
    channel: int,
    prefix: str = "",
    spacing: float = SPACING,
    held: float = HELD,
) -> int:
    """Writes each note of a program, at each velocity, as a WAV file. Returns how many had any sound."""
    folder.mkdir(exist_ok=True)
    strokes = [(note, velocity) for note in notes for velocity in velocities]
    track = mido.MidiTrack([mido.Message("program_change", channel=channel, program=program)])
    ticks, held_ticks = round(spacing * 960), round(held * 960)  # at 120 beats a minute and 480 ticks a beat
    for note, velocity in strokes:
        track.append(mido.Message("note_on", channel=channel, note=note, velocity=velocity))
        track.append(mido.Message("note_off", channel=channel, note=note, time=held_ticks))
        track.append(mido.Message("note_off", channel=channel, note=note, time=ticks - held_ticks))
    midi = mido.MidiFile(ticks_per_beat=480)
    midi.tracks.append(track)
    with tempfile.TemporaryDirectory() as place:
        score, sound = Path(place, "kit.mid"), Path(place, "kit.wav")
        midi.save(score)
        dry = ["-R", "0", "-C", "0", "-g", "0.8", "-r", str(RATE), "-O", "float"]
        subprocess.run(["fluidsynth", "-q", "-n", "-i", *dry, "-F", sound, SOUNDFONT, score], check=True)
        audio, _ = soundfile.read(sound, dtype="float32")
    written = 0
    length = round(spacing * RATE)
    for index, (note, velocity) in enumerate(strokes):
        clip = audio[index * length : (index + 1) * length]
        peak = float(np.abs(clip).max(initial=0))
        if peak > SILENT:
            soundfile.write(folder / f"{prefix}{note:03d}-{velocity:03d}.wav", clip * (PEAK / peak), RATE)
            written += 1
    return written


if __name__ == "__main__":
    main()
