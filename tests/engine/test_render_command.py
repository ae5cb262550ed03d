"""`engine render`, run as the user runs it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from engine.cli import main
from engine.data import bundled_folder


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Two notes, the first after half a second; at 120 beats a minute a tick is a millisecond."""
    file = mido.MidiFile(ticks_per_beat=500)
    notes = [
        mido.Message("note_on", note=60, velocity=127, time=500),
        mido.Message("note_off", note=60, time=300),
        mido.Message("note_on", note=64, velocity=127, time=700),
        mido.Message("note_off", note=64, time=500),
    ]
    file.tracks.append(mido.MidiTrack(notes))
    file.save(tmp_path / "song.mid")
    return tmp_path / "song.mid"


def refused(capsys: pytest.CaptureFixture[str], *argv: object) -> str:
    """The one sentence with which the command fails."""
    assert main([str(word) for word in ("render", *argv)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("engine render: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_it_writes_a_wav_file_and_says_so(song: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = song.with_name("out.wav")
    assert main(["render", str(song), str(tiny_path), "-o", str(out), "--rate", "44100", "--tail", "1"]) == 0
    info = soundfile.info(out)
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("WAV", "PCM_24", 44100, 2)
    assert info.frames == 3 * 44100
    audio, _ = soundfile.read(out)
    assert not audio[: 44100 // 2].any()
    assert np.abs(audio[44100 // 2 :][: 44100 // 4]).max() > 0.1
    assert np.abs(audio).max() <= 1
    text = capsys.readouterr().out
    assert f"{out}: 3.0 s" in text
    assert "× real time" in text


def test_a_song_off_the_keys_is_said_to_be_silent(
    tmp_path: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = mido.MidiFile()
    file.tracks.append(mido.MidiTrack([mido.Message("note_on", note=20, velocity=127)]))
    file.save(tmp_path / "low.mid")
    assert main(["render", str(tmp_path / "low.mid"), str(tiny_path), "-o", str(tmp_path / "out.wav")]) == 0
    assert "no note of the song meets a key of the preset (36-96)" in capsys.readouterr().out


def test_json_says_what_was_written(song: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = song.with_name("out.wav")
    assert main(["render", str(song), str(tiny_path), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    audio, rate = soundfile.read(out)
    assert told["output"] == str(out)
    assert told["rate"] == rate == 48000
    assert told["seconds"] == len(audio) / rate == 5
    assert told["peak"] == pytest.approx(np.abs(audio).max(), abs=1e-6)
    assert told["times_real_time"] == pytest.approx(told["seconds"] / told["taken_seconds"])


def test_two_processes_write_the_same_file(song: Path, tiny_path: Path) -> None:
    digests = set()
    for name, block in (("a.wav", "512"), ("b.wav", "512")):
        out = song.with_name(name)
        call: list[str | Path] = [
            Path(sys.executable).parent / "engine",
            "render",
            song,
            tiny_path,
            "-o",
            out,
            "--block",
            block,
        ]
        subprocess.run(call, check=True, capture_output=True)
        digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_the_bundled_drums_play_the_demo_faster_than_real_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    groove = bundled_folder() / "grooves" / "demo.mid"
    out = tmp_path / "demo.wav"
    assert main(["render", str(groove), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["times_real_time"] > 1
    assert 0.05 < told["peak"] <= 1


def test_audio_that_a_wav_file_cannot_hold_is_said(
    song: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loud = song.with_name("loud.toml")
    loud.write_text(
        'format = 1\nname = "Loud"\ninstrument = "tiny.onnx"\n[play]\nmaster_gain_db = 12\nlimiter = false\n'
        '[[zone]]\nname = "a"\nkeys = "60-72"\nsource = "seeds"\n'
    )
    out = song.with_name("out.wav")
    assert main(["render", str(song), str(loud), "-o", str(out)]) == 0
    assert "louder than a WAV file holds" in capsys.readouterr().out
    assert np.abs(soundfile.read(out)[0]).max() <= 1
    loud.write_text(loud.read_text().replace("limiter = false", "limiter = true"))
    assert main(["render", str(song), str(loud), "-o", str(out)]) == 0
    assert "louder" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "words"),
    [("out.mp3", "must end in .wav"), ("nowhere/out.wav", "nowhere does not exist"), ("folder.wav", "is a folder")],
)
def test_an_output_that_cannot_be(
    song: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    song.with_name("folder.wav").mkdir()
    before = sorted(song.parent.rglob("*"))
    assert words in refused(capsys, song, tiny_path, "-o", song.parent / name)
    assert sorted(song.parent.rglob("*")) == before


def test_a_failure_leaves_an_earlier_file_as_it_was(
    song: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = song.with_name("out.wav")
    out.write_bytes(b"an earlier rendering")
    cut = song.with_name("cut.mid")
    cut.write_bytes(song.read_bytes()[:-6])
    before = sorted(song.parent.iterdir())
    for words in ((cut, tiny_path), (song, cut), (song, song.with_name("none.toml")), (song, tiny_path, "--rate", "1")):
        refused(capsys, *words, "-o", out)
        assert out.read_bytes() == b"an earlier rendering"
        assert sorted(song.parent.iterdir()) == before


def test_a_full_disk(song: Path, tiny_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = song.with_name("small")
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        (place / "out.wav").write_bytes(b"an earlier rendering")
        text = refused(capsys, song, tiny_path, "-o", place / "out.wav", "--tail", "10")
        assert "The disk is full" in text
        assert [path.name for path in place.iterdir()] == ["out.wav"]
        assert (place / "out.wav").read_bytes() == b"an earlier rendering"
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("option", [("--rate", "fast"), ("--block", "1.5"), ("--tail", "long"), ("--loud",)])
def test_wrong_use(song: Path, option: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["render", str(song), "-o", "out.wav", *option])
    assert caught.value.code == 2
    assert option[0] in capsys.readouterr().err
