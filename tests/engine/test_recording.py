"""`--record`: every frame that was rendered, in a file that is whole whatever happens; what cannot be is said."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click_instrument import write_click_preset
from engine_process import EngineProcess
from sampler_rig import LOOP, RATE, Audio, Rig, clip, noise, on, zone

from engine import _native
from engine.errors import UserError
from engine.recording import Recording, check_recording

STEP = 2.0**-23  # of 24 bits
DEADLINE_S = 20.0


def make_callback() -> _native.AudioCallback:
    """A sampler that sounds for ever, differently on each side."""
    made = clip(1, noise(1, 4 * _native.BLOCK_FRAMES, channels=2))
    rig = Rig([zone([60], mode=LOOP, velocity_track=0.0)], {(0, 60, 0): made})
    rig.sampler.process([(0, on(60))], 64)
    return _native.AudioCallback(rig.sampler, RATE, 0.005)


def render(callback: _native.AudioCallback, blocks: list[int]) -> Audio:
    return np.concatenate([callback.render(frames, 10**9) for frames in blocks])


# ——— the ring ———


def test_the_ring_holds_every_frame_in_order_round_its_end() -> None:
    callback = make_callback()
    ring = _native.RecordingRing(1000)
    render(callback, [64])  # before the recording
    callback.record(ring)
    draw = np.random.default_rng(1)
    for _ in range(50):
        expected = render(callback, [int(frames) for frames in draw.integers(1, 300, 3)])
        np.testing.assert_array_equal(ring.read(), expected)
    assert len(ring.read()) == 0
    assert ring.dropped == 0
    callback.record(None)
    render(callback, [64])
    assert len(ring.read()) == 0


def test_a_full_ring_leaves_out_whole_blocks_and_counts_their_frames() -> None:
    callback = make_callback()
    ring = _native.RecordingRing(1024)
    callback.record(ring)
    kept = render(callback, [500, 500])
    render(callback, [500])
    kept = np.concatenate([kept, render(callback, [24])])
    render(callback, [1])
    assert ring.dropped == 501
    np.testing.assert_array_equal(ring.read(), kept)
    np.testing.assert_array_equal(render(callback, [500]), ring.read())


# ——— the file ———


@pytest.mark.parametrize(("name", "form"), [("take.wav", "WAV"), ("take.FLAC", "FLAC")])
def test_the_file_holds_what_was_rendered_from_start_to_close(tmp_path: Path, name: str, form: str) -> None:
    callback = make_callback()
    recording = Recording(tmp_path / name, callback, RATE)
    render(callback, [100])
    recording.start()
    rendered = [render(callback, [128, 17]) for _ in range(200)]
    (said,) = recording.close()
    assert said == f"Recorded 0 min 0.6 s to {tmp_path / name}."
    render(callback, [100])
    assert os.listdir(tmp_path) == [name]
    info = soundfile.info(tmp_path / name)
    assert (info.format.replace("WAVEX", "WAV"), info.subtype, info.samplerate) == (form, "PCM_24", RATE)
    audio, _ = soundfile.read(tmp_path / name, dtype="float32")
    np.testing.assert_allclose(audio, np.concatenate(rendered), rtol=0, atol=STEP)


def test_a_recording_that_was_not_started_leaves_nothing(tmp_path: Path) -> None:
    assert Recording(tmp_path / "take.wav", make_callback(), RATE).close() == []
    assert os.listdir(tmp_path) == []


def test_what_could_not_be_kept_up_with_is_said(tmp_path: Path) -> None:
    callback = make_callback()
    recording = Recording(tmp_path / "take.wav", callback, RATE, room_seconds=0.01)
    recording.start()
    render(callback, [4800])
    said = recording.close()
    assert said[0] == "The disk was too slow for the recording: 0.10 s are missing in it."
    assert "Recorded 0 min 0.0 s" in said[1]


def test_a_file_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    callback = make_callback()
    recording = Recording(tmp_path / "take.wav", callback, RATE)
    recording.start()
    render(callback, [480])
    (tmp_path / "take.wav").write_text("another's")
    (said,) = recording.close()
    assert (tmp_path / "take.wav").read_text() == "another's"
    assert said.endswith(f"{tmp_path / 'take.part1.wav'}.")
    assert soundfile.info(tmp_path / "take.part1.wav").frames == 480


def test_what_a_killed_engine_has_left_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "take.part1.wav").write_text("a take that was cut off")
    recording = Recording(tmp_path / "take.wav", make_callback(), RATE)
    recording.start()
    recording.close()
    assert sorted(os.listdir(tmp_path)) == ["take.part1.wav", "take.wav"]
    assert (tmp_path / "take.part1.wav").read_text() == "a take that was cut off"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("take.mp3", r"must end in \.wav or \.flac, so --record cannot be .*take\.mp3"),
        ("take", r"must end in \.wav or \.flac"),
        ("no/such/take.wav", r"The folder .*no/such does not exist"),
        ("there.wav", r"there\.wav is there already; choose another name"),
    ],
)
def test_what_cannot_be_recorded_to_is_refused(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "there.wav").touch()
    with pytest.raises(UserError, match=sentence):
        check_recording(tmp_path / name)


def test_a_rate_that_the_format_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"A \.flac file cannot be recorded at 768000 Hz; choose \.wav\."):
        Recording(tmp_path / "take.flac", make_callback(), 768000)
    assert os.listdir(tmp_path) == []


def test_a_wav_of_more_than_four_gigabytes_stays_readable(tmp_path: Path) -> None:
    """The file has a hole of four gigabytes, so that none of them are written."""
    path = tmp_path / "take.wav"
    recording = Recording(path, make_callback(), RATE)
    frames = 2**32 // 6 + 1000
    recording._file.write(np.zeros((1, 2), np.float32))
    recording._file.seek(frames - 1)
    recording._file.write(np.full((1, 2), 0.25, np.float32))
    recording._file.close()
    with soundfile.SoundFile(tmp_path / "take.part1.wav") as file:
        assert file.frames == frames
        file.seek(frames - 1)
        assert file.read(1)[0, 0] == 0.25


# ——— the whole engine ———


def recorded_seconds(path: Path) -> float:
    info = soundfile.info(path)
    return float(info.frames / info.samplerate)


def wait_for_size(folder: Path, pattern: str, size: int) -> Path:
    end = time.monotonic() + DEADLINE_S
    while True:
        for path in folder.glob(pattern):
            if path.stat().st_size >= size:
                return path
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_complete_the_file(tmp_path: Path, number: signal.Signals) -> None:
    preset = write_click_preset(tmp_path, keys="35-59")
    path = tmp_path / "take.wav"
    with EngineProcess("play", str(preset), "--audio", "null", "--demo", "--record", str(path)) as engine:
        engine.wait_for(f"Recording to {path}.")
        wait_for_size(tmp_path, "take.part*.wav", 200_000)
        assert not path.exists()
        engine.process.send_signal(number)
        assert engine.process.wait(DEADLINE_S) == 0
        assert engine.lines[-1] == "Goodbye."
        assert f"to {path}." in engine.lines[-2]
    assert not list(tmp_path.glob("take.part*"))
    audio, _ = soundfile.read(path)
    assert len(audio) > 30_000
    assert np.abs(audio).max() > 0.005


def test_a_kill_leaves_a_file_that_can_be_played(tmp_path: Path) -> None:
    preset = write_click_preset(tmp_path, keys="35-59")
    path = tmp_path / "take.wav"
    with EngineProcess("play", str(preset), "--audio", "null", "--demo", "--record", str(path)) as engine:
        engine.wait_ready()
        left = wait_for_size(tmp_path, "take.part*.wav", 200_000)
        engine.process.kill()
        engine.process.wait()
    assert not path.exists()
    assert recorded_seconds(left) > 0.6
    with left.open("rb") as file:  # a player that believes the header has to find the audio too
        assert int.from_bytes(file.read(8)[4:], "little") >= 150_000


def test_a_full_disk_is_said_once_keeps_the_file_and_playing_goes_on(tmp_path: Path) -> None:
    preset = write_click_preset(tmp_path, keys="35-59")
    path = tmp_path / "take.wav"
    with EngineProcess("play", str(preset), "--audio", "null", "--demo", "--record", str(path)) as engine:
        engine.wait_ready()
        resource.prlimit(engine.process.pid, resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        engine.wait_for("could not be written further; is the disk full?")
        engine.wait_for(f"to {path}.")
        notes = engine.counters()["notes"]
        end = time.monotonic() + DEADLINE_S
        while engine.counters()["notes"] < notes + 5:
            assert time.monotonic() < end
            time.sleep(0.05)
        engine.interrupt()
        assert engine.process.returncode == 0
        assert sum("written further" in line or "Recorded" in line for line in engine.lines) == 2
    assert 0.5 < recorded_seconds(path) <= 300_000 / 6 / RATE


def test_the_engine_refuses_a_file_that_is_there(tmp_path: Path) -> None:
    preset = write_click_preset(tmp_path, keys="35-59")
    (tmp_path / "take.wav").write_text("mine")
    command = ["play", str(preset), "--audio", "null", "--record", str(tmp_path / "take.wav")]
    code = "import sys, engine.cli; raise SystemExit(engine.cli.main(sys.argv[1:]))"
    result = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, timeout=60)
    assert result.returncode == 1
    assert result.stderr.startswith("engine play: ")
    assert "is there already" in result.stderr
    assert (tmp_path / "take.wav").read_text() == "mine"
