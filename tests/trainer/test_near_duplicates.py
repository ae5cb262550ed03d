"""Which clips count as the same sound: copies of all kinds, and drums of sampled kits where they are installed."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from trainer import near_duplicates
from trainer.audio_files import decode
from trainer.checkup import STEPS_PER_DB, fingerprint
from trainer.converting import convert
from trainer.cutting import one_shot
from trainer.near_duplicates import ALIKE, groups

RATE = 44100
KITS = Path("/usr/share/hydrogen/data/drumkits")


def fingerprint_of(audio, rate=RATE):
    (clip,) = one_shot(iter([audio.reshape(len(audio), -1)]), rate, 32768)
    return np.frombuffer(fingerprint(clip.samples, rate), np.uint8)


def groups_of(*sounds):
    return groups(np.stack([fingerprint_of(sound) for sound in sounds])).tolist()


def through(format, sound):
    file = io.BytesIO()
    soundfile.write(file, sound, RATE, format=format)
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


def copies(sound):
    noise = np.random.default_rng(0).normal(0, 1, len(sound)).astype(np.float32)
    up = soxr.resample(sound, RATE, 48000)
    return {
        "much quieter": sound * 0.03,
        "a little noise": sound + 0.001 * noise,
        "to 48 kHz and back": soxr.resample(up, 48000, RATE),
        "turned over": -sound,
        "later": np.concatenate([np.zeros(3000, np.float32), sound]),
        "8 bits": np.round(sound * 127) / 127,
        "MP3": through("MP3", sound),
        "Ogg": through("OGG", sound),
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_copies_are_one_sound_and_other_drums_are_not(drum, seed):
    sound = drum(seed)
    altered = copies(sound)
    found = groups_of(sound, drum(seed + 100), *altered.values())
    assert found[1] == 1
    assert dict(zip(altered, found[2:], strict=True)) == dict.fromkeys(altered, 0)


def test_strokes_of_one_drum_are_one_sound(drum):
    found = groups_of(*(drum(seed, stroke=stroke) for seed in (5, 6) for stroke in range(4)))
    assert found == [0] * 4 + [4] * 4


def test_many_different_drums_are_as_many_sounds(drum):
    assert groups_of(*map(drum, range(40))) == list(range(40))


def test_notes_a_tone_apart_are_different_sounds(strike):
    notes = [
        sum(strike(0.7, pitch=220 * 2 ** (step / 6) * part, peak=0.3 / part) for part in (1, 2, 3)) for step in range(6)
    ]
    assert groups_of(*notes) == list(range(6))


def random_fingerprints(count):
    """Some of them near others, in chains."""
    random = np.random.default_rng(7)
    prints = random.integers(0, 101, (count, 64)).astype(np.uint8)
    prints[random.random(prints.shape) < 0.3] = 0
    for index in range(0, count, 3):
        near = prints[random.integers(count)].astype(int) + random.integers(-9, 10, 64)
        prints[index] = np.clip(near, 0, 100)
    return prints


def slowly(prints):
    """The same by the definition: distances one by one, and chains followed one by one."""
    levels = prints.astype(float) / STEPS_PER_DB
    group = list(range(len(prints)))

    def alike(first, second):
        either = (prints[first] > 0) | (prints[second] > 0)
        return ((levels[first] - levels[second]) ** 2)[either].mean() < ALIKE**2

    for first in range(len(prints)):
        for second in range(first):
            if alike(first, second):
                ends = sorted((group[first], group[second]))
                group = [ends[0] if number == ends[1] else number for number in group]
    return group


@pytest.mark.parametrize("entries", [1, 300, 10**6])
def test_groups_by_their_definition_whatever_fits_in_memory(monkeypatch, entries):
    monkeypatch.setattr(near_duplicates, "ENTRIES_AT_ONCE", entries)
    prints = random_fingerprints(90)
    expected = slowly(prints)
    assert 30 < len(set(expected)) < 85
    assert groups(prints).tolist() == expected


def test_thousands_of_copies_are_one_sound():
    prints = np.repeat(random_fingerprints(2), 2000, axis=0)
    assert groups(prints).tolist() == [0] * 2000 + [2000] * 2000


def test_one_clip_is_one_sound():
    assert groups(random_fingerprints(1)).tolist() == [0]


def layers(kit):
    """The files of each of a Hydrogen kit's drums: its velocity layers."""
    tree = ElementTree.parse(kit / "drumkit.xml")
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    of_drum = defaultdict(set)
    for drum in tree.iter("instrument"):
        of_drum[drum.findtext("name")] |= {layer.findtext("filename") for layer in drum.iter("layer")}
    return [sorted(files) for files in of_drum.values() if files]


@pytest.mark.parametrize("name", ["Gimme A Hand 1.0", "The Black Pearl 1.0"])
def test_layers_of_sampled_drums(name):
    kit = KITS / name
    if not kit.exists():
        pytest.skip("hydrogen-drumkits are not installed")
    drums = [(drum, file) for drum, files in enumerate(layers(kit)) for file in files]
    sounds = [np.concatenate([b.copy() for b in convert(decode(str(kit / file)), RATE, 1)]) for _, file in drums]
    found = np.array(groups_of(*sounds))
    drum = np.array([drum for drum, _ in drums])
    same = (found[:, np.newaxis] == found) & ~np.eye(len(found), dtype=bool)
    assert (same & (drum[:, np.newaxis] == drum)).any(axis=1).mean() > 0.75
    assert (same & (drum[:, np.newaxis] != drum)).any(axis=1).mean() < 0.25
