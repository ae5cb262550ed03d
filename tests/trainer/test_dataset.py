"""The dataset folder: written in a stream, whole or not at all, and read with clear words for what is wrong."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UserError
from trainer import dataset
from trainer.dataset import Dataset


@pytest.fixture
def clips():
    return np.random.default_rng(1).uniform(-1, 1, (3, 2, 16384)).astype(np.float32)


def test_what_is_written_is_read(tmp_path, clips):
    dataset.write(tmp_path / "set", clips, 22050)
    opened = Dataset.open(tmp_path / "set")
    assert (len(opened), opened.channels, opened.clip_frames, opened.sample_rate) == (3, 2, 16384, 22050)
    assert isinstance(opened.clips, np.memmap)
    np.testing.assert_array_equal(opened.clips, clips)


def resident(path):
    """Kilobytes of a mapped file that count as this process's memory."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    return sum(
        int(next(line for line in lines if line.startswith("Rss:")).split()[1]) for line in lines if path in line
    )


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the system does not tell what is mapped")
def test_the_memory_of_what_was_read_is_given_back_and_it_can_be_read_again(tmp_path, clips):
    opened = dataset.write(tmp_path / "set", clips, 22050)
    path = str(tmp_path / "set" / "clips.npy")
    assert opened.clips.any()
    assert resident(path) * 1024 >= clips.nbytes
    dataset.forget(opened.clips)
    assert resident(path) == 0
    np.testing.assert_array_equal(opened.clips, clips)
    dataset.forget(clips)  # in memory, they stay
    np.testing.assert_array_equal(opened.clips, clips)


def test_the_digest_names_the_audio(tmp_path, clips):
    first = dataset.write(tmp_path / "a", clips, 16000)
    assert dataset.write(tmp_path / "b", clips, 16000).digest == first.digest
    assert dataset.write(tmp_path / "c", clips[::-1], 16000).digest != first.digest


def test_any_count_fits_the_header(tmp_path, clips):
    with dataset.building(tmp_path / "set") as folder:
        writer = dataset.DatasetWriter(folder, 16000, 2, 16384)
        with contextlib.closing(writer):
            for index in range(123):
                writer.add(clips[index % 3].tobytes(), {"source": "x", "digest": f"{index:064x}"})
            writer.finish("songs", {})
    opened = Dataset.open(tmp_path / "set")
    assert len(opened) == 123
    np.testing.assert_array_equal(opened.clips[122], clips[122 % 3])
    assert len((tmp_path / "set" / "clips.jsonl").read_text().splitlines()) == 123


def test_a_failure_leaves_nothing(tmp_path):
    def break_off():
        with dataset.building(tmp_path / "set") as folder:
            (folder / "clips.npy").write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_old_dataset(tmp_path, clips):
    old = dataset.write(tmp_path / "set", clips, 16000)
    with pytest.raises(RuntimeError), dataset.building(tmp_path / "set", overwrite=True):
        raise RuntimeError
    assert Dataset.open(tmp_path / "set").digest == old.digest
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_dataset_is_replaced_only_when_told_to(tmp_path, clips):
    dataset.write(tmp_path / "set", clips, 16000)
    with pytest.raises(UserError, match="--overwrite"):
        dataset.write(tmp_path / "set", clips[:1], 16000)
    assert len(Dataset.open(tmp_path / "set")) == 3
    dataset.write(tmp_path / "set", clips[:1], 16000, overwrite=True)
    assert len(Dataset.open(tmp_path / "set")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_folder_of_something_else_is_never_touched(tmp_path, clips):
    (tmp_path / "song").mkdir()
    (tmp_path / "song" / "mix.wav").write_bytes(b"precious")
    with pytest.raises(UserError, match="not a dataset"):
        dataset.write(tmp_path / "song", clips, 16000, overwrite=True)
    assert (tmp_path / "song" / "mix.wav").read_bytes() == b"precious"
    with pytest.raises(UserError, match="not a dataset"):
        dataset.write(tmp_path / "song" / "mix.wav", clips, 16000, overwrite=True)


def test_an_empty_folder_may_be_filled(tmp_path, clips):
    (tmp_path / "set").mkdir()
    assert len(dataset.write(tmp_path / "set", clips, 16000)) == 3


def test_no_folder_around_it(tmp_path, clips):
    with pytest.raises(UserError, match="does not exist"):
        dataset.write(tmp_path / "nowhere" / "set", clips, 16000)


def damage_head(folder):
    (folder / "dataset.json").write_text("{")


def damage_count(folder):
    head = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps({**head, "clip_count": 7}))


def drop_field(folder):
    head = json.loads((folder / "dataset.json").read_text())
    del head["sample_rate"]
    (folder / "dataset.json").write_text(json.dumps(head))


def cut_clips(folder):
    data = (folder / "clips.npy").read_bytes()
    (folder / "clips.npy").write_bytes(data[: len(data) // 2])


def empty_clips(folder):
    (folder / "clips.npy").write_bytes(b"")


def remove_clips(folder):
    (folder / "clips.npy").unlink()


def swap_clips(folder):
    np.save(folder / "clips.npy", np.zeros((3, 2, 16384)))


@pytest.mark.parametrize(
    "damage", [damage_head, damage_count, drop_field, cut_clips, empty_clips, remove_clips, swap_clips]
)
def test_damage_is_told(tmp_path, clips, damage):
    dataset.write(tmp_path / "set", clips, 16000)
    damage(tmp_path / "set")
    with pytest.raises(UserError, match="damaged"):
        Dataset.open(tmp_path / "set")


def test_a_dataset_that_cannot_be_replaced_stays(tmp_path, clips, monkeypatch):
    kept = dataset.write(tmp_path / "set", clips, 16000).digest
    rename = os.rename

    def refuse(source, target):
        if str(source).endswith(".part"):
            raise PermissionError(source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(PermissionError):
        dataset.write(tmp_path / "set", clips[:1], 16000, overwrite=True)
    assert Dataset.open(tmp_path / "set").digest == kept
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_another_format_is_told(tmp_path, clips):
    dataset.write(tmp_path / "set", clips, 16000)
    head = json.loads((tmp_path / "set" / "dataset.json").read_text())
    (tmp_path / "set" / "dataset.json").write_text(json.dumps({**head, "format": 2}))
    with pytest.raises(UserError, match="format 2"):
        Dataset.open(tmp_path / "set")


def test_what_is_no_dataset_is_told(tmp_path):
    with pytest.raises(UserError, match="There is no dataset"):
        Dataset.open(tmp_path / "set")
    with pytest.raises(UserError, match="is not a dataset"):
        Dataset.open(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is not a dataset"):
        Dataset.open(tmp_path / "file")


def test_every_clip_has_the_path_that_it_came_from(tmp_path):
    written = dataset.write(tmp_path / "dataset", np.zeros((3, 1, 16384), np.float32), 16000)
    assert written.sources() == ["0", "1", "2"]
    for text, words in (("{}\n" * 3, "is unreadable"), ('{"source": "0"}\n', "does not match")):
        (written.path / "clips.jsonl").write_text(text)
        with pytest.raises(UserError, match=words):
            written.sources()
