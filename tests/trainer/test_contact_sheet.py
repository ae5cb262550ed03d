"""The picture of a dataset: which clips are on it, and that their sounds can be seen."""

from __future__ import annotations

from collections import Counter

import matplotlib.image
import numpy as np
import pytest

from trainer import contact_sheet
from trainer.checkup import measure
from trainer.contact_sheet import CONTACT_SHEET, GAP, HEADING, HEARD, MARGIN, TITLE, WAVE, WIDTH, choose
from trainer.doctor import Examined, diagnose

RATE, FRAMES = 44100, 32768


def examine(clips, labels=None):
    measured = [measure(clip.T, RATE) for clip in clips]
    labels = labels or ["all"] * len(clips)
    return [
        Examined(f"audio/sound {index}.wav", 0.0, label, False, measures)
        for index, (label, measures) in enumerate(zip(labels, measured, strict=True))
    ]


def clips_of(drum, seeds, channels=1):
    clips = np.zeros((len(seeds), channels, FRAMES), np.float32)
    for clip, seed in zip(clips, seeds, strict=True):
        sound = drum(seed)
        clip[:, : len(sound)] = sound
    return clips


def chosen_of(examined):
    return choose(examined, diagnose(examined, FRAMES))


def draw(folder, clips, examined):
    contact_sheet.save(folder, clips, RATE, examined, diagnose(examined, FRAMES))
    picture = matplotlib.image.imread(folder / CONTACT_SHEET)
    return np.round(255 * picture[..., :3]).astype(int)


def test_no_two_clips_of_one_group(drum):
    seeds = [1, 2, 2, 3, 2, 1]
    assert chosen_of(examine(clips_of(drum, seeds))) == [0, 1, 3]


def test_labels_share_the_sheet_evenly(drum):
    clips = clips_of(drum, range(90))
    labels = ["many"] * 70 + ["some"] * 17 + ["few"] * 3
    chosen = chosen_of(examine(clips, labels))
    assert len(set(chosen)) == 48
    assert Counter(labels[index] for index in chosen) == {"few": 3, "some": 17, "many": 28}
    assert [labels[index] for index in chosen] == sorted(labels[index] for index in chosen)
    of_many = [index for index in chosen if labels[index] == "many"]
    assert max(np.diff(of_many)) <= 3


def test_more_labels_than_places(drum):
    clips = clips_of(drum, range(60))
    chosen = chosen_of(examine(clips, [f"label {index}" for index in range(60)]))
    assert len(set(chosen)) == 48


@pytest.mark.parametrize("channels", [1, 2])
def test_the_sounds_are_in_the_picture(tmp_path, channels):
    """A low and a high tone: where each is in its cell, and that the louder fills more of its waveform."""
    time = np.arange(FRAMES) / RATE
    clips = np.stack([0.9 * np.sin(2 * np.pi * 200 * time), 0.3 * np.sin(2 * np.pi * 5000 * time)])
    clips = np.repeat(clips[:, np.newaxis], channels, axis=1).astype(np.float32)
    picture = draw(tmp_path, clips, examine(clips))
    brightest, heights = [], []
    for column in range(2):
        left, top = MARGIN + column * (WIDTH + GAP), HEADING + TITLE
        wave = picture[top : top + WAVE, left : left + WIDTH]
        heights.append((wave[..., 0] > 128).mean())
        heard = picture[top + WAVE : top + WAVE + HEARD, left : left + WIDTH]
        assert heard.std() > 10
        brightest.append(int(heard.sum(axis=(1, 2)).argmax()))
    up = [HEARD * (1 - np.log(hertz / 40) / np.log(RATE / 2 / 40)) for hertz in (200, 5000)]
    assert brightest == pytest.approx(up, abs=3)
    assert heights == pytest.approx([0.9, 0.3], abs=0.06)


@pytest.mark.filterwarnings("error")
def test_one_clip_and_a_name_that_is_no_formula(tmp_path, drum):
    clips = clips_of(drum, [1])
    (about,) = examine(clips)
    odd = Examined("audio/$x_{$ \ufffd\n太鼓.wav", 0.0, "$", False, about.measures)
    picture = draw(tmp_path, clips, [odd])
    assert picture.shape[1] > picture.shape[0]
    title = picture[HEADING : HEADING + TITLE, MARGIN : MARGIN + WIDTH]
    assert title.std() > 10


def test_a_full_sheet_is_as_large_as_a_screen(tmp_path, drum):
    clips = clips_of(drum, range(60))
    picture = draw(tmp_path, clips, examine(clips, ["a", "b"] * 30))
    assert picture.shape[0] < 1100
    assert picture.shape[1] < 1800
    assert [path.name for path in tmp_path.iterdir()] == [CONTACT_SHEET]
