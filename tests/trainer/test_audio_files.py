"""Finding and decoding audio files."""

from __future__ import annotations

import os
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from engine.errors import UserError
from trainer.audio_files import decode, find
from trainer.unused import Reason, Unusable

RATE = 44100


def decoded(path):
    file = decode(str(path))
    return file.sample_rate, np.concatenate([block.copy() for block in file.blocks])


def reason_of(path):
    with pytest.raises(Unusable) as caught:
        decoded(path)
    return caught.value.reason


def cut(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


LIBSNDFILE = """
wav/PCM_16 wav/PCM_24 wav/FLOAT wav/PCM_U8 wav/IMA_ADPCM aiff/PCM_24 flac/PCM_16 ogg/VORBIS opus/OPUS au/PCM_16
caf/PCM_16 w64/PCM_16 mp3/MPEG_LAYER_III
"""
FFMPEG = "m4a/aac m4a/alac aac/aac wma/wmav2 webm/libopus mp4/aac mov/aac mkv/pcm_s16le wv/wavpack ac3/ac3"


@pytest.mark.parametrize("kind", LIBSNDFILE.split())
def test_what_libsndfile_reads(tmp_path, music, kind):
    ending, subtype = kind.split("/")
    audio = music(2, 48000)
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, audio, 48000, subtype, format="OGG" if ending == "opus" else None)
    rate, read = decoded(path)
    assert rate == 48000
    assert read.shape[1] == 2
    assert len(read) == pytest.approx(len(audio), abs=3000)
    assert np.std(read) == pytest.approx(np.std(audio), rel=0.05)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg makes the files")
@pytest.mark.parametrize("kind", FFMPEG.split())
def test_what_ffmpeg_reads(tmp_path, music, kind):
    ending, codec = kind.split("/")
    audio = music(2, 48000)
    soundfile.write(tmp_path / "a.wav", audio, 48000)
    path = tmp_path / f"b.{ending}"
    picture = ["-f", "lavfi", "-i", "color=size=32x32:rate=5:duration=2"] if ending in ("mp4", "mkv", "mov") else []
    command = ["ffmpeg", "-v", "error", *picture, "-i", tmp_path / "a.wav", "-c:a", codec, "-strict", "-2", path]
    subprocess.run(command, check=True)
    rate, read = decoded(path)
    assert rate == 48000
    assert read.shape[1] == 2
    assert read.dtype == np.float32
    assert len(read) == pytest.approx(len(audio), abs=6000)
    assert np.std(read) == pytest.approx(np.std(audio), rel=0.05)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg makes the file")
def test_a_video_without_sound(tmp_path):
    path = tmp_path / "silent.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=32x32:rate=5:duration=1", path], check=True
    )
    assert reason_of(path) is Reason.NO_TRACK


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg makes the file")
def test_a_song_in_the_wrong_clothes_is_read_all_the_same(tmp_path, music):
    soundfile.write(tmp_path / "a.wav", music(1), RATE)
    path = tmp_path / "really_m4a.wav"
    subprocess.run(["ffmpeg", "-v", "error", "-i", tmp_path / "a.wav", "-f", "ipod", path], check=True)
    assert len(decoded(path)[1]) == pytest.approx(RATE, abs=6000)


@pytest.mark.parametrize("ending", ["wav", "flac", "mp3", "m4a", "ogg"])
def test_text_is_no_audio(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.write_text("These are the lyrics.\n" * 40)
    assert reason_of(path) is Reason.UNREADABLE


@pytest.mark.parametrize("ending", ["wav", "aiff", "flac", "mp3", "rf64"])
def test_a_file_that_breaks_off(tmp_path, music, ending):
    path = tmp_path / f"a.{ending}"
    soundfile.write(path, music(5), RATE, format="RF64" if ending == "rf64" else None)
    assert reason_of(cut(path)) is Reason.CUT_SHORT


def test_a_stream_that_did_not_know_its_length_is_whole(tmp_path, music):
    path = tmp_path / "a.wav"
    soundfile.write(path, music(1), RATE)
    data = bytearray(path.read_bytes())
    place = data.index(b"data") + 4
    data[place : place + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert len(decoded(path)[1]) == RATE


def test_no_frames(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 1)), RATE)
    assert reason_of(tmp_path / "a.wav") is Reason.EMPTY


def test_folders_of_any_depth(tmp_path, strike):
    names = ["kick.wav", "hats/open/a.WAV", "hats/closed.flac", "snares/b.aiff"]
    for name in names:
        (tmp_path / "kit" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "kit" / name, strike(), RATE)
    for name in ("kit/hats/readme.txt", "kit/hats/closed.flac.asd", "kit/._kick.wav"):
        (tmp_path / name).write_text("no audio")
    candidates, refused = find([tmp_path / "kit"])
    labels = {os.path.relpath(candidate.path, tmp_path / "kit"): candidate.label for candidate in candidates}
    assert labels == {
        "kick.wav": "kit",
        os.path.join("hats", "open", "a.WAV"): "hats",
        os.path.join("hats", "closed.flac"): "hats",
        os.path.join("snares", "b.aiff"): "snares",
    }
    assert [candidate.path for candidate in candidates] == sorted(candidate.path for candidate in candidates)
    assert {why.reason for why in refused.values()} == {Reason.NOT_AUDIO}
    assert len(refused) == 3


def test_files_that_are_none(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "lost.wav").symlink_to(tmp_path / "nowhere.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    candidates, refused = find([tmp_path])
    assert candidates == []
    assert {os.path.basename(path): why.reason for path, why in refused.items()} == {
        "empty.wav": Reason.EMPTY,
        "lost.wav": Reason.CANNOT_OPEN,
        "pipe.wav": Reason.NOT_A_FILE,
    }


def test_links_round_in_a_circle(tmp_path, strike):
    (tmp_path / "a").mkdir()
    soundfile.write(tmp_path / "a" / "kick.wav", strike(), RATE)
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    candidates, _ = find([tmp_path / "a"])
    assert len(candidates) == 1


def test_a_file_named_twice_is_one(tmp_path, strike):
    soundfile.write(tmp_path / "kick.wav", strike(), RATE)
    candidates, _ = find([tmp_path / "kick.wav", tmp_path, tmp_path / "kick.wav"])
    assert len(candidates) == 1


def test_missing_and_empty_folders_are_told(tmp_path):
    with pytest.raises(UserError, match="no file or folder"):
        find([tmp_path / "nowhere"])
    with pytest.raises(UserError, match="no files in"):
        find([tmp_path])
