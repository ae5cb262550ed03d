"""The WAV files, read by wavinfo and libsndfile."""

from __future__ import annotations

import io
import struct

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


def test_acid_says_one_shot_and_root() -> None:
    body = bodies(riff.wav(sine(), 44100, [riff.acid(44100, 44100, one_shot=True, root=None)]))[b"acid"]
    assert len(body) == 24
    assert struct.unpack("<IH", body[:6]) == (riff.ONE_SHOT, 60)
    tuned = bodies(riff.wav(sine(), 44100, [riff.acid(44100, 44100, one_shot=False, root=48)]))[b"acid"]
    assert struct.unpack("<IH", tuned[:6]) == (riff.ROOT_IS_SET, 48)
    lowest = bodies(riff.wav(sine(), 44100, [riff.acid(44100, 44100, one_shot=False, root=0)]))[b"acid"]
    assert struct.unpack("<IH", lowest[:6]) == (riff.ROOT_IS_SET, 0)
    assert struct.unpack("<IHHf", tuned[12:]) == (2, 4, 4, 120.0)  # a second at 120 beats a minute
