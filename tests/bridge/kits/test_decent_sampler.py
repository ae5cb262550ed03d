"""DecentSampler maps, held against the player's guide: which elements there are, their attributes and values.

The player itself cannot be run without a screen. The tables are from its developers' guide, the pages `introduction`,
`the-groups-element`, `the-effects-element` and `topic-how-to-do-voice-muting-for-drums` of
https://decentsampler-developers-guide.readthedocs.io/en/latest/, and so are the checks of `topic-validate-preset`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from kit_presets import EVERYTHING, kit_of, load, zone

from bridge.kits import decent_sampler
from bridge.kits.export import export
from bridge.kits.kit import take_apart
from engine.data import bundled_presets
from engine.preset import Preset

Check = Callable[[str], bool]


def number(low: float, high: float) -> Check:
    return lambda text: re.fullmatch(r"-?\d+(\.\d+)?", text) is not None and low <= float(text) <= high


def whole(low: int, high: int) -> Check:
    return lambda text: text.isdigit() and low <= int(text) <= high


def one_of(*words: str) -> Check:
    return lambda text: text in words


def volume(text: str) -> bool:
    """Linear, 0 to 1, or in decibels with "dB" behind it."""
    return number(0, 1)(text) or (text.endswith("dB") and number(-99, 99)(text.removesuffix("dB")))


def tags(text: str) -> bool:
    return all(re.fullmatch(r"[\w-]+", tag) for tag in text.split(","))


LONG = 1e9
FRAMES = whole(0, 10**9)
KEY, VELOCITY = whole(0, 127), whole(0, 127)
SWITCH = one_of("true", "false")
# What the guide lets stand at a sample and, "can also be set at", at a group.
SHARED: dict[str, Check] = {
    "tags": tags,
    "volume": volume,
    "pan": number(-100, 100),
    "pitchKeyTrack": number(0, 1),
    "glideTime": number(0, LONG),
    "glideMode": one_of("always", "legato", "off"),
    "trigger": one_of("attack", "release", "first", "legato", "continuous"),
    "attack": number(0, LONG),
    "decay": number(0, LONG),
    "sustain": number(0, 1),
    "release": number(0, LONG),
    "attackCurve": number(-100, 100),
    "decayCurve": number(-100, 100),
    "releaseCurve": number(-100, 100),
    "ampEnvEnabled": SWITCH,
    "loopCrossfade": FRAMES,
    "loopCrossfadeMode": one_of("linear", "equal_power"),
    "seqMode": one_of("random", "true_random", "round_robin", "always"),
    "seqLength": whole(0, 1000),
    "seqPosition": whole(1, 1000),
    "silencedByTags": tags,
    "silencingMode": one_of("fast", "normal"),
    "silencingDecay": number(0, LONG),
}
ATTRIBUTES: dict[str, dict[str, Check]] = {
    "DecentSampler": {
        "minVersion": lambda text: re.fullmatch(r"\d+(\.\d+)*", text) is not None,
        "limiterStyle": one_of("default", "brickwall"),
    },
    "groups": {"volume": volume, "globalTuning": number(-120, 120)},
    "group": {**SHARED, "enabled": SWITCH, "ampVelTrack": number(0, 1), "groupTuning": number(-120, 120)},
    "sample": {
        **SHARED,
        "path": lambda text: re.search(r"\.(wav|aiff?|flac)$", text) is not None,
        "rootNote": KEY,
        "loNote": KEY,
        "hiNote": KEY,
        "loVel": VELOCITY,
        "hiVel": VELOCITY,
        "start": FRAMES,
        "end": FRAMES,
        "tuning": number(-120, 120),
        "loopStart": FRAMES,
        "loopEnd": FRAMES,
        "loopEnabled": SWITCH,
    },
    "effects": {},
    "effect": {
        "type": one_of("lowpass", "lowpass_1pl", "bandpass", "highpass"),
        "resonance": number(0.001, 5),
        "frequency": number(0, 22000),
    },
}
REQUIRED = {"sample": {"path", "rootNote"}, "effect": {"type"}}
CHILDREN = {
    "DecentSampler": {"groups", "effects"},
    "groups": {"group"},
    "group": {"sample", "effects"},
    "sample": set(),
    "effects": {"effect"},
    "effect": set(),
}


def faults(path: Path) -> list[str]:
    """What in a .dspreset the guide does not have."""
    root = ElementTree.parse(path).getroot()
    found = [] if root.tag == "DecentSampler" else [f"the root is {root.tag}"]
    if len(root.findall("groups")) != 1:
        found.append("there is not one <groups>")
    for parent in root.iter():
        found += [
            f"<{child.tag}> in <{parent.tag}>" for child in parent if child.tag not in CHILDREN.get(parent.tag, set())
        ]
        found += [f"<{parent.tag}> without {name}" for name in REQUIRED.get(parent.tag, set()) - set(parent.attrib)]
        for name, value in parent.attrib.items():
            check = ATTRIBUTES.get(parent.tag, {}).get(name)
            if check is None or not check(value):
                found.append(f'<{parent.tag} {name}="{value}">')
    for sample in root.iter("sample"):
        folder, _, name = sample.attrib["path"].partition("/")
        if folder not in os.listdir(path.parent) or name not in os.listdir(path.parent / folder):
            found.append(f"no file {sample.attrib['path']}")
        for low, high in (("loNote", "hiNote"), ("loVel", "hiVel")):
            if float(sample.attrib[low]) > float(sample.attrib[high]):
                found.append(f"{low} above {high}")
    return found


@pytest.mark.parametrize("name", bundled_presets())
def test_each_bundled_preset_is_as_the_guide_has_it(name: str, tmp_path: Path) -> None:
    preset = Preset.open(name)
    export(preset, tmp_path / "kit", ["decentsampler"])
    path = tmp_path / "kit" / f"{preset.name}.dspreset"
    assert faults(path) == []
    assert len(list(ElementTree.parse(path).getroot().iter("sample"))) == len(take_apart(preset).regions)


def test_everything_that_a_zone_can_ask_for_is_as_the_guide_has_it(tmp_path: Path) -> None:
    _, folder = kit_of(tmp_path, EVERYTHING, channels=2)
    assert faults(folder / "Mine.dspreset") == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('loVel="1"', 'loVel="1.5"'),
        ("ampVelTrack", "velocityTrack"),
        ("<groups>", '<groups><knob x="1"/>'),
        ("-v1-r1.wav", "-V1-r1.wav"),
    ],
)
def test_that_check_sees_what_is_wrong(right: str, wrong: str, tmp_path: Path) -> None:
    _, folder = kit_of(tmp_path, zone())
    path = folder / "Mine.dspreset"
    text = path.read_text(encoding="utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), encoding="utf-8")
    assert faults(path) != []


def groups(folder: Path, text: str, **instrument: object) -> list[ElementTree.Element]:
    kit = take_apart(load(folder, text, **instrument))
    return list(ElementTree.fromstring(decent_sampler.text(kit).encode()).iter("group"))


def test_hats_silence_one_another_at_once(tmp_path: Path) -> None:
    (group,) = groups(tmp_path, zone("choke = 4"))
    assert group.attrib["silencedByTags"] == "choke-4"
    assert "choke-4" in group.attrib["tags"].split(",")
    assert float(group.attrib["silencingDecay"]) == 0.005


def test_a_zone_that_is_called_as_a_choke_group_is_none(tmp_path: Path) -> None:
    text = zone("choke = 1") + '\n[[zone]]\nname = "choke-1"\nkeys = "50"\nsource = "seeds"\n'
    hats, other = groups(tmp_path, text)
    assert hats.attrib["silencedByTags"] not in other.attrib["tags"].split(",")


def test_siblings_take_turns(tmp_path: Path) -> None:
    (group,) = groups(tmp_path, zone("siblings = 3", keys="36"))
    assert (group.attrib["seqMode"], group.attrib["seqLength"]) == ("round_robin", "3")
    assert [sample.attrib["seqPosition"] for sample in group] == ["1", "2", "3"]


def test_levels_make_up_for_the_players_own(tmp_path: Path) -> None:
    (group,) = groups(tmp_path, zone("gain_db = -4"))
    assert group.attrib["volume"] == "-0.97dB"  # -4 and the master's -6, and 9.03


def test_a_stereo_sounds_place_is_the_same_two_gains(tmp_path: Path) -> None:
    """The sampler turns the left down; the player turns one down and the other up, which the volume makes up for."""
    import math

    (group,) = groups(tmp_path, zone("pan = 0.5"), channels=2)
    angle = (float(group.attrib["pan"]) / 100 + 1) * math.pi / 4
    gain = 10 ** ((float(group.attrib["volume"].removesuffix("dB")) + 6 - decent_sampler.OWN_LEVEL_DB) / 20)
    assert gain * math.sqrt(2) * math.cos(angle) == pytest.approx(0.5, abs=1e-3)
    assert gain * math.sqrt(2) * math.sin(angle) == pytest.approx(1.0, abs=1e-3)


def test_loops_and_one_shots(tmp_path: Path) -> None:
    (looped,) = groups(tmp_path, zone('mode = "loop"', "loop_start = 0.25", "loop_end = 0.5", keys="36"))
    assert [looped[0].attrib[name] for name in ("loopEnabled", "loopStart", "loopEnd")] == ["true", "4096", "8191"]
    (struck,) = groups(tmp_path, zone(keys="36"))
    assert struck[0].attrib["loopEnabled"] == "false"
    assert float(struck.attrib["release"]) > 10 * 1.02


def test_a_filter_stands_in_its_group(tmp_path: Path) -> None:
    (group,) = groups(tmp_path, zone('filter = "high-pass"', "cutoff = 500", "resonance = 1"))
    (effect,) = group.iter("effect")
    assert effect.attrib == {"type": "highpass", "resonance": "5", "frequency": "500"}
