"""The DecentSampler map of a kit, as its guide has it (https://decentsampler-developers-guide.readthedocs.io)."""

from __future__ import annotations

from xml.etree import ElementTree

from bridge.kits.kit import ONE_SHOT, SAMPLES, Kit, KitZone
from bridge.kits.left_out import SHARPEST_DECENT_SAMPLER

SAYS = frozenset(["loud"])
# By its guide a sample in the middle comes out 9 dB lower than it is, where nothing compresses it ("brickwall").
OWN_LEVEL_DB = 9.03
CHOKE_SECONDS = 0.005  # the sampler's
# A one-shot's release, in lengths of its sample: it has fallen by less than 1 dB when the sample ends.
ONE_SHOT_RELEASE = 10.0
FILTERS = ("", "lowpass", "bandpass", "highpass")
HIGHEST_CUTOFF = 22000.0  # Hz


def text(kit: Kit) -> str:
    """The file, for the player that finds the samples in the folder Samples beside it."""
    root = ElementTree.Element("DecentSampler", limiterStyle="brickwall")
    groups = ElementTree.SubElement(root, "groups")
    for index, zone in enumerate(kit.zones):
        group = ElementTree.SubElement(groups, "group", _group(kit, zone))
        for region in kit.of_zone(index):
            low, high = region.keys
            ElementTree.SubElement(
                group,
                "sample",
                {
                    "path": f"{SAMPLES}/{region.sample.name}",
                    "rootNote": str(region.root),
                    "loNote": str(low),
                    "hiNote": str(high),
                    "loVel": str(region.sample.velocities[0]),
                    "hiVel": str(region.sample.velocities[1]),
                    **({"seqPosition": str(region.sample.sibling + 1)} if zone.zone.siblings > 1 else {}),
                    **_course(zone),
                },
            )
        if zone.get("filter") > 0:
            effects = ElementTree.SubElement(group, "effects")
            ElementTree.SubElement(effects, "effect", _filter(zone))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _number(value: float) -> str:
    return f"{round(value, 4):g}"


def _group(kit: Kit, zone: KitZone) -> dict[str, str]:
    one_shot = zone.mode == ONE_SHOT
    release = ONE_SHOT_RELEASE * kit.preset.opened.seconds if one_shot else zone.get("release")
    values = {
        "tags": f"zone-{zone.stem}",  # so that no zone's name is a choke group's
        "volume": f"{_number(kit.gain_db(zone) + OWN_LEVEL_DB)}dB",
        "pan": _number(zone.placed()[0]),
        "groupTuning": _number(zone.get("tune")),
        "ampVelTrack": _number(zone.get("velocity_track")),
        "attack": _number(zone.attack),
        "attackCurve": "0",
        "decay": _number(zone.decay),
        "sustain": _number(zone.get("sustain")),
        "release": _number(release),
    }
    if one_shot:
        values["releaseCurve"] = "0"
    if choke := int(zone.get("choke")):
        values["tags"] += f",choke-{choke}"
        values |= {"silencedByTags": f"choke-{choke}", "silencingDecay": str(CHOKE_SECONDS)}
    if zone.zone.siblings > 1:
        values |= {"seqMode": "round_robin", "seqLength": str(zone.zone.siblings)}
    return values


def _course(zone: KitZone) -> dict[str, str]:
    """Where a sample begins and whether it loops; the crossfade is in the file."""
    start = {"start": str(zone.start)} if zone.start else {}
    if zone.loop is None:
        return {**start, "loopEnabled": "false"}
    return {**start, "loopEnabled": "true", "loopStart": str(zone.loop[0]), "loopEnd": str(zone.loop[1] - 1)}


def _filter(zone: KitZone) -> dict[str, str]:
    return {
        "type": FILTERS[int(zone.get("filter"))],
        "resonance": _number(min(zone.q, SHARPEST_DECENT_SAMPLER)),
        "frequency": _number(min(zone.get("cutoff"), HIGHEST_CUTOFF)),
    }
