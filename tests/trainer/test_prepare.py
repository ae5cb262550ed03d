"""`trainer prepare` from folders to datasets, through its command line."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
import soundfile

from trainer import prepare as prepare_module
from trainer import workers
from trainer.cli import main
from trainer.dataset import Dataset
from trainer.unused import Reason, Unusable

RATE = 44100


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "audio").mkdir()
    return tmp_path / "audio"


@pytest.fixture
def output(tmp_path):
    return tmp_path / "set"


def report_of(output):
    return json.loads((output / "report.json").read_text())


def clip_lines(output):
    return [json.loads(line) for line in (output / "clips.jsonl").read_text().splitlines()]


def fails(capsys, *arguments):
    """Runs a preparation that must fail, and returns its one sentence."""
    capsys.readouterr()
    assert main(["prepare", *map(str, arguments)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "Traceback" not in error
    return error


def test_one_shots(folder, output, strike, capsys):
    for index, name in enumerate(["kicks/a.wav", "kicks/b.flac", "hats/c.aiff", "d.ogg"]):
        (folder / name).parent.mkdir(exist_ok=True)
        soundfile.write(folder / name, strike(0.4, pitch=100 * (index + 1), before=0.2), RATE)
    assert main(["prepare", str(folder), "-o", str(output)]) == 0
    dataset = Dataset.open(output)
    assert (len(dataset), dataset.channels, dataset.clip_frames, dataset.sample_rate) == (4, 1, 32768, 44100)
    lines = clip_lines(output)
    assert [line["label"] for line in lines] == ["audio", "hats", "kicks", "kicks"]
    assert [line["source"] for line in lines] == sorted(line["source"] for line in lines)
    for clip, line in zip(dataset.clips, lines, strict=True):
        assert line["offset"] == pytest.approx(0.2, abs=0.005)
        assert np.abs(clip).max() == pytest.approx(0.8, abs=0.1)
        assert not clip[:, round(0.6 * 44100) :].any()
    printed = capsys.readouterr().out
    assert "4 files taken as one-shots" in printed


def test_songs(folder, output, music, capsys):
    soundfile.write(folder / "song.flac", music(61), RATE)
    assert main(["prepare", str(folder), "-o", str(output), "--channels", "2"]) == 0
    dataset = Dataset.open(output)
    assert (dataset.channels, dataset.clip_frames, dataset.sample_rate) == (2, 65536, 44100)
    offsets = [line["offset"] for line in clip_lines(output)]
    assert offsets[:3] == pytest.approx([0, 49152 / 44100, 2 * 49152 / 44100], abs=1e-6)
    assert offsets[-1] + 65536 / 44100 == pytest.approx(61, abs=0.001)
    assert len(dataset) == len(offsets) == 55
    assert "1 file taken as songs: longer than 15 s" in capsys.readouterr().out


def test_a_clip_is_the_audio_at_its_offset(folder, output, music):
    audio = music(20, 16000, channels=1)
    soundfile.write(folder / "song.wav", audio, 16000, "FLOAT")
    assert main(["prepare", str(folder), "-o", str(output), "--frames", "16384", "--sample-rate", "16000"]) == 0
    edge = 80
    for clip, line in zip(Dataset.open(output).clips, clip_lines(output), strict=True):
        start = round(line["offset"] * 16000)
        np.testing.assert_array_equal(clip[0, edge:-edge], audio[start : start + 16384][edge:-edge, 0])


def test_auto_decides_for_each_file_and_says_so(folder, output, strike, music, capsys):
    for index in range(3):
        soundfile.write(folder / f"hit{index}.wav", strike(0.5, pitch=100 + index), RATE)
    soundfile.write(folder / "song.wav", music(20), RATE)
    assert main(["prepare", str(folder), "-o", str(output)]) == 0
    modes = Counter(used["mode"] for used in report_of(output)["used"])
    assert modes == {"one-shots": 3, "songs": 1}
    assert Dataset.open(output).clip_frames == 32768
    printed = capsys.readouterr().out
    assert "3 files taken as one-shots" in printed
    assert "1 file taken as songs" in printed


def test_the_mode_can_be_forced(folder, output, music):
    soundfile.write(folder / "song.wav", music(20), RATE)
    assert main(["prepare", str(folder), "-o", str(output), "--mode", "one-shots"]) == 0
    assert len(Dataset.open(output)) == 1


def test_seconds_are_rounded_up_and_that_is_said(folder, output, strike, capsys):
    soundfile.write(folder / "a.wav", strike(), RATE)
    assert main(["prepare", str(folder), "-o", str(output), "--seconds", "0.5"]) == 0
    assert Dataset.open(output).clip_frames == 32768
    assert "32768 frames: 0.74 s" in capsys.readouterr().out


def test_clips_that_are_too_long_are_refused(folder, output, strike, capsys):
    soundfile.write(folder / "a.wav", strike(), RATE)
    assert "longest are 5.94 s" in fails(capsys, folder, "-o", output, "--seconds", "17")


WRONG_USE = """
--frames 1000
--channels 3
--sample-rate 0
--seconds -1
--seconds x
--mode loops
--seconds 1 --frames 16384
"""


@pytest.mark.parametrize("wrong", WRONG_USE.strip().splitlines())
def test_wrong_use_exits_with_2(folder, output, wrong):
    with pytest.raises(SystemExit) as caught:
        main(["prepare", str(folder), "-o", str(output), *wrong.split()])
    assert caught.value.code == 2


def make_bad_files(folder, strike, music):
    """One file for each reason, by its name."""
    (folder / "text.wav").write_text("la la la\n" * 50)
    (folder / "notes.txt").write_text("not audio")
    (folder / "zero bytes.wav").touch()
    soundfile.write(folder / "no frames.wav", np.zeros((0, 1)), RATE)
    soundfile.write(folder / "truncated.wav", music(5), RATE)
    os.truncate(folder / "truncated.wav", 100_000)
    wrong = strike()
    wrong[500] = np.nan
    soundfile.write(folder / "nan.wav", wrong, RATE, "FLOAT")
    soundfile.write(folder / "silence.wav", np.zeros(RATE), RATE)
    (folder / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(5000))
    return {
        "text.wav": Reason.UNREADABLE,
        "notes.txt": Reason.NOT_AUDIO,
        "zero bytes.wav": Reason.EMPTY,
        "no frames.wav": Reason.EMPTY,
        "truncated.wav": Reason.CUT_SHORT,
        "nan.wav": Reason.NOT_NUMBERS,
        "silence.wav": Reason.SILENT,
        "noise.mp3": Reason.UNREADABLE,
    }


def test_bad_files_are_listed_and_stop_nothing(folder, output, strike, music, capsys):
    expected = make_bad_files(folder, strike, music)
    soundfile.write(folder / "good.wav", strike(), RATE)
    assert main(["prepare", str(folder), "-o", str(output)]) == 0
    report = report_of(output)
    assert {os.path.basename(entry["file"]): entry["reason"] for entry in report["unused"]} == expected
    assert [os.path.basename(used["file"]) for used in report["used"]] == ["good.wav"]
    assert len(Dataset.open(output)) == 1
    captured = capsys.readouterr()
    assert "8 files not used" in captured.out
    for reason in expected.values():
        assert reason in captured.out
    assert captured.err == ""


@pytest.mark.parametrize("name", ["text.wav", "notes.txt", "zero bytes.wav", "truncated.wav", "nan.wav", "silence.wav"])
def test_one_bad_file_alone_is_told_in_a_sentence(folder, output, strike, music, capsys, name):
    expected = make_bad_files(folder, strike, music)
    error = fails(capsys, folder / name, "-o", output)
    assert name in error
    assert expected[name] in error
    assert os.listdir(output.parent) == ["audio"]


def test_a_missing_folder(tmp_path, output, capsys):
    assert "no file or folder" in fails(capsys, tmp_path / "nowhere", "-o", output)


def test_an_empty_folder(folder, output, capsys):
    assert "no files" in fails(capsys, folder, "-o", output)


def test_no_folder_for_the_output(folder, tmp_path, strike, capsys):
    soundfile.write(folder / "a.wav", strike(), RATE)
    assert "does not exist" in fails(capsys, folder, "-o", tmp_path / "nowhere" / "set")


def test_an_output_that_exists(folder, output, strike, capsys):
    soundfile.write(folder / "a.wav", strike(), RATE)
    assert main(["prepare", str(folder), "-o", str(output)]) == 0
    digest = Dataset.open(output).digest
    assert "--overwrite" in fails(capsys, folder, "-o", output)
    assert "not a dataset" in fails(capsys, folder, "-o", folder, "--overwrite")
    assert os.listdir(folder) == ["a.wav"]
    soundfile.write(folder / "b.wav", strike(0.3), RATE)
    assert main(["prepare", str(folder), "-o", str(output), "--overwrite"]) == 0
    assert Dataset.open(output).digest != digest


def test_exact_duplicates_are_dropped_and_reported(folder, output, strike, music, capsys):
    soundfile.write(folder / "a.wav", strike(), RATE)
    soundfile.write(folder / "b copy.flac", soundfile.read(folder / "a.wav", dtype="int16")[0], RATE)
    soundfile.write(folder / "c.wav", strike(pitch=300), RATE)
    period = music(4096 / RATE, channels=1)
    soundfile.write(folder / "loop.wav", np.tile(period, (180, 1)), RATE)
    options = ["--frames", "16384", "--sample-rate", str(RATE)]
    assert main(["prepare", str(folder), "-o", str(output), *options]) == 0
    report = report_of(output)
    (twin,) = report["unused"]
    assert twin["file"].endswith("b copy.flac")
    assert twin["reason"] == Reason.DUPLICATE
    assert twin["detail"].endswith("a.wav")
    dataset = Dataset.open(output)
    assert len({clip.tobytes() for clip in dataset.clips}) == len(dataset)
    assert report["duplicate_clips"] > 40
    assert "exact duplicates dropped" in capsys.readouterr().out


def test_the_result_does_not_depend_on_the_processes(folder, tmp_path, strike, music):
    for index in range(40):
        soundfile.write(folder / f"{index}.wav", strike(0.2, pitch=100 + index), RATE)
    soundfile.write(folder / "a song.wav", music(20), RATE)
    digests = []
    for processes in (1, 3):
        settings = prepare_module.Settings(processes=processes)
        prepare_module.prepare([folder], tmp_path / f"set{processes}", settings)
        digests.append(Dataset.open(tmp_path / f"set{processes}").digest)
    assert digests[0] == digests[1]
    first, second = (clip_lines(tmp_path / f"set{processes}") for processes in (1, 3))
    assert first == second


def test_json(folder, output, strike, capsys):
    soundfile.write(folder / "a.wav", strike(), RATE)
    (folder / "cover.png").write_bytes(b"png")
    assert main(["prepare", str(folder), "-o", str(output), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["clips"] == 1
    assert printed["unused"][0]["reason"] == Reason.NOT_AUDIO
    assert printed == {"dataset": str(output), **report_of(output)}


def test_names_of_any_bytes(folder, output, strike, capsys):
    name = os.fsencode(folder) + b"/sn\xe4re \n.wav"
    with open(name, "wb") as file:
        soundfile.write(file, strike(), RATE, format="WAV")
    with open(os.fsencode(folder) + b"/\xff.wav", "wb"):
        pass
    assert main(["prepare", str(folder), "-o", str(output), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["clips"] == 1
    assert main(["prepare", str(folder), "-o", str(output), "--overwrite"]) == 0


def crash_on_some(task):
    if "deadly" in task.candidate.path:
        os.abort()
    return prepare_module._prepare_file(task)


def test_a_decoder_that_crashes_costs_one_file(folder, output, strike, monkeypatch):
    for name in ("a", "deadly", "z"):
        soundfile.write(folder / f"{name}.wav", strike(pitch=100 + ord(name[0])), RATE)
    ordered_map = workers.ordered_map

    def with_crashes(work, *arguments):
        return ordered_map(crash_on_some if work is prepare_module._prepare_file else work, *arguments)

    monkeypatch.setattr(workers, "ordered_map", with_crashes)
    assert main(["prepare", str(folder), "-o", str(output)]) == 0
    report = report_of(output)
    assert [(os.path.basename(entry["file"]), entry["reason"]) for entry in report["unused"]] == [
        ("deadly.wav", Reason.CRASHED)
    ]
    assert len(Dataset.open(output)) == 2


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("kind", ["song", "one-shots"])
def test_a_full_disk(folder, small_disk, strike, music, capsys, kind):
    if kind == "song":
        soundfile.write(folder / "song.wav", music(60), RATE)
    else:
        for index in range(60):
            soundfile.write(folder / f"{index}.wav", strike(0.3, pitch=100 + index), RATE)
    error = fails(capsys, folder, "-o", small_disk / "set")
    assert "disk is full" in error
    assert os.listdir(small_disk) == []


def test_ctrl_c_leaves_nothing(folder, output, music):
    for index in range(4):
        soundfile.write(folder / f"{index}.wav", music(60, seed=index), RATE)

    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        prepare_module.prepare([folder], output, progress=interrupt)
    assert os.listdir(output.parent) == ["audio"]
    assert multiprocessing.active_children() == []
    assert time.monotonic() - started < 30


def test_progress_ends_at_the_whole(folder, output, strike):
    sizes = []
    for index in range(3):
        soundfile.write(folder / f"{index}.wav", strike(0.2, pitch=100 + index), RATE)
        sizes.append((folder / f"{index}.wav").stat().st_size)
    seen = []
    prepare_module.prepare([folder], output, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, sum(sizes))
    assert seen[-1] == (sum(sizes), sum(sizes))
    assert seen == sorted(seen)


def test_memory_does_not_grow_with_the_audio(tmp_path, folder):
    """The largest resident size of parent and workers, with 1 and with 20 minutes of audio."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (8000 * 60, 1))
    measure = (
        "import resource, sys; from trainer.cli import main; code = main(sys.argv[1:]);"
        "sizes = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)];"
        "print(*sizes); sys.exit(code)"
    )

    def largest(minutes):
        path = folder / f"{minutes}.wav"
        with soundfile.SoundFile(path, "w", 8000, 1) as file:
            for _ in range(minutes):
                file.write(noise)
        arguments = ["prepare", path, "-o", tmp_path / f"set{minutes}", "--sample-rate", "48000", "--channels", "2"]
        run = subprocess.run([sys.executable, "-c", measure, *arguments], capture_output=True, text=True, check=True)
        return [int(size) / 1024 for size in run.stdout.splitlines()[-1].split()]

    for short, long in zip(largest(1), largest(20), strict=True):
        assert long - short < 24


def test_unusable_survives_the_way_from_a_worker():
    (back,) = workers.ordered_map(unusable, [["x"]], lambda _: None)
    assert (back.reason, back.detail) == (Reason.CUT_SHORT, "x")


def unusable(detail):
    return Unusable(Reason.CUT_SHORT, detail)


def test_help_is_fast_because_it_imports_nothing_heavy():
    heavy = "numpy soundfile soxr av torch rich matplotlib"
    code = (
        "import sys; from trainer.cli import main\n"
        "try: main(['prepare', '--help'])\n"
        f"finally: assert not set({heavy!r}.split()) & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
