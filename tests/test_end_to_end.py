"""The whole way, by the command lines alone: a folder of audio becomes an instrument that plays a MIDI file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import engine
from engine.preset import Preset

NOTES = ((0.5, 60), (1.5, 64), (2.5, 67))  # seconds, keys
LENGTH = 0.4  # of a note, in seconds
VELOCITY = 110
TINY = {
    "one-shots": ("--set", "dim=16", "--set", "batch=4", "--steps", "4"),  # the default recipe
    "songs": ("--recipe", "wavegan", "--set", "dim=4", "--set", "batch=4", "--steps", "2"),
}


def call(program: str, *arguments: object) -> dict[str, Any]:
    """Runs an installed program as a user's shell would, and reads the JSON it prints if it was asked for."""
    words = [str(Path(sys.executable).parent / program), *map(str, arguments)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    read: dict[str, Any] = json.loads(result.stdout) if "--json" in arguments else {}
    return read


def drum(pitch: float, rate: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """A struck skin: a falling sine, and noise that dies sooner."""
    time = np.arange(round(0.6 * rate)) / rate
    tone = np.sin(2 * np.pi * pitch * (time + 0.02 * np.exp(-time * 40))) * np.exp(-time * 9)
    return 0.6 * tone + 0.2 * draw.standard_normal(len(time)) * np.exp(-time * 60)


def pluck(pitch: float, rate: int, draw: np.random.Generator) -> NDArray[np.float64]:
    """A plucked string: noise that goes round a delay line (Karplus and Strong, 1983)."""
    period = round(rate / pitch)
    turns = [draw.uniform(-0.6, 0.6, period)]
    for _ in range(round(0.8 * pitch)):
        turns.append(0.495 * (turns[-1] + np.roll(turns[-1], 1)))
    return np.concatenate(turns)


def write_one_shots(folder: Path) -> int:
    draw = np.random.default_rng(5)
    kinds = (("wav", 44100, "PCM_24"), ("flac", 48000, None), ("ogg", 22050, None), ("aiff", 32000, None))
    for index in range(16):
        ending, rate, subtype = kinds[index % 4]
        make = drum if index % 2 else pluck
        place = folder / ("drums" if index % 2 else "plucks") / f"{index}.{ending}"
        place.parent.mkdir(parents=True, exist_ok=True)
        sound = np.concatenate([np.zeros(index * 100), make(80.0 * 1.1**index, rate, draw)])
        soundfile.write(place, np.stack([sound, 0.8 * sound], axis=1) if index % 3 == 0 else sound, rate, subtype)
    (folder / "notes.txt").write_text("recorded in the kitchen")
    return 16


def write_songs(folder: Path) -> float:
    """Music of more than three minutes: a verse, a silence, a refrain, twice; and a shorter piece. Seconds in all."""
    draw = np.random.default_rng(6)
    rate = 22050

    def part(seconds: float, root: float, beat: float) -> NDArray[np.float64]:
        audio = np.zeros(round(seconds * rate))
        for number in range(int(seconds / beat)):
            degree = (0, 3, 5, 7, 10)[int(draw.integers(5))]
            note = (drum(60, rate, draw), pluck(root * 2 ** (degree / 12), rate, draw))[number % 2]
            start = round(number * beat * rate)
            audio[start : start + len(note)] += 0.7 * note[: len(audio) - start]
        return audio

    verse, refrain = part(50, 110, 0.5), part(45, 220, 0.25)
    song = np.concatenate([verse, np.zeros(8 * rate), refrain] * 2)
    folder.mkdir()
    soundfile.write(folder / "song.flac", np.clip(song, -1, 1), rate)
    soundfile.write(folder / "sketch.ogg", np.clip(part(30, 165, 0.4), -1, 1), rate)
    return len(song) / rate + 30


def write_midi(path: Path) -> Path:
    file = mido.MidiFile(ticks_per_beat=500)  # at 120 beats a minute a tick is a millisecond
    track = mido.MidiTrack()
    before = 0
    for seconds, key in NOTES:
        at = round(1000 * seconds)
        track.append(mido.Message("note_on", note=key, velocity=VELOCITY, time=at - before))
        track.append(mido.Message("note_off", note=key, time=round(1000 * LENGTH)))
        before = at + round(1000 * LENGTH)
    file.tracks.append(track)
    file.save(path)
    return path


def check_song(audio: NDArray[Any], rate: int, gated: bool) -> None:
    """Sound where the notes are, silence before the first one; and between them where keys are let go."""
    first = round(NOTES[0][0] * rate)
    assert not audio[:first].any()
    assert np.abs(audio).max() <= 1
    for seconds, _ in NOTES:
        start = round(seconds * rate)
        assert np.sqrt(np.mean(audio[start : start + round(LENGTH * rate)] ** 2)) > 1e-4
        if gated:
            assert np.abs(audio[start + round(0.95 * rate) : start + round(0.99 * rate)]).max() < 1e-6


@pytest.mark.parametrize("mode", ["one-shots", "songs"])
def test_from_a_folder_of_audio_to_the_sound_of_a_midi_file(tmp_path: Path, mode: str) -> None:
    frames, clip_rate = (65536, 16000) if mode == "songs" else (32768, 44100)  # four seconds of music, and the defaults
    audio, dataset, run = tmp_path / "audio", tmp_path / "dataset", tmp_path / "run"
    written = write_songs(audio) if mode == "songs" else write_one_shots(audio)

    # `auto` finds out by itself what the files are, and so how long clips are.
    report = call("trainer", "prepare", audio, "-o", dataset, "--sample-rate", clip_rate, "--json")
    lines = [json.loads(line) for line in (dataset / "clips.jsonl").read_text().splitlines()]
    assert report["clip_frames"] == frames
    if mode == "songs":
        assert written > 200
        assert 30 < len(lines) < 2 * written / 4  # more than one after the other, without the silence
    else:
        assert len(lines) == written

    call("trainer", "train", dataset, "-o", run, *TINY[mode], "--device", "cpu", "--seed", 3)
    instrument = tmp_path / "mine.onnx"
    exported = call("trainer", "export", run, "-o", instrument, "--explore", 0, "--json")
    assert exported["step"] == int(TINY[mode][-1])
    assert exported["largest_error"] < 1e-4
    info = call("engine", "info", instrument, "--json")
    assert (info["clip_frames"], info["sample_rate"], info["channels"]) == (frames, clip_rate, 1)

    midi, wav = write_midi(tmp_path / "song.mid"), tmp_path / "out.wav"
    told = call("engine", "render", midi, instrument, "-o", wav, "--json")
    heard, rate = soundfile.read(wav)
    assert rate == told["rate"] == 48000
    assert told["times_real_time"] > 1
    assert heard.shape == (round((NOTES[-1][0] + LENGTH + 3) * rate), 2)
    # An instrument of short clips is played as one-shots, one of long clips as long as its keys are held.
    check_song(heard, rate, gated=mode == "songs")

    # The same without the limiter, as numbers: what the network made, and no more than its clips can be.
    preset = Preset.for_instrument(instrument)
    loud = tmp_path / "loud.toml"
    preset.save(loud)
    loud.write_text(loud.read_text() + "\n[play]\nlimiter = false\nmaster_gain_db = 0\n")
    plain = engine.render(midi, loud, 44100)
    assert plain.dtype == np.float32
    assert np.isfinite(plain).all()
    check_song(plain, 44100, gated=mode == "songs")
    assert preset.instrument is not None
    z = np.stack([preset.sounds(preset.positions)[0, key, 0].z() for _, key in NOTES])
    clips = preset.instrument.generate(z)
    struck = clips if mode == "one-shots" else clips[..., : round(LENGTH * clip_rate)]
    velocity = (VELOCITY / 127) ** 2  # the sampler's curve
    assert np.abs(plain).max() == pytest.approx(velocity * np.abs(struck).max(), rel=0.3)  # and more between frames
