import os
import struct
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import UserError
from engine.midi_file import read_midi_file


def song(path: Path, tracks: list[list[mido.Message]], kind: int = 1) -> Path:
    file = mido.MidiFile(type=kind, ticks_per_beat=480)
    for messages in tracks:
        file.tracks.append(mido.MidiTrack(messages))
    file.save(path)
    return path


def two_tracks(path: Path) -> Path:
    tempo = [mido.MetaMessage("set_tempo", tempo=500_000), mido.MetaMessage("set_tempo", tempo=1_000_000, time=480)]
    notes = [
        mido.Message("note_on", note=60, velocity=100),
        mido.Message("sysex", data=(1, 2, 3)),
        mido.Message("note_off", note=60, time=480),
        mido.Message("control_change", control=1, value=7, time=480),
    ]
    return song(path, [tempo, notes])


def test_tracks_are_merged_and_tempo_changes_followed(tmp_path: Path) -> None:
    events = read_midi_file(two_tracks(tmp_path / "a.mid"))
    assert [round(seconds, 6) for seconds, _ in events] == [0.0, 0.5, 1.5]
    assert [message for _, message in events] == [b"\x90\x3c\x64", b"\x80\x3c\x40", b"\xb0\x01\x07"]


@pytest.mark.parametrize(("division", "ticks_per_second"), [(0xE728, 25 * 40), (0xE350, 30000 / 1001 * 80)])
def test_smpte_time_is_followed(tmp_path: Path, division: int, ticks_per_second: float) -> None:
    # A note of 1,000 ticks; a tempo has no say in such a file.
    track = bytes.fromhex("00 ff5103 0f4240 00 903c64 8768 803c00 00 ff2f00")
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, division)
    path = tmp_path / "smpte.mid"
    path.write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + track)
    (begin, _), (end, _) = read_midi_file(path)
    assert begin == 0
    assert end == pytest.approx(1000 / ticks_per_second)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not a MIDI file"),
        (b"RIFF....WAVE", "not a MIDI file"),
        (b"MThd", "cut short"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0", "cut short|no notes"),
    ],
)
def test_what_is_no_midi_file_is_refused_in_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence) as caught:
        read_midi_file(path)
    assert "song.mid" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = two_tracks(tmp_path / "whole.mid").read_bytes()
    path = tmp_path / "cut.mid"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_midi_file(path)


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 200), value=st.integers(0, 255))
def test_damage_never_ends_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, place: int, value: int) -> None:
    path = two_tracks(tmp_path_factory.mktemp("damage") / "song.mid")
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    try:
        events = read_midi_file(path)
    except UserError:
        return
    assert all(1 <= len(message) <= 3 and message[0] >= 0x80 for _, message in events)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mid", tmp_path):
        with pytest.raises(UserError, match=path.name):
            read_midi_file(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
def test_a_pipe_and_a_device_are_not_read_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mid")
    for path in (tmp_path / "pipe.mid", Path("/dev/zero")):
        with pytest.raises(UserError, match=f"{path.name} is not a MIDI file"):
            read_midi_file(path)


def test_a_file_without_notes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no notes"):
        read_midi_file(song(tmp_path / "empty.mid", [[mido.MetaMessage("track_name", name="x")]]))


def test_running_status_sysex_and_system_messages(tmp_path: Path) -> None:
    track = (
        b"\x00\x90\x3c\x64"
        b"\x10\x3e\x64"  # the second note by running status
        b"\x00\xf0\x03\x01\x02\xf7"  # a system exclusive message between
        b"\x10\xb0\x40\x7f"
        b"\x10\x40\x00"
        b"\x00\xff\x2f\x00"
    )
    path = tmp_path / "running.mid"
    path.write_bytes(
        b"MThd" + (6).to_bytes(4, "big") + bytes((0, 0, 0, 1, 0, 96)) + b"MTrk" + len(track).to_bytes(4, "big") + track
    )
    messages = [message for _, message in read_midi_file(path)]
    assert messages == [bytes(m) for m in ((0x90, 60, 100), (0x90, 62, 100), (0xB0, 64, 127), (0xB0, 64, 0))]
