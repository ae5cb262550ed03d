"""What `trainer prepare` costs beside the least that its input needs: CPU seconds, start-up apart.

The same files are prepared (without the doctor, and with it: "doctor"), and decoded, mixed to mono and resampled one
after another with plain soundfile + soxr, and with librosa.load. CPU seconds are user + system of a process and its
children. The start-up of each, all worker processes of `prepare` included, is what a few files of a few milliseconds
cost, and is subtracted. The smallest of several runs is taken, since whatever else the machine does only adds.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from trainer.prepare import BATCH_BYTES
from trainer.workers import available_cores

ONE_SHOT_FOLDERS = ("/usr/share/sonic-pi/samples", "/usr/share/hydrogen/data/drumkits")
SOUND_FONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
RATE = 44100

PLAIN = """
import sys, soundfile, soxr
rate = int(sys.argv[1])
for path in sys.stdin.read().splitlines():
    audio, source = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sum(audio.T[1:], audio[:, 0]) / audio.shape[1]
    soxr.resample(mono, source, rate)
"""
LIBROSA = """
import sys, librosa
rate = int(sys.argv[1])
for path in sys.stdin.read().splitlines():
    librosa.load(path, sr=rate, mono=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU time of `trainer prepare` beside plain decoding and resampling.")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--minutes", type=float, default=15.0, help="of music (default: %(default)s)")
    parser.add_argument("--one-shots", type=int, default=400, help="how many at most (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=5, help="of each; the smallest counts (default: %(default)s)")
    parser.add_argument("--sample-rate", type=int, default=16000, help="of the dataset (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(
        f"bar: prepare at most 1.25 × plain; doctor is prepare with its doctor; "
        f"to {arguments.sample_rate} Hz mono; CPU seconds, start-up apart"
    )
    for name, case in result["cases"].items():
        print(f"{name}: {case['files']} files, {case['audio_s']:.0f} s of audio, from {case['made_of']}")
        for tool in COMMANDS:
            spent, start_up = case[f"{tool}_cpu_s"], result["start_up_cpu_s"][tool]
            print(f"  {tool:8} {spent:7.3f} s   × {spent / case['plain_cpu_s']:.2f}   (start-up {start_up:.2f} s)")


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, object]:
    """Returns the figures of each case: music, one-shots, and both together."""
    tiny = folder / "tiny"
    tiny.mkdir()
    for index in range(available_cores()):
        path = tiny / f"{index}.wav"
        soundfile.write(path, np.full(64, 0.5 / (index + 1)), RATE)
        # A chunk that readers skip makes each file a batch of its own, and so wakes a worker of its own.
        with path.open("ab") as file:
            file.write(b"JUNK" + BATCH_BYTES.to_bytes(4, "little") + bytes(BATCH_BYTES))
    music, music_from = make_music(folder / "music", arguments.minutes)
    shots, shots_from = gather_one_shots(folder / "shots", arguments.one_shots)
    cases = {
        "music": ([music], music_from),
        "one-shots": ([shots], shots_from),
        "both": ([music, shots], f"{music_from}; {shots_from}"),
    }
    start_up = {
        tool: min(cpu_seconds(tool, [tiny], arguments.sample_rate, folder) for _ in range(arguments.runs + 1))
        for tool in COMMANDS
    }
    results = {}
    for name, (inputs, made_of) in cases.items():
        smallest = dict.fromkeys(COMMANDS, float("inf"))
        # In turns, so that a busy spell of the machine meets all of them.
        for _ in range(arguments.runs):
            for tool in COMMANDS:
                spent = cpu_seconds(tool, inputs, arguments.sample_rate, folder) - start_up[tool]
                smallest[tool] = min(smallest[tool], spent)
        files = audio_files(inputs)
        results[name] = {
            "files": len(files),
            "audio_s": round(sum(soundfile.info(path).duration for path in files), 1),
            "made_of": made_of,
            **{f"{tool}_cpu_s": round(spent, 4) for tool, spent in smallest.items()},
            "prepare_to_plain": round(smallest["prepare"] / smallest["plain"], 3),
            "doctor_to_plain": round(smallest["doctor"] / smallest["plain"], 3),
            "librosa_to_plain": round(smallest["librosa"] / smallest["plain"], 3),
        }
    return {
        "benchmark": "prepare_speed",
        "sample_rate": arguments.sample_rate,
        "bar_prepare_to_plain": 1.25,
        "cores": available_cores(),
        "start_up_cpu_s": {tool: round(spent, 3) for tool, spent in start_up.items()},
        "cases": results,
    }


PREPARE = [sys.executable, "-c", "import sys; from trainer.cli import main; sys.exit(main())", "prepare"]
COMMANDS = {
    "plain": [sys.executable, "-c", PLAIN],
    "prepare": [*PREPARE, "--no-doctor"],
    "doctor": PREPARE,
    "librosa": [sys.executable, "-c", LIBROSA],
}


def cpu_seconds(tool: str, inputs: list[Path], sample_rate: int, folder: Path) -> float:
    """User + system seconds of one run and all its children."""
    output = folder / "dataset"
    shutil.rmtree(output, ignore_errors=True)
    if tool in ("prepare", "doctor"):
        options = [*map(str, inputs), "-o", str(output), "--sample-rate", str(sample_rate)]
        command, given = COMMANDS[tool] + options, ""
    else:
        command, given = [*COMMANDS[tool], str(sample_rate)], "\n".join(map(str, audio_files(inputs)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, input=given, text=True, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def audio_files(inputs: list[Path]) -> list[Path]:
    return sorted(path for folder in inputs for path in folder.iterdir())


def make_music(folder: Path, minutes: float) -> tuple[Path, str]:
    """Writes stereo music as WAV, FLAC and MP3, a third each: from a sound font where there is one."""
    folder.mkdir()
    seconds = minutes * 20
    names = ("a.wav", "b.flac", "c.mp3")
    if shutil.which("fluidsynth") and Path(SOUND_FONT).exists():
        for seed, name in enumerate(names):
            midi, wave = folder.parent / "music.mid", folder.parent / "music.wav"
            write_midi(midi, seconds, seed)
            render = ["fluidsynth", "-ni", "-q", "-r", str(RATE), "-F", str(wave), SOUND_FONT, str(midi)]
            subprocess.run(render, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            audio, _ = soundfile.read(wave, dtype="float32", always_2d=True)
            soundfile.write(folder / name, audio[: round(seconds * RATE)], RATE)
        return folder, "FluidR3 played from random MIDI, WAV + FLAC + MP3"
    for seed, name in enumerate(names):
        soundfile.write(folder / name, synthesised(seconds, seed), RATE)
    return folder, "synthesised chords, WAV + FLAC + MP3"


def write_midi(path: Path, seconds: float, seed: int) -> None:
    """Writes a drum beat, a bass and chords, from a seed."""
    import mido

    random = np.random.default_rng(seed)
    song = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    song.tracks.append(track)
    for channel, program in ((0, 4), (1, 33), (2, 48)):
        track.append(mido.Message("program_change", channel=channel, program=program))
    for step in range(round(seconds * 4)):
        notes = [(9, 42), (9, (36, 38)[step // 2 % 2]), (1, 36 + int(random.integers(12)))]
        if step % 4 == 0:
            notes += [(channel, 60 + int(random.integers(19))) for channel in (0, 0, 2)]
        for channel, note in notes:
            track.append(mido.Message("note_on", channel=channel, note=note, velocity=int(random.integers(60, 120))))
        for index, (channel, note) in enumerate(notes):
            track.append(mido.Message("note_off", channel=channel, note=note, time=0 if index else 240))
    song.save(path)


def synthesised(seconds: float, seed: int) -> np.ndarray:
    """Chords of decaying partials and a little noise, float32 [frames, 2]."""
    random = np.random.default_rng(seed)
    audio = np.zeros((round(seconds * RATE), 2), np.float32)
    time = np.arange(RATE, dtype=np.float32) / RATE
    for start in range(0, len(audio) - RATE, RATE // 2):
        for pitch in random.uniform(80, 800, size=3):
            tone = np.sin(2 * np.pi * pitch * time) * np.exp(-3 * time) * 0.1
            audio[start : start + RATE] += tone[:, np.newaxis] * random.uniform(0.3, 1, size=2).astype(np.float32)
    return audio + random.normal(0, 0.001, audio.shape).astype(np.float32)


def gather_one_shots(folder: Path, most: int) -> tuple[Path, str]:
    """Copies installed one-shots of at most 4 s, or synthesises as many."""
    folder.mkdir()
    found = [path for source in ONE_SHOT_FOLDERS for path in sorted(Path(source).rglob("*")) if path.is_file()]
    chosen = []
    for path in found:
        if path.suffix.lower() in (".wav", ".flac") and soundfile.info(path).duration <= 4:
            chosen.append(path)
    for index, path in enumerate(chosen[:most]):
        shutil.copy(path, folder / f"{index:04}{path.suffix.lower()}")
    if chosen:
        return folder, "installed sample packages, WAV + FLAC"
    for index in range(most):
        soundfile.write(folder / f"{index:04}.wav", synthesised(1.5, index), RATE)
    return folder, "synthesised one-shots, WAV"


if __name__ == "__main__":
    main()
