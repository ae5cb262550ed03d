"""SFZ maps: read by sfzlint, which knows the opcodes of sfzformat.com, and played by sfizz."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit_presets import EVERYTHING, kit_of, load, zone
from sfz_player import play, regions
from sfzlint.parser import SFZValidatorConfig, validate

from bridge.kits import sfz
from bridge.kits.export import export
from bridge.kits.kit import take_apart
from engine.data import bundled_presets
from engine.offline import OfflineLoop
from engine.preset import Preset

Events = list[tuple[int, bytes]]


def difference_db(preset: Preset, path: Path, events: Events, rate: int, tail: float = 1.0) -> float:
    """The energy of what sfizz plays otherwise than the engine renders, relative to the engine's, in dB."""
    ours = OfflineLoop(preset, rate, 512).run(events, tail)
    theirs = play(path, events, len(ours), rate)
    assert np.sqrt(np.mean(ours**2)) > 1e-3  # there is something to compare
    return float(10 * np.log10(np.sum((ours - theirs) ** 2) / np.sum(ours**2)))


def notes(rate: int, keys: Sequence[int], seconds: float = 0.25, held: float = 0.2) -> Events:
    """A note on each key, one after another, with velocities that differ."""
    draw = random.Random(3)
    events = []
    for number, key in enumerate(keys):
        start = round(number * seconds * rate) + draw.randrange(100)
        events += [(start, bytes((0x90, key, draw.randrange(10, 128))))]
        events += [(start + round(held * rate), bytes((0x80, key, 64)))]
    return sorted(events)


def drum_pattern(rate: int, strokes: int = 48, hats: int = 2) -> Events:
    """Kick, snares, toms and cymbals in many strengths, and every hat as often as it has siblings.

    A third stroke of a hat is a new sound in the engine and the first again in a kit, as the kit says.
    """
    draw = random.Random(1)
    events: Events = []
    left = {42: hats, 44: hats, 46: hats}
    for number in range(strokes):
        frame = round(number * 0.11 * rate) + draw.randrange(300)
        events.append((frame, bytes((0x90, draw.choice([36, 38, 39, 45, 49, 51]), draw.randrange(20, 128)))))
        hat = draw.choice(list(left))
        if number % 5 == 0 and left[hat]:
            left[hat] -= 1
            events.append((frame + 50, bytes((0x90, hat, draw.randrange(20, 128)))))
    assert sum(left.values()) < 3 * hats
    return sorted(events)


# ——— read ———


def problems(path: Path) -> list[str]:
    """What sfzlint has to say of a file; it looks for the samples too."""
    found: list[str] = []
    validate(
        path, lambda kind, words, token, file: found.append(f"{token}: {words}"), SFZValidatorConfig(file_path=path)
    )
    return found


@pytest.mark.parametrize("name", bundled_presets())
def test_sfzlint_and_sfizz_understand_each_bundled_preset(name: str, tmp_path: Path) -> None:
    preset = Preset.open(name)
    export(preset, tmp_path / "kit", ["sfz"])
    path = tmp_path / "kit" / f"{preset.name}.sfz"
    assert problems(path) == []
    kit, seen = take_apart(preset), regions(path)
    assert len(seen) == len(kit.regions)
    for region, row in zip(kit.regions, seen, strict=True):
        zone = kit.zones[region.sample.zone]
        assert row["sample_id"] == f"Samples/{region.sample.name}"
        assert (row["lokey"], row["hikey"], row["pitch_keycenter"]) == (*region.keys, region.root)
        low, high = region.sample.velocities if zone.zone.layers > 1 else (0, 127)
        assert row["lovel"] == pytest.approx(low / 127)
        assert high / 127 <= float(str(row["hivel"])) < (high + 1) / 127 + 1e-6  # sfizz ends it before the next step
        assert row["volume"] == pytest.approx(kit.gain_db(zone), abs=1e-3)
        if zone.loop:
            assert (row["loop_start"], row["loop_end"]) == (zone.loop[0], zone.loop[1] - 1)


def test_sfzlint_understands_everything_that_a_zone_can_ask_for(tmp_path: Path) -> None:
    preset, folder = kit_of(tmp_path, EVERYTHING)
    path = folder / "Mine.sfz"
    assert problems(path) == []
    rows = regions(path)
    assert len(rows) == 4 * 3 * 2 + 2 * 2  # keys × layers × siblings, and two runs of keys × siblings
    first = rows[0]
    assert (first["transpose"], first["tune"]) == (1, 25)
    assert first["pitch_random"] == 10
    assert first["offset"] == 1638
    text = path.read_text(encoding="utf-8")
    for opcodes in (
        "group=3 off_by=3",
        "ampeg_hold=0.02",
        "fil_type=lpf_2p",
        "fileg_depth=2400",
        "lochan=2",
        "bend_up=700",
    ):
        assert opcodes in text
    assert preset.name in text


def test_a_line_break_in_a_presets_text_does_not_become_an_opcode(tmp_path: Path) -> None:
    text = zone().replace('about = "A test."', 'about = "A\\n<region>key=1\\nsample=no.wav"')
    _, folder = kit_of(tmp_path, text)
    assert len(regions(folder / "Mine.sfz")) == 4


@pytest.mark.parametrize("exponent", [0.25, 0.9, 1.5, 4])
def test_the_velocity_curve_is_the_samplers(exponent: float) -> None:
    points = sfz.velocity_curve(exponent)
    velocities = np.arange(1, 128)
    read = np.interp(velocities, *zip(*points, strict=True))
    assert np.allclose(read, (velocities / 127) ** exponent, rtol=sfz.CURVE_ERROR, atol=0)
    assert len(points) < 127


# ——— played ———


@pytest.mark.parametrize("rate", [44100, 48000])
def test_a_drum_pattern_sounds_as_the_engine_renders_it(rate: int, tmp_path: Path) -> None:
    preset = Preset.open("drums")
    export(preset, tmp_path / "kit", ["sfz"])
    assert difference_db(preset, tmp_path / "kit" / "Drums.sfz", drum_pattern(rate), rate) < -40


@pytest.mark.parametrize("name", sorted(set(bundled_presets()) - {"drums"}))
def test_held_notes_of_each_bundled_preset_sound_as_the_engine_renders_them(name: str, tmp_path: Path) -> None:
    """At pitch and above, round their loops, with attack and filter as they stand."""
    preset = Preset.open(name)
    export(preset, tmp_path / "kit", ["sfz"])
    held = [(0, bytes((0x90, 60, 110))), (44100, bytes((0x90, 67, 60)))]
    assert difference_db(preset, tmp_path / "kit" / f"{preset.name}.sfz", held, 44100, tail=3) < -45


def test_that_comparison_hears_what_is_wrong(tmp_path: Path) -> None:
    preset = Preset.open("drums")
    export(preset, tmp_path / "kit", ["sfz"])
    path = tmp_path / "kit" / "Drums.sfz"
    text = path.read_text(encoding="utf-8")
    pattern = drum_pattern(44100)
    for right, wrong in (("volume=-6", "volume=-5.7"), (" hivel=85", " hivel=80"), ("pan=20", "pan=-20")):
        assert right in text
        path.write_text(text.replace(right, wrong), encoding="utf-8")
        assert difference_db(preset, path, pattern, 44100) > -40, wrong


def test_hats_of_a_choke_group_end_one_another(tmp_path: Path) -> None:
    """sfizz fades what is choked for 25 ms, the engine for 5."""
    preset = Preset.open("drums")
    export(preset, tmp_path / "kit", ["sfz"])
    path = tmp_path / "kit" / "Drums.sfz"
    struck = [(100, bytes((0x90, 46, 120))), (4000, bytes((0x90, 42, 60)))]
    apart = difference_db(preset, path, struck, 44100)
    assert apart < -20
    path.write_text(path.read_text(encoding="utf-8").replace("off_by=1", "off_by=2"), encoding="utf-8")
    assert difference_db(preset, path, struck, 44100) > apart + 10


@pytest.mark.parametrize(
    ("lines", "source", "channels"),
    [
        (["gain_db = -3", "velocity_curve = 0.7", "velocity_track = 0.6"], 'source = "seeds"', 1),
        (["layers = 3", 'velocity_to = "mutate"'], 'source = "seeds"', 1),
        (["siblings = 3", "spread = 0.5"], 'source = "seeds"', 1),
        (["pan = 0.4"], 'source = "seeds"', 1),
        (["pan = 0.4"], 'source = "seeds"', 2),
        (["pan = -1"], 'source = "seeds"', 2),
        (["start = 0.3", "reverse = true"], 'source = "seeds"', 1),
        (["attack = 0.05", "hold = 0.05"], 'source = "seeds"', 1),
        (["tune = -0.5"], 'source = "seeds"', 1),
        ([], 'source = "chromatic"\nroot = 40', 2),
    ],
    ids=["velocity", "layers", "siblings", "pan", "stereo pan", "hard left", "reverse", "attack", "tune", "chromatic"],
)
def test_one_shots_sound_as_the_engine_renders_them(
    lines: list[str], source: str, channels: int, tmp_path: Path
) -> None:
    preset, folder = kit_of(tmp_path, zone('mode = "one-shot"', *lines, source=source), channels=channels)
    events = notes(16000, [36, 37, 38, 39, 36, 36, 37, 36])
    assert difference_db(preset, folder / "Mine.sfz", events, 16000) < -40


@pytest.mark.parametrize("lines", [[], ["reverse = true"], ["loop_crossfade = 0.01"], ["start = 0.9"]], ids=str)
def test_loops_go_round_as_the_engine_has_them(lines: list[str], tmp_path: Path) -> None:
    preset, folder = kit_of(tmp_path, zone('mode = "loop"', "loop_start = 0.4", "loop_end = 0.7", *lines))
    held = [(0, bytes((0x90, 36, 127))), (16000, bytes((0x90, 38, 90)))]
    assert difference_db(preset, folder / "Mine.sfz", held, 16000, tail=4) < -40


def test_a_release_lasts_about_as_long_as_the_engines(tmp_path: Path) -> None:
    preset, folder = kit_of(tmp_path, zone('mode = "loop"', "release = 0.5"))
    struck = [(0, bytes((0x90, 36, 127))), (8000, bytes((0x80, 36, 64)))]
    ours = OfflineLoop(preset, 16000, 512).run(struck, 1.0)
    theirs = play(folder / "Mine.sfz", struck, len(ours), 16000)
    for start in (8000, 9600, 11200):  # the first 0.3 s of it
        levels = [np.sqrt(np.mean(audio[start : start + 800] ** 2)) for audio in (ours, theirs)]
        assert abs(20 * np.log10(levels[1] / levels[0])) < 3


def test_gain_beyond_what_sfz_has_is_told(tmp_path: Path) -> None:
    from bridge.kits.left_out import left_out

    preset = load(tmp_path, zone("gain_db = 12").replace("\n[[zone]]", "\n[play]\nmaster_gain_db = 0\n\n[[zone]]"))
    kit = take_apart(preset)
    assert "gain above 6 dB" in left_out(kit, sfz.SAYS)
    assert "volume=6\n" in sfz.text(kit)
    assert "gain above 6 dB" not in left_out(take_apart(replace(preset, play={"master_gain_db": -6.0})), sfz.SAYS)
