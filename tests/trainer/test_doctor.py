"""What `trainer prepare` says of a dataset: sets with one planted fault each, and a clean one."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import soxr

from trainer import doctor
from trainer.checkup import Measures
from trainer.cli import main
from trainer.doctor import EXPECTATIONS, Examined, diagnose

RATE = 44100


@pytest.fixture
def clean(tmp_path, drum):
    """A folder of ten different drums."""
    folder = tmp_path / "audio"
    folder.mkdir()
    for seed in range(10):
        soundfile.write(folder / f"drum{seed}.wav", drum(seed), RATE, "PCM_16")
    return folder


@pytest.fixture
def prepared(tmp_path, capsys):
    """Prepares a folder; gives the doctor's part of report.json, and what was printed."""

    def prepare(folder, *options):
        output = tmp_path / "set"
        capsys.readouterr()
        assert main(["prepare", str(folder), "-o", str(output), "--overwrite", *options]) == 0
        report = json.loads((output / "report.json").read_text())
        return report["doctor"], capsys.readouterr().out

    return prepare


def found(told):
    """The names of the files of each finding."""
    return {finding["kind"]: [path.rpartition("/")[2] for path in finding["where"]] for finding in told["findings"]}


def test_nothing_is_found_in_a_clean_set(clean, prepared):
    told, printed = prepared(clean)
    assert told["findings"] == []
    assert told["near_duplicates"] == []
    assert (told["clips"], told["compared"], told["different_sounds"]) == (10, 10, 10)
    assert told["labels"] == {"audio": 10}
    assert told["peaks_dbfs"]["loudest"] == pytest.approx(-1.94, abs=0.05)
    assert f"10 different sounds: {told['expect']}" in printed
    assert "labels" not in printed


def plant_clipping(folder, drum):
    soundfile.write(folder / "bad.wav", np.clip(6 * drum(50), -1, 1), RATE, "PCM_16")


def plant_dc(folder, drum):
    soundfile.write(folder / "bad.wav", drum(50) * 0.8 + 0.04, RATE)


def plant_silence(folder, drum):
    click = drum(50, 0.05)[: round(0.03 * RATE)]
    soundfile.write(folder / "bad.wav", np.concatenate([click, np.zeros(round(0.6 * RATE))]), RATE)


def plant_short(folder, drum):
    soundfile.write(folder / "bad.wav", drum(50)[: round(0.005 * RATE)], RATE)


def plant_quiet(folder, drum):
    soundfile.write(folder / "bad.wav", 0.005 * drum(50), RATE, "PCM_24")


@pytest.mark.parametrize(
    ("kind", "plant"),
    [
        ("clipping", plant_clipping),
        ("dc_offset", plant_dc),
        ("silence", plant_silence),
        ("very_short", plant_short),
        ("level_spread", plant_quiet),
    ],
)
def test_a_planted_fault_is_found_and_named(clean, prepared, drum, kind, plant):
    plant(clean, drum)
    told, printed = prepared(clean)
    assert found(told) == {kind: ["bad.wav"]}
    assert f"  {told['findings'][0]['words']}: bad.wav\n" in printed
    assert told["different_sounds"] == 11


def test_clipping_is_found_before_the_channels_are_mixed_and_the_rate_is_changed(clean, prepared, drum):
    loud = np.clip(6 * drum(50), -1, 1)
    soundfile.write(clean / "bad.wav", np.stack([loud, 0.2 * drum(50)], axis=1), RATE, "PCM_16")
    told, _ = prepared(clean, "--sample-rate", "32000", "--frames", "16384")
    assert found(told) == {"clipping": ["bad.wav"]}


def test_copies_are_found_and_counted_once(clean, prepared, drum):
    sound = drum(3)
    noise = np.random.default_rng(0).normal(0, 0.001, len(sound))
    soundfile.write(clean / "drum3 quieter.wav", 0.2 * sound, RATE)
    soundfile.write(clean / "drum3 noisy.flac", sound + noise, RATE)
    soundfile.write(clean / "drum3 at 48 kHz.wav", soxr.resample(sound, RATE, 48000), 48000)
    told, printed = prepared(clean)
    assert list(found(told)) == ["near_duplicates"]
    (group,) = told["near_duplicates"]
    assert sorted(path.rpartition("/")[2] for path in group) == [
        "drum3 at 48 kHz.wav",
        "drum3 noisy.flac",
        "drum3 quieter.wav",
        "drum3.wav",
    ]
    assert (told["clips"], told["different_sounds"]) == (13, 10)
    assert "10 different sounds: " in printed


def test_one_label_that_is_nearly_all(clean, prepared, drum):
    for label, seed in (("kicks", 60), ("hats", 61)):
        (clean / label).mkdir()
        soundfile.write(clean / label / f"{label}.wav", drum(seed), RATE)
    told, printed = prepared(clean)
    assert told["labels"] == {"audio": 10, "hats": 1, "kicks": 1}
    assert found(told) == {"imbalance": []}
    assert "83% of the clips are “audio”" in printed
    assert "labels: audio 10, hats 1, kicks 1" in printed


def test_the_label_is_the_top_folder_below_the_one_that_was_given(tmp_path, prepared, drum):
    for seed, place in enumerate(["hats/open/loud", "hats/closed", "kicks"]):
        (tmp_path / "packs" / place).mkdir(parents=True)
        soundfile.write(tmp_path / "packs" / place / f"{seed}.wav", drum(seed), RATE)
    told, _ = prepared(tmp_path / "packs")
    assert told["labels"] == {"hats": 2, "kicks": 1}


def test_clips_that_are_longer_than_their_sounds(clean, prepared):
    told, printed = prepared(clean, "--frames", "131072")
    (finding,) = (finding for finding in told["findings"] if finding["kind"] == "padding")
    assert "--frames 32768 trains faster" in finding["words"]
    assert finding["words"] in printed


def test_the_moments_of_a_song_are_named(tmp_path, prepared, music):
    loop = music(49152 / RATE, channels=1)  # as long as the step from clip to clip
    song = np.concatenate([music(8, channels=1, seed=9), *(loop * gain for gain in np.geomspace(0.5, 1, 16))])
    (tmp_path / "songs").mkdir()
    soundfile.write(tmp_path / "songs" / "song.flac", song[-16 * 49152 - 4 * 49152 :], RATE)
    told, _ = prepared(tmp_path / "songs")
    loops = max(told["near_duplicates"], key=len)
    assert len(loops) >= 14
    assert f"{tmp_path}/songs/song.flac at 5.6 s" in loops


def test_a_song_with_few_bad_moments_is_not_named(tmp_path, prepared, music):
    song = music(30, channels=1)
    song[: round(1.2 * RATE)] += 0.05
    (tmp_path / "songs").mkdir()
    soundfile.write(tmp_path / "songs" / "song.flac", song, RATE)
    told, _ = prepared(tmp_path / "songs")
    assert "dc_offset" not in found(told)


def test_the_worst_comes_first_and_the_screen_shows_little(clean, prepared, drum):
    for index in range(5):
        soundfile.write(clean / f"copy{index}.wav", (0.3 + 0.1 * index) * drum(4), RATE)
        soundfile.write(clean / f"loud{index}.wav", np.clip(6 * drum(70 + index), -1, 1), RATE, "PCM_16")
    plant_dc(clean, drum)
    told, printed = prepared(clean)
    assert list(found(told)) == ["clipping", "dc_offset", "near_duplicates"]
    assert len(found(told)["clipping"]) == 5
    assert "loud0.wav, loud1.wav, loud2.wav and 2 more" in printed
    assert len(printed.splitlines()) <= 10


def test_without_the_doctor(clean, tmp_path, capsys):
    assert main(["prepare", str(clean), "-o", str(tmp_path / "set"), "--no-doctor"]) == 0
    assert "different sounds" not in capsys.readouterr().out
    assert "doctor" not in json.loads((tmp_path / "set" / "report.json").read_text())
    assert not (tmp_path / "set" / "contact_sheet.png").exists()


def clips_with(fingerprints):
    return [
        Examined(f"{index}.wav", 0.0, "all", False, Measures(-3.0, 0.5, 0.9, 1.0, 0.0, bytes(cells)))
        for index, cells in enumerate(fingerprints)
    ]


def unlike(count):
    return np.random.default_rng(1).integers(1, 101, (count, 256)).astype(np.uint8)


@pytest.mark.parametrize(
    ("count", "row"), [(1, 0), (7, 0), (8, 1), (49, 1), (50, 2), (199, 2), (200, 3), (1999, 3), (2000, 4)]
)
def test_what_to_expect_follows_from_how_many_sounds_differ(count, row):
    assert diagnose(clips_with(np.repeat(unlike(count), 2, axis=0)), 32768).expect == EXPECTATIONS[row][1]


def test_of_very_many_clips_some_are_compared(monkeypatch):
    monkeypatch.setattr(doctor, "MOST_COMPARED", 20)
    diagnosis = diagnose(clips_with(unlike(100)), 32768)
    assert (diagnosis.clips, diagnosis.compared, diagnosis.different_sounds) == (100, 20, 20)
    compared = np.flatnonzero(diagnosis.group >= 0)
    assert (compared[0], compared[-1]) == (0, 99)
    assert np.diff(compared).max() <= 6
    assert (diagnosis.group[compared] == compared).all()
