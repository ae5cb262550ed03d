"""The WAV files, read by wavinfo, libsndfile and ExifTool."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Any

import exiftool
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from wavinfo import WavInfoReader

from bridge import riff


def sine(frames: int = 1001, channels: int = 1) -> NDArray[np.float32]:
    tone = 0.5 * np.sin(np.arange(frames) / 7).astype(np.float32)
    return np.stack([tone / (1 + channel) for channel in range(channels)])


def read(file: bytes) -> WavInfoReader:
    return WavInfoReader(io.BytesIO(file), info_encoding="utf-8")


def exif(folder: Path, *chunks: bytes) -> dict[str, Any]:
    """What ExifTool reads in a file with these chunks."""
    path = folder / "sound.wav"
    path.write_bytes(riff.wav(sine(), 44100, chunks))
    (found,) = exiftool.tags([path])
    return found


def bodies(file: bytes) -> dict[bytes, bytes]:
    """Chunk name → body, by the rules of RIFF alone."""
    assert file[:4] == b"RIFF"
    assert file[8:12] == b"WAVE"
    assert struct.unpack("<I", file[4:8]) == (len(file) - 8,)
    found, at = {}, 12
    while at < len(file):
        name, length = struct.unpack("<4sI", file[at : at + 8])
        found[name] = file[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    assert at == len(file)
    return found


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [1, 1000, 1001])
def test_the_audio_is_what_was_given_to_half_a_step_of_24_bits(channels: int, frames: int) -> None:
    audio = sine(frames, channels)
    heard, rate = soundfile.read(io.BytesIO(riff.wav(audio, 44100)), dtype="float64", always_2d=True)
    assert rate == 44100
    assert np.abs(heard.T - audio).max() <= 2.0**-24


def test_what_is_too_loud_is_cut_off_and_never_turns_round() -> None:
    audio = np.array([[1.0, 1.5, -1.0, -1.5]], np.float32)
    heard, _ = soundfile.read(io.BytesIO(riff.wav(audio, 8000)), dtype="int32")
    assert (heard >> 8).tolist() == [2**23 - 1, 2**23 - 1, -(2**23), -(2**23)]


def test_wavinfo_reads_the_format() -> None:
    seen = read(riff.wav(sine(1001, 2), 48000)).fmt
    assert (seen.audio_format, seen.channel_count, seen.sample_rate, seen.bits_per_sample) == (1, 2, 48000, 24)
    assert (seen.byte_rate, seen.block_align) == (48000 * 6, 6)


def test_wavinfo_reads_root_note_and_loop() -> None:
    seen = read(riff.wav(sine(), 44100, [riff.smpl(44100, 61, (100, 899))])).smpl
    assert (seen.midi_note, seen.midi_pitch_detune_cents, seen.sample_period_ns) == (61, 0, 22676)
    assert [(loop.loop_type, loop.start, loop.end, loop.repetition_count) for loop in seen.sample_loops] == [
        (0, 100, 899, 0)
    ]
    assert not read(riff.wav(sine(), 44100, [riff.smpl(44100, 61)])).smpl.sample_loops


def test_wavinfo_reads_the_words() -> None:
    words = {
        "INAM": "Kick",
        "ICMT": "3f9a1c20b7de:1234",
        "ICOP": "CC0",
        "ISFT": "ProducerGAN",
        "IART": "",
        "IPRD": "Kït",
    }
    seen = read(riff.wav(sine(), 44100, [riff.info(words)])).info
    assert (seen.title, seen.comment, seen.copyright, seen.software) == ("Kick", words["ICMT"], "CC0", "ProducerGAN")
    assert seen.product == "Kït"
    assert not seen.artist


def test_inst_has_seven_bytes_and_keeps_within_them() -> None:
    body = bodies(riff.wav(sine(), 44100, [riff.inst(60, (36, 96), (1, 42), -6.4)]))[b"inst"]
    assert struct.unpack("<bbbbbbb", body) == (60, 0, -6, 36, 96, 1, 42)
    loud = bodies(riff.wav(sine(), 44100, [riff.inst(60, (0, 127), (1, 127), 99)]))[b"inst"]
    assert struct.unpack("<bbbbbbb", loud)[2] == 64


def test_exiftool_reads_where_the_sound_lies(tmp_path: Path) -> None:
    seen = exif(tmp_path, riff.smpl(44100, 60), riff.inst(60, (36, 96), (1, 42), -6.4), riff.info({"INAM": "Kick"}))
    assert (seen["UnshiftedNote"], seen["FineTune"], seen["Gain"]) == (60, 0, -6)
    assert (seen["LowNote"], seen["HighNote"], seen["LowVelocity"], seen["HighVelocity"]) == (36, 96, 1, 42)
    assert seen["Title"] == "Kick"  # after the odd length of `inst`


@pytest.mark.parametrize(("one_shot", "root", "flags"), [(True, None, 1), (False, 48, 2), (True, 0, 3)])
def test_exiftool_and_libsndfile_read_one_shot_and_root(
    one_shot: bool, root: int | None, flags: int, tmp_path: Path
) -> None:
    chunk = riff.acid(3 * 44100, 44100, one_shot=one_shot, root=root)
    seen, key = exif(tmp_path, chunk), 60 if root is None else root
    assert (seen["AcidizerFlags"], seen["RootNote"]) == (flags, key)
    assert (seen["Beats"], seen["Meter"], seen["Tempo"]) == (6, "4 4", 120)
    with soundfile.SoundFile(io.BytesIO(riff.wav(sine(), 44100, [chunk]))) as file:
        said = file.extra_info
    words = f"{'OneShot' if one_shot else 'Loop'},RootNote{'Invalid' if root is None else 'Valid'}"
    assert f"0x{flags:04X} ({words}" in said
    assert re.search(rf"Root note : (0x)?0*{key:X}\n", said)
    assert "Tempo     : 120" in said


def test_acid_says_one_shot_and_root() -> None:
    body = bodies(riff.wav(sine(), 44100, [riff.acid(44100, 44100, one_shot=True, root=None)]))[b"acid"]
    assert len(body) == 24
    assert struct.unpack("<IH", body[:6]) == (riff.ONE_SHOT, 60)
    tuned = bodies(riff.wav(sine(), 44100, [riff.acid(44100, 44100, one_shot=False, root=48)]))[b"acid"]
    assert struct.unpack("<IH", tuned[:6]) == (riff.ROOT_IS_SET, 48)
    lowest = bodies(riff.wav(sine(), 44100, [riff.acid(44100, 44100, one_shot=False, root=0)]))[b"acid"]
    assert struct.unpack("<IH", lowest[:6]) == (riff.ROOT_IS_SET, 0)
    assert struct.unpack("<IHHf", tuned[12:]) == (2, 4, 4, 120.0)  # a second at 120 beats a minute
